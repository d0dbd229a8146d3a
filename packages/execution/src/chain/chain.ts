import { type ExecutionPayloadEnvelope, envelopeOf, type Hash } from '@keelson/protocol'
import { type Logger, nullLogger } from '@keelson/service'
import type { BlockHeader } from '../blockHeader.ts'
import { type ChainSpec, chainSpecFromGenesis } from '../genesis/chainSpec.ts'
import { genesisBlock } from '../genesis/genesisBlock.ts'
import type { GenesisJson } from '../genesis/genesisJson.ts'
import { createStateCache, type StateCache } from '../state/stateCache.ts'
import { StateError } from '../state/stateError.ts'
import { createStateReader, type TrieStateReader } from '../state/trieStateReader.ts'
import { createBlockExecutor } from '../transition/blockExecutor.ts'
import { attributesOfPayload, executePayload } from '../transition/executePayload.ts'
import type {
  BlockAttributes,
  BlockExecutor,
  BlockExecutorParts,
  BlockHashLookup,
  SealedBlock,
} from '../transition/types.ts'
import { createBreather } from './breather.ts'
import { ChainError } from './chainError.ts'
import { ChainStore, type HeadLabels, type HeadMove, type StoredBlock } from './chainStore.ts'
import type { Database } from './database.ts'

export type ChainParts = {
  readonly genesis: GenesisJson
  /** When the genesis file has no `config`. */
  readonly spec?: ChainSpec
  readonly database: Database
  readonly now?: () => number
  /** Blocks below the head whose state is kept; left out: all of them. */
  readonly history?: bigint
  readonly log?: Logger
}

/** Blocks between two runs of the pruner, at least. */
const MIN_PRUNE_PAUSE = 64n

export type HeadListener = (move: HeadMove) => void

/** A chain that can be read, executed on and moved: the store, the state at any block of it, and its heads. */
export class Chain {
  readonly spec: ChainSpec
  readonly genesisHash: Hash
  readonly store: ChainStore
  readonly #stateCache: StateCache = createStateCache()
  readonly #listeners = new Set<HeadListener>()
  readonly #now: () => number
  readonly #history: bigint | null
  readonly #log: Logger
  #prunedAt: bigint
  #pruning: Promise<void> = Promise.resolve()

  /**
   * Opens the chain in `database`, or begins it.
   *
   * @throws {ChainError} `genesisMismatch`, `formatUnknown`
   * @throws {GenesisError} `badField`
   */
  constructor(parts: ChainParts) {
    const { genesis, spec = chainSpecFromGenesis(genesis), database, now = () => performance.now() } = parts
    const block = genesisBlock(genesis, spec)
    this.spec = spec
    this.genesisHash = block.hash
    this.store = ChainStore.open(database, block)
    this.#now = now
    this.#history = parts.history ?? null
    this.#log = parts.log ?? nullLogger
    this.#prunedAt = this.head.header.number
  }

  /** The unsafe head. */
  get head(): StoredBlock {
    return this.need(this.store.labels.head)
  }

  /** @throws {ChainError} `blockMissing` */
  need(hash: Hash): StoredBlock {
    const block = this.store.block(hash)
    if (!block) throw new ChainError('blockMissing', { hash })
    return block
  }

  /**
   * The state after the block with this header.
   *
   * @throws {StateError} `nodeMissing` when it was pruned, although parts of it may still be in memory
   */
  stateOf(header: Pick<BlockHeader, 'stateRoot'>): TrieStateReader {
    if (!this.store.hasState(header.stateRoot)) {
      throw new StateError('nodeMissing', { hash: header.stateRoot, what: 'trie node' })
    }
    return createStateReader({ store: this.store.nodes, root: header.stateRoot, cache: this.#stateCache })
  }

  /** An executor for a new block on `parent`. */
  executorOn(
    parent: { readonly hash: Hash; readonly header: BlockHeader },
    attributes: BlockAttributes,
    options: Pick<BlockExecutorParts, 'tracerFor'> = {},
  ): BlockExecutor {
    return createBlockExecutor({ ...this.#partsOn(parent), attributes, ...options })
  }

  /**
   * Executes a whole block on its parent and checks that it says what came of it.
   *
   * @throws {ExecutionError} the block is invalid
   * @throws {StateError} the parent's state is not here
   */
  executeOn(parent: StoredBlock, envelope: ExecutionPayloadEnvelope): Promise<SealedBlock> {
    return executePayload({ ...this.#partsOn(parent), envelope, breathe: createBreather(this.#now) })
  }

  #partsOn(parent: { readonly hash: Hash; readonly header: BlockHeader }) {
    return {
      spec: this.spec,
      parent: parent.header,
      parentHash: parent.hash,
      reader: this.stateOf(parent.header),
      getBlockHash: this.ancestorsOf(parent.hash),
    }
  }

  /**
   * Executes a block again: all its transactions, or those before `upTo`.
   *
   * @param options.tracerFor - watches transactions by index
   */
  async replay(
    block: StoredBlock,
    options: Pick<BlockExecutorParts, 'tracerFor'> & { readonly upTo?: number } = {},
  ): Promise<BlockExecutor> {
    const { upTo = block.transactions.length, ...rest } = options
    const attributes = attributesOfPayload(this.spec, envelopeOf(block.header, block.hash, block.transactions))
    const executor = this.executorOn(this.need(block.header.parentHash), attributes, rest)
    const breathe = createBreather(this.#now)
    for (const tx of block.transactions.slice(0, upTo)) {
      await executor.applyForced(tx)
      await breathe()
    }
    return executor
  }

  /** Hashes of `hash` and of the blocks below it, on whichever branch it is. */
  ancestorsOf(hash: Hash): BlockHashLookup {
    return (number) => {
      let at = hash
      for (let header = this.store.header(at); header; header = this.store.header(at)) {
        if (header.number === number) return at
        if (header.number < number) return null
        if (this.store.canonicalHash(header.number) === at) return this.store.canonicalHash(number)
        at = header.parentHash
      }
      return null
    }
  }

  /** Makes a branch canonical and tells the listeners. */
  moveHead(labels: HeadLabels): HeadMove {
    const before = this.store.labels
    const move = this.store.moveHead(labels)
    if (before.head !== labels.head) for (const listener of this.#listeners) listener(move)
    this.#pruneNowAndThen()
    return move
  }

  /** Ends what runs in the background, then closes the store. */
  async close(): Promise<void> {
    await this.#pruning
    await this.store.close()
  }

  /** Keeps the states of `history` blocks, and never less than a reorg may need: those from the finalized block up. */
  #pruneNowAndThen(): void {
    if (this.#history === null) return
    const head = this.head.header.number
    const pause = this.#history > 2n * MIN_PRUNE_PAUSE ? this.#history / 2n : MIN_PRUNE_PAUSE
    if (head < this.#prunedAt + pause) return
    this.#prunedAt = head
    const finalized = this.store.header(this.store.labels.finalized)?.number ?? 0n
    const wanted = head > this.#history ? head - this.#history : 0n
    this.#pruning = this.store.pruneStates(wanted < finalized ? wanted : finalized).then(
      ({ kept, removed }) => this.#log.debug('States pruned', { head, kept, removed }),
      (err) => this.#log.error('States could not be pruned', { err }),
    )
  }

  /** Calls `listener` after each move of the head; the returned function ends it. */
  onHead(listener: HeadListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
