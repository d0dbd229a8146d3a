import { createDerivationPipeline, type DerivationPipeline } from '@keelson/derive'
import { MemoryL2 } from '@keelson/derive/testing'
import { type BlobCrypto, createBeaconClient, createL1Client, createTxManager, privateKeySigner } from '@keelson/l1'
import { ANVIL_KEYS, type Anvil, scriptedRpc, startAnvil } from '@keelson/l1/testing'
import {
  blockHeaderOf,
  bytesToHex,
  decodeRpcTransaction,
  type ExecutionPayloadEnvelope,
  type Hex,
  headerToJson,
  type L1BlockRef,
  type L2BlockRef,
  payloadToL2BlockRef,
  quantityToHex,
  type RollupConfig,
  type SyncStatus,
  syncStatusToJson,
  type TimedFork,
  ZERO_L1_BLOCK_REF,
} from '@keelson/protocol'
import { forksUpTo, testEnvelope, testRollupConfig, testSystemConfig, testTx } from '@keelson/protocol/testing'
import type { Logger, RpcClient } from '@keelson/service'
import { type Batcher, type BatcherOptions, createBatcher } from '../src/batcher.ts'

/** Seconds between L1 blocks, and between L2 blocks. */
const L1_SLOT = 4n
const L2_SLOT = 2n

/** A real L1 with a batcher on it; an L2 chain of made-up blocks; and derivation, which says what is safe. */
export class RollupWorld {
  readonly anvil: Anvil
  readonly config: RollupConfig
  readonly l1: ReturnType<typeof createL1Client>
  readonly blocks: ExecutionPayloadEnvelope[] = []
  readonly #crypto: BlobCrypto
  readonly #stops: (() => unknown)[] = []
  #pipeline: DerivationPipeline
  #derived: MemoryL2
  #isReset = false
  safe: L2BlockRef
  head: L1BlockRef

  private constructor(anvil: Anvil, config: RollupConfig, genesis: L1BlockRef, crypto: BlobCrypto) {
    this.anvil = anvil
    this.config = config
    this.head = genesis
    this.#crypto = crypto
    this.l1 = createL1Client({ rpc: anvil.rpc })
    this.#derived = new MemoryL2([this.#genesisBlock()])
    this.safe = this.#genesisRef()
    this.#pipeline = this.#newPipeline()
  }

  static async open(fork: TimedFork, crypto: BlobCrypto, overrides: Partial<RollupConfig> = {}): Promise<RollupWorld> {
    const anvil = await startAnvil(['--no-mining', '--hardfork', 'prague'])
    const genesis = await createL1Client({ rpc: anvil.rpc }).getBlockRefByNumber(0n)
    if (!genesis) throw new Error('anvil has no genesis')
    const base = testRollupConfig()
    const config = testRollupConfig({
      genesis: {
        ...base.genesis,
        l1: { hash: genesis.hash, number: 0n },
        l2Time: genesis.timestamp,
        systemConfig: testSystemConfig({ batcherAddress: privateKeySigner(ANVIL_KEYS[0]).address }),
      },
      blockTime: L2_SLOT,
      l1ChainId: 31_337n,
      forks: forksUpTo(fork),
      // Slots pass faster here than proofs are made.
      seqWindowSize: 3_600n,
      ...overrides,
    })
    return new RollupWorld(anvil, config, genesis, crypto)
  }

