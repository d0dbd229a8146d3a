import {
  concatBytes,
  ENGINE_ERROR,
  EngineApiError,
  type ExecutionClient,
  type ExecutionPayload,
  type ExecutionPayloadEnvelope,
  extraDataOf,
  type ForkchoiceState,
  type ForkchoiceUpdatedResult,
  type Hash,
  type Hex,
  hexToBytes,
  isForkActive,
  keccak256Hex,
  type L2BlockSelector,
  type PayloadAttributes,
  type PayloadId,
  type PayloadStatus,
  payloadBlockHash,
  type RollupConfig,
  ZERO_HASH,
} from '@keelson/protocol'

/** The Engine API method names that a test can make fail. */
export type FakeCall = 'forkchoiceUpdated' | 'buildStart' | 'getPayload' | 'newPayload' | 'getBlock'

const VALID = (hash: Hash | null): PayloadStatus => ({ status: 'VALID', latestValidHash: hash, validationError: null })
const INVALID = (reason: string): PayloadStatus => ({
  status: 'INVALID',
  latestValidHash: null,
  validationError: reason,
})
const SYNCING: PayloadStatus = { status: 'SYNCING', latestValidHash: null, validationError: null }

/**
 * An engine with a chain but without an EVM: blocks are hashed as real ones, their state root is a hash of their
 * transactions. Enough for everything that moves heads.
 */
export class FakeEngine implements ExecutionClient {
  readonly config: RollupConfig
  /** Every call with attributes, forkchoice or payload, in order. */
  readonly calls: { call: FakeCall; detail: unknown }[] = []
  /** What the next blocks take from the pool, unless the attributes forbid it. */
  pool: Uint8Array[] = []
  /** A block with a transaction for which this says yes is invalid; `buildStart` says so already when told to. */
  isInvalidTransaction: (tx: Uint8Array) => boolean = () => false
  invalidAt: 'buildStart' | 'newPayload' = 'newPayload'
  /** Answer `SYNCING` to everything that is not known, as an engine that syncs by itself. */
  syncing = false
  readonly #blocks = new Map<Hash, ExecutionPayloadEnvelope>()
  readonly #jobs = new Map<PayloadId, ExecutionPayloadEnvelope>()
  readonly #failures = new Map<FakeCall, unknown[]>()
  #jobCount = 0
  #head: Hash
  #safe: Hash = ZERO_HASH
  #finalized: Hash = ZERO_HASH

  constructor(options: { config: RollupConfig; genesis: ExecutionPayloadEnvelope }) {
    this.config = options.config
    this.#head = options.genesis.executionPayload.blockHash
    this.#blocks.set(this.#head, options.genesis)
  }

  /** Makes the next call of this kind reject, once for each error. */
  failNext(call: FakeCall, ...errors: unknown[]): void {
    this.#failures.set(call, [...(this.#failures.get(call) ?? []), ...errors])
  }

