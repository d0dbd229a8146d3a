import {
  type AccountProof,
  type Address,
  computePayloadId,
  ENGINE_ERROR,
  EngineApiError,
  type ExecutionClient,
  type ExecutionPayloadEnvelope,
  envelopeOf,
  type ForkchoiceState,
  type ForkchoiceUpdatedResult,
  type Hash,
  type L2BlockSelector,
  type PayloadAttributes,
  type PayloadId,
  type PayloadStatus,
  ZERO_HASH,
} from '@keelson/protocol'
import { type Clock, type Logger, type MetricRegistry, nullLogger, nullMetrics, systemClock } from '@keelson/service'
import { openDatabase } from '#database'
import { prepareSenders } from '#senders'
import { type BuilderOptions, PayloadBuilder } from '../builder/payloadBuilder.ts'
import { Chain } from '../chain/chain.ts'
import type { StoredBlock } from '../chain/chainStore.ts'
import { createMemoryDatabase } from '../chain/memoryDatabase.ts'
import { SerialQueue } from '../chain/serialQueue.ts'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import type { GenesisJson } from '../genesis/genesisJson.ts'
import { type PoolOptions, TxPool } from '../pool/txPool.ts'
import { checkAttributes } from './attributesRules.ts'
import { createEngineMetrics, type EngineMetrics } from './metrics.ts'
import { PayloadImport } from './payloadImport.ts'
import { invalid, valid } from './payloadStatus.ts'

export type ExecutionEngineOptions = {
  /** op-geth's `genesis.json`. */
  readonly genesis: GenesisJson
  /** When the genesis file has no `config`. */
  readonly spec?: ChainSpec
  /** Folder for blocks, state and the pool's journal. Left out: everything is in memory. */
  readonly dataDir?: string
  /** Blocks below the head whose state is kept; left out: all of them (an archive). */
  readonly history?: bigint
  readonly builder?: BuilderOptions
  readonly pool?: PoolOptions
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: MetricRegistry
}

/** What `engine_getPayload` has beside the payload. */
export type BuiltPayload = { readonly envelope: ExecutionPayloadEnvelope; readonly blockValue: bigint }

/**
 * Opens the embedded engine: on disk in `dataDir`, else in memory.
 *
 * @throws {ChainError} `databaseUnusable`, `genesisMismatch`, `formatUnknown`
 * @throws {GenesisError} `badField`
 */
export async function createExecutionEngine(options: ExecutionEngineOptions): Promise<ExecutionEngine> {
  const { genesis, spec, dataDir, clock = systemClock, log = nullLogger, metrics = nullMetrics } = options
  const database = dataDir === undefined ? createMemoryDatabase() : openDatabase(dataDir)
  try {
    const chain = new Chain({
      genesis,
      ...(spec && { spec }),
      database,
      now: () => clock.now(),
      ...(options.history !== undefined && { history: options.history }),
      log,
    })
    const pool = new TxPool({ chain, clock, log, ...options.pool })
    await pool.open(dataDir)
    return new ExecutionEngine({ chain, pool, clock, log, metrics, builder: options.builder ?? {} })
  } catch (error) {
    await database.close()
    throw error
  }
}

type EngineParts = {
  readonly chain: Chain
  readonly pool: TxPool
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: MetricRegistry
  readonly builder: BuilderOptions
}

/**
 * An execution engine in this process: the Engine API as op-geth answers it, over a chain, a pool and a builder.
 *
 * Calls that move the chain run one after another; reads see the last one that ended.
 *
 * @see specs/protocol/exec-engine.md
 */
export class ExecutionEngine implements ExecutionClient {
  readonly chain: Chain
  readonly pool: TxPool
  readonly builder: PayloadBuilder
  readonly #import: PayloadImport
  readonly #queue = new SerialQueue()
  readonly #clock: Clock
  readonly #log: Logger
  readonly #metrics: EngineMetrics

  constructor({ chain, pool, clock, log, metrics, builder }: EngineParts) {
    this.chain = chain
    this.pool = pool
    this.#clock = clock
    this.#log = log
    this.#metrics = createEngineMetrics(metrics)
    this.#import = new PayloadImport(chain)
    this.builder = new PayloadBuilder({ chain, source: pool, clock, log, options: builder })
    this.#recordHead(chain.head)
  }

  forkchoiceUpdated(state: ForkchoiceState, attributes: PayloadAttributes | null): Promise<ForkchoiceUpdatedResult> {
    return this.#queue.run(() => this.#forkchoiceUpdated(state, attributes))
  }