  #genesisRef(): L2BlockRef {
    const { l1, l2, l2Time } = this.config.genesis
    return { ...l2, parentHash: `0x${'00'.repeat(32)}`, timestamp: l2Time, l1Origin: l1, sequenceNumber: 0n }
  }

  #genesisBlock() {
    return { ref: this.#genesisRef(), systemConfig: this.config.genesis.systemConfig, transactions: [] }
  }

  #newPipeline(): DerivationPipeline {
    const { config, l1 } = this
    const blobs = createBeaconClient({ url: this.anvil.url, crypto: this.#crypto })
    const schedule = { fork: 'prague', time: 0n, target: 6n, max: 9n, baseFeeUpdateFraction: 5_007_716n }
    return createDerivationPipeline({
      config,
      l1,
      blobs,
      l2: this.#derived,
      l1Config: { chainId: 31_337n, blobSchedule: [schedule] },
    })
  }

  /** Mines an L1 block one slot after the last. */
  async mine(count = 1): Promise<L1BlockRef> {
    for (let i = 0; i < count; i++) {
      await this.anvil.rpc.request('evm_setNextBlockTimestamp', [quantityToHex(this.head.timestamp + L1_SLOT)])
      await this.anvil.mine()
      const head = await this.l1.getBlockRefByLabel('latest')
      if (head) this.head = head
    }
    return this.head
  }

  refOf = (envelope: ExecutionPayloadEnvelope): L2BlockRef =>
    payloadToL2BlockRef(this.config, envelope.executionPayload)

  get unsafe(): L2BlockRef {
    const last = this.blocks.at(-1)
    return last ? this.refOf(last) : this.#genesisRef()
  }

  /** The sequencer builds up to the L1 head's time; each block holds one transaction of `txBytes` random-looking bytes. */
  async sequence(txBytes = 40): Promise<void> {
    while (this.unsafe.timestamp + L2_SLOT <= this.head.timestamp) {
      const parent = this.unsafe
      const timestamp = parent.timestamp + L2_SLOT
      const next = await this.l1.getBlockRefByNumber(parent.l1Origin.number + 1n)
      const advances = next !== null && next.timestamp <= timestamp
      const l1Info = await this.l1.getBlockInfo(advances ? next.hash : parent.l1Origin.hash)
      if (!l1Info) throw new Error('the L1 origin is gone')
      const number = parent.number + 1n
      const noise = new Uint8Array(txBytes).map(
        (_, i) => Number((BigInt(i + 1) * (number + 7n) * 2_654_435_761n) >> 13n) & 0xff,
      )
      this.blocks.push(
        testEnvelope({
          config: this.config,
          l1Info,
          sequenceNumber: advances ? 0n : parent.sequenceNumber + 1n,
          transactions: [testTx({ chainId: this.config.l2ChainId, nonce: number, input: noise })],
          payload: { parentHash: parent.hash, blockNumber: number, timestamp },
        }),
      )
    }
  }

  /** Derives all that L1 holds by now; throws when a block comes out other than the sequencer built it. */
  async derive(): Promise<void> {
    if (!this.#isReset) await this.#pipeline.reset(this.safe)
    this.#isReset = true
    for (;;) {
      const pull = await this.#pipeline.step(this.safe)
      if (pull.status === 'drained') return
      if (pull.status !== 'ready') continue
      const expected = this.blocks[Number(this.safe.number)]
      if (!expected) throw new Error(`block ${this.safe.number + 1n} was derived but never sequenced`)
      const derived = pull.value.attributes.transactions.map(bytesToHex)
      const sequenced = expected.executionPayload.transactions.map(bytesToHex)
      if (derived.join() !== sequenced.join())
        throw new Error(`block ${this.safe.number + 1n} is derived otherwise than sequenced`)
      this.safe = this.#derived.build(pull.value, { hash: expected.executionPayload.blockHash })
    }
  }

  /** Derivation begins again at genesis, as after an L1 reorg. */
  restartDerivation(): void {
    this.#derived = new MemoryL2([this.#genesisBlock()])
    this.safe = this.#genesisRef()
    this.#pipeline = this.#newPipeline()
    this.#isReset = false
  }

  status(): SyncStatus {
    const currentL1 = this.#isReset ? (this.#pipeline.origin ?? ZERO_L1_BLOCK_REF) : ZERO_L1_BLOCK_REF
    const l2 = {
      unsafeL2: this.unsafe,
      crossUnsafeL2: this.unsafe,
      safeL2: this.safe,
      localSafeL2: this.safe,
      pendingSafeL2: this.safe,
      finalizedL2: this.safe,
    }
    return {
      currentL1,
      currentL1Finalized: currentL1,
      headL1: this.head,
      safeL1: this.head,
      finalizedL1: this.head,
      ...l2,
    }
  }

  readonly rollupRpc: RpcClient = scriptedRpc({ optimism_syncStatus: () => syncStatusToJson(this.status()) })
  readonly l2Rpc: RpcClient = scriptedRpc({
    eth_getBlockByNumber: (number: Hex) => {
      const envelope = this.blocks[Number(BigInt(number)) - 1]
      return envelope ? rpcBlockOf(envelope) : null
    },
    miner_setMaxDASize: () => true,
  })

  /** A batcher of the chain; give each its own account's transaction manager to model a restart. */
  batcher(options: Partial<BatcherOptions> = {}, log?: Logger): Batcher {
    const txs = createTxManager({
      rpc: this.anvil.rpc,
      signer: privateKeySigner(ANVIL_KEYS[0]),
      chainId: 31_337n,
      crypto: this.#crypto,
      numConfirmations: 1,
      receiptQueryIntervalMs: 10,
      resubmissionTimeoutMs: 60_000,
      ...(log ? { log } : {}),
    })
    const batcher = createBatcher({
      ...{ config: this.config, rollup: this.rollupRpc, l2: this.l2Rpc, txs, pollIntervalMs: 10 },
      ...(log ? { log } : {}),
      ...options,
      policy: { maxChannelDuration: 1n, ...options.policy },
    })
    this.#stops.push(
      () => txs.close(),
      () => batcher.close(),
    )
    return batcher
  }

  /** Transactions in anvil's pool. */
  async poolSize(): Promise<number> {
    const { pending } = await this.anvil.rpc.request<{ pending: string }>('txpool_status')
    return Number(pending)
  }

  /**
   * Lets time pass, slot by slot: L1 mines, the sequencer builds, derivation reads, until `done` holds.
   *
   * The batcher gets real time in each slot to prove and publish, since it speaks to a real server.
   */
  async run(batcher: Batcher, done: () => boolean, maxSlots = 200): Promise<void> {
    for (let slot = 0; slot < maxSlots; slot++) {
      await this.sequence()
      await new Promise((resolve) => setTimeout(resolve, 25))
      while (batcher.status().pendingTxs > 0 && (await this.poolSize()) === 0)
        await new Promise((resolve) => setTimeout(resolve, 10))
      await this.mine()
      await this.derive()
      if (done()) return
    }
    throw new Error(`not done after ${maxSlots} slots; safe ${this.safe.number}, unsafe ${this.unsafe.number}`)
  }

  async close(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop()
    await this.anvil.stop()
  }
}

/** The answer to `eth_getBlockByNumber(…, true)`. */
function rpcBlockOf(envelope: ExecutionPayloadEnvelope): unknown {
  const { executionPayload: payload } = envelope
  return {
    ...headerToJson(blockHeaderOf(envelope)),
    hash: payload.blockHash,
    transactions: payload.transactions.map(decodeRpcTransaction),
    withdrawals: [],
  }
}