  get labels(): { head: Hash; safe: Hash; finalized: Hash } {
    return { head: this.#head, safe: this.#safe, finalized: this.#finalized }
  }

  /** Stores a block without making it part of the canonical chain. */
  store(envelope: ExecutionPayloadEnvelope): void {
    this.#blocks.set(envelope.executionPayload.blockHash, envelope)
  }

  /** Loses every block above `hash`, as an engine that was killed before it wrote them. */
  forgetAbove(hash: Hash): void {
    const { blockNumber } = (this.#blocks.get(hash) as ExecutionPayloadEnvelope).executionPayload
    for (const [other, { executionPayload }] of this.#blocks) {
      if (executionPayload.blockNumber > blockNumber) this.#blocks.delete(other)
    }
    this.#jobs.clear()
    this.#head = hash
  }

  /** Sets the labels as if an earlier run had left them. */
  setLabels(labels: { head: Hash; safe?: Hash; finalized?: Hash }): void {
    this.#head = labels.head
    this.#safe = labels.safe ?? ZERO_HASH
    this.#finalized = labels.finalized ?? ZERO_HASH
  }

  /** Builds a block without the engine's bookkeeping. */
  makeBlock(parent: ExecutionPayload, attributes: PayloadAttributes): ExecutionPayloadEnvelope {
    const { timestamp } = attributes
    const transactions = [...attributes.transactions, ...(attributes.noTxPool ? [] : this.pool)]
    const state = keccak256Hex(concatBytes(hexToBytes(parent.stateRoot), ...transactions))
    const isEcotone = isForkActive(this.config, 'ecotone', timestamp)
    const payload: ExecutionPayload = {
      parentHash: parent.blockHash,
      feeRecipient: attributes.suggestedFeeRecipient,
      stateRoot: state,
      receiptsRoot: keccak256Hex(hexToBytes(state)),
      logsBloom: `0x${'00'.repeat(256)}`,
      prevRandao: attributes.prevRandao,
      blockNumber: parent.blockNumber + 1n,
      gasLimit: attributes.gasLimit,
      gasUsed: BigInt(transactions.length) * 21_000n,
      timestamp,
      extraData: extraDataOf(this.config, attributes),
      baseFeePerGas: 1_000_000n,
      blockHash: ZERO_HASH,
      transactions,
      ...(attributes.withdrawals && { withdrawals: [] }),
      ...(isEcotone && { blobGasUsed: 0n, excessBlobGas: 0n }),
      ...(isForkActive(this.config, 'isthmus', timestamp) && { withdrawalsRoot: keccak256Hex(hexToBytes(state)) }),
    }
    const root = attributes.parentBeaconBlockRoot
    const envelope = { executionPayload: payload, ...(root ? { parentBeaconBlockRoot: root } : {}) }
    return { ...envelope, executionPayload: { ...payload, blockHash: payloadBlockHash(envelope) } }
  }

  async forkchoiceUpdated(
    state: ForkchoiceState,
    attributes: PayloadAttributes | null,
  ): Promise<ForkchoiceUpdatedResult> {
    const call = attributes ? 'buildStart' : 'forkchoiceUpdated'
    this.calls.push({ call, detail: attributes ? { state, attributes } : state })
    this.#maybeFail(call)
    const head = this.#blocks.get(state.headBlockHash)
    if (!head) return { payloadStatus: SYNCING, payloadId: null }
    for (const hash of [state.safeBlockHash, state.finalizedBlockHash]) {
      if (hash !== ZERO_HASH && !this.#isAncestor(hash, state.headBlockHash)) {
        throw new EngineApiError(ENGINE_ERROR.invalidForkchoiceState, `block ${hash} is not an ancestor of the head`)
      }
    }
    this.#head = state.headBlockHash
    this.#safe = state.safeBlockHash
    this.#finalized = state.finalizedBlockHash
    if (!attributes) return { payloadStatus: VALID(state.headBlockHash), payloadId: null }
    if (attributes.timestamp <= head.executionPayload.timestamp) {
      throw new EngineApiError(ENGINE_ERROR.invalidPayloadAttributes, 'timestamp is not above the parent')
    }
    if (this.invalidAt === 'buildStart' && attributes.transactions.some((tx) => this.isInvalidTransaction(tx))) {
      return { payloadStatus: INVALID('a forced transaction is invalid'), payloadId: null }
    }
    this.#jobCount += 1
    const id: Hex = `0x${this.#jobCount.toString(16).padStart(16, '0')}`
    this.#jobs.set(id, this.makeBlock(head.executionPayload, attributes))
    return { payloadStatus: VALID(state.headBlockHash), payloadId: id }
  }

  async getPayload(id: PayloadId): Promise<ExecutionPayloadEnvelope> {
    this.calls.push({ call: 'getPayload', detail: id })
    this.#maybeFail('getPayload')
    const envelope = this.#jobs.get(id)
    if (!envelope) throw new EngineApiError(ENGINE_ERROR.unknownPayload, `unknown payload ${id}`)
    return envelope
  }

  async newPayload(envelope: ExecutionPayloadEnvelope): Promise<PayloadStatus> {
    const { executionPayload: payload } = envelope
    this.calls.push({ call: 'newPayload', detail: payload.blockHash })
    this.#maybeFail('newPayload')
    if (payloadBlockHash(envelope) !== payload.blockHash) {
      return { status: 'INVALID_BLOCK_HASH', latestValidHash: null, validationError: 'block hash does not match' }
    }
    if (!this.#blocks.has(payload.parentHash)) return SYNCING
    if (payload.transactions.some((tx) => this.isInvalidTransaction(tx))) return INVALID('a transaction is invalid')
    this.store(envelope)
    return VALID(payload.blockHash)
  }

  async getChainId(): Promise<bigint> {
    return this.config.l2ChainId
  }

  async getBlock(selector: L2BlockSelector): Promise<ExecutionPayloadEnvelope | null> {
    this.#maybeFail('getBlock')
    if (selector === 'unsafe') return this.#blocks.get(this.#head) ?? null
    if (selector === 'safe') return this.#blocks.get(this.#safe) ?? null
    if (selector === 'finalized') return this.#blocks.get(this.#finalized) ?? null
    if ('hash' in selector) return this.#blocks.get(selector.hash) ?? null
    let block = this.#blocks.get(this.#head)
    if (!block || selector.number > block.executionPayload.blockNumber) return null
    while (block && block.executionPayload.blockNumber > selector.number) {
      block = this.#blocks.get(block.executionPayload.parentHash)
    }
    return block ?? null
  }

  async getProof(): Promise<null> {
    return null
  }

  #isAncestor(hash: Hash, of: Hash): boolean {
    for (let block = this.#blocks.get(of); block; block = this.#blocks.get(block.executionPayload.parentHash)) {
      if (block.executionPayload.blockHash === hash) return true
    }
    return false
  }

  #maybeFail(call: FakeCall): void {
    const errors = this.#failures.get(call)
    if (!errors?.length) return
    throw errors.shift()
  }
}