  newPayload(envelope: ExecutionPayloadEnvelope): Promise<PayloadStatus> {
    return this.#queue.run(async () => {
      const start = this.#clock.now()
      const status = await this.#import.insert(envelope)
      const { blockNumber: number, blockHash: hash, transactions, gasUsed } = envelope.executionPayload
      this.#metrics.payloads.inc({ status: status.status })
      this.#metrics.importSeconds.observe((this.#clock.now() - start) / 1000)
      if (status.status === 'VALID') {
        this.#log.debug('Block inserted', { number, hash, txs: transactions.length, gasUsed })
      } else {
        this.#log.warn('Block not inserted', { number, hash, status: status.status, reason: status.validationError })
      }
      return status
    })
  }

  async getPayload(id: PayloadId): Promise<ExecutionPayloadEnvelope> {
    return (await this.getBuiltPayload(id)).envelope
  }

  /**
   * Ends the building of a payload and gives its best block, with what it is worth to the fee recipient.
   *
   * @throws {EngineApiError} -38001
   */
  async getBuiltPayload(id: PayloadId): Promise<BuiltPayload> {
    const job = this.builder.get(id)
    if (!job) throw new EngineApiError(ENGINE_ERROR.unknownPayload, 'Unknown payload')
    const start = this.#clock.now()
    const { commit, ...block } = await job.resolve()
    if (commit) this.#import.remember({ ...block, commit })
    this.#metrics.getPayloadSeconds.observe((this.#clock.now() - start) / 1000)
    return { envelope: envelopeOf(block.header, block.hash, block.transactions), blockValue: block.blockValue }
  }

  async getChainId(): Promise<bigint> {
    return this.chain.spec.chainId
  }

  async getBlock(selector: L2BlockSelector): Promise<ExecutionPayloadEnvelope | null> {
    const block = this.select(selector)
    return block && envelopeOf(block.header, block.hash, block.transactions)
  }

  async getProof(address: Address, keys: readonly Hash[], blockHash: Hash): Promise<AccountProof | null> {
    const header = this.chain.store.header(blockHash)
    return header && this.chain.stateOf(header).proveAccount(address.toLowerCase() as Address, keys)
  }

  /** A block by label, height (canonical) or hash (any branch). */
  select(selector: L2BlockSelector): StoredBlock | null {
    const { store } = this.chain
    if (selector === 'unsafe') return this.chain.head
    if (selector === 'safe' || selector === 'finalized') return store.block(store.labels[selector])
    if ('hash' in selector) return store.block(selector.hash)
    const hash = store.canonicalHash(selector.number)
    return hash && store.block(hash)
  }

  async close(): Promise<void> {
    await this.builder.close()
    await this.#queue.idle()
    await this.pool.close()
    await this.chain.close()
  }

  async #forkchoiceUpdated(
    state: ForkchoiceState,
    attributes: PayloadAttributes | null,
  ): Promise<ForkchoiceUpdatedResult> {
    const { headBlockHash } = state
    if (headBlockHash === ZERO_HASH) return { payloadStatus: invalid('head block hash is zero', null), payloadId: null }
    const head = this.chain.store.block(headBlockHash)
    if (!head || !this.chain.store.hasState(head.header.stateRoot)) {
      const payloadStatus = this.#import.statusOfUnknown(headBlockHash)
      this.#log.warn('Forkchoice names an unknown head', { hash: headBlockHash, status: payloadStatus.status })
      return { payloadStatus, payloadId: null }
    }
    this.#moveHeads(head, state)
    const payloadId = attributes && (await this.#startPayload(head, attributes))
    return { payloadStatus: valid(headBlockHash), payloadId }
  }

  /** Checks the whole state before anything moves. */
  #moveHeads(head: StoredBlock, { safeBlockHash, finalizedBlockHash }: ForkchoiceState): void {
    const { labels } = this.chain.store
    const finalized = this.#labelled('final', finalizedBlockHash, head.hash) ?? this.#kept(labels.finalized, head)
    const safe = this.#labelled('safe', safeBlockHash, head.hash) ?? this.#kept(labels.safe, head)
    const next = { head: head.hash, safe, finalized }
    if (next.head === labels.head && next.safe === labels.safe && next.finalized === labels.finalized) return
    const move = this.chain.moveHead(next)
    if (next.head === labels.head) return
    this.builder.stopStale(head)
    this.#recordHead(head)
    if (move.removed.length > 0) {
      this.#metrics.reorgs.inc()
      this.#log.warn('Chain reorganized', {
        number: head.header.number,
        hash: head.hash,
        dropped: move.removed.length,
        added: move.added.length,
      })
    }
  }

  /** A named safe or finalized block, or `null` when the caller names none. */
  #labelled(what: 'safe' | 'final', hash: Hash, head: Hash): Hash | null {
    if (hash === ZERO_HASH) return null
    if (!this.chain.store.hasBlock(hash)) {
      throw new EngineApiError(ENGINE_ERROR.invalidForkchoiceState, `${what} block not available in database`)
    }
    if (!this.chain.store.isAncestor(hash, head)) {
      throw new EngineApiError(ENGINE_ERROR.invalidForkchoiceState, `${what} block not in canonical chain`)
    }
    return hash
  }

  /** A label that is not named stays where it is, unless the reorg took its block away: then it falls to genesis. */
  #kept(label: Hash, head: StoredBlock): Hash {
    return this.chain.store.isAncestor(label, head.hash) ? label : this.chain.genesisHash
  }

  async #startPayload(head: StoredBlock, attributes: PayloadAttributes): Promise<PayloadId> {
    checkAttributes(this.chain.spec, head.header, attributes)
    const id = computePayloadId(head.hash, attributes)
    if (this.builder.has(id)) return id
    await prepareSenders(attributes.transactions ?? [])
    try {
      await this.builder.start(id, head, attributes)
    } catch (cause) {
      this.#log.error('Payload cannot be built', { id, parent: head.hash, err: cause })
      throw new EngineApiError(ENGINE_ERROR.invalidPayloadAttributes, (cause as Error).message, { cause })
    }
    return id
  }

  #recordHead({ header, hash }: StoredBlock): void {
    this.#metrics.headNumber.set(Number(header.number))
    this.#log.debug('Head moved', { number: header.number, hash })
  }
}
