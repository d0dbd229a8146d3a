import {
  bigintToBytes,
  bytesToBigint,
  bytesToHex,
  bytesToNumber,
  concatBytes,
  decodeHeader,
  EMPTY_TRIE_ROOT,
  encodeHeader,
  encodeRlp,
  type Hash,
  hexToBytes,
  RlpReader,
  txHash,
  utf8Bytes,
} from '@keelson/protocol'
import { Lru } from '@keelson/service'
import type { BlockHeader } from '../blockHeader.ts'
import type { NodeStore, StateCommit } from '../state/nodeStore.ts'
import type { SealedBlock } from '../transition/types.ts'
import { yieldToEventLoop } from './breather.ts'
import { ChainError } from './chainError.ts'
import type { Database, DatabaseWriter } from './database.ts'
import { type PruneReport, StatePruner } from './statePruner.ts'
import { decodeStoredReceipts, encodeStoredReceipts, type StoredReceipt, storedReceiptOf } from './storedReceipt.ts'

/** Format of the tables; raised when their content changes its shape. */
const FORMAT = 1

export type StoredBlock = {
  readonly hash: Hash
  readonly header: BlockHeader
  /** EIP-2718 encodings. */
  readonly transactions: readonly Uint8Array[]
}

const RECENT_BLOCKS = 32
/** Bytes of transactions, and of receipts, that are kept in memory. */
const MAX_BODY_BYTES = 32_000_000
const MAX_RECEIPT_BYTES = 32_000_000

/** The three heads by hash. Before a safe or finalized block is named they are the genesis block. */
export type HeadLabels = { readonly head: Hash; readonly safe: Hash; readonly finalized: Hash }

/** Where a transaction stands in the canonical chain. */
export type TxLocation = { readonly blockHash: Hash; readonly blockNumber: bigint; readonly index: number }

/** What moving the head did to the canonical chain: blocks in ascending order. */
export type HeadMove = {
  readonly head: StoredBlock
  readonly added: readonly StoredBlock[]
  readonly removed: readonly StoredBlock[]
}

const META = {
  format: utf8Bytes('format'),
  genesis: utf8Bytes('genesis'),
  head: utf8Bytes('head'),
  safe: utf8Bytes('safe'),
  finalized: utf8Bytes('finalized'),
}

/** Bytes, with what an object takes beside them. */
const bodyWeight = ({ transactions }: StoredBlock): number =>
  transactions.reduce((sum, bytes) => sum + bytes.length + 100, 2_000)
const receiptsWeight = (receipts: readonly StoredReceipt[]): number =>
  receipts.reduce(
    (sum, { logs }) => logs.reduce((all, { data, topics }) => all + data.length + 100 * topics.length + 200, sum + 800),
    200,
  )

const numberKey = (number: bigint): Uint8Array => bigintToBytes(number, 8)

/**
 * Blocks, receipts, state and indexes over a {@link Database}.
 *
 * Two kinds of writes, each atomic and durable: {@link ChainStore.putBlock} adds a block with its state beside the
 * canonical chain, {@link ChainStore.moveHead} makes a branch canonical (number index, transaction index, labels). A
 * process that dies between them comes back to the chain before, with nothing half done.
 */
export class ChainStore {
  readonly nodes: NodeStore
  readonly #db: Database
  readonly #pruner: StatePruner
  /** Blocks stored lately, on whichever branch: their states are not pruned. */
  readonly #recent = new Lru<Hash, Hash>(RECENT_BLOCKS)
  readonly #headers = new Lru<Hash, BlockHeader>(4096)
  readonly #blocks = new Lru<Hash, StoredBlock>(MAX_BODY_BYTES, { weigh: bodyWeight })
  readonly #receipts = new Lru<Hash, readonly StoredReceipt[]>(MAX_RECEIPT_BYTES, { weigh: receiptsWeight })
  #labels: HeadLabels

  private constructor(db: Database, labels: HeadLabels) {
    this.#db = db
    this.#labels = labels
    this.nodes = {
      getNode: (hash) => db.get('nodes', hash),
      getCode: (hash) => db.get('codes', hash),
    }
    this.#pruner = new StatePruner(db, this.nodes, yieldToEventLoop)
  }

  /**
   * Opens the chain of a database, or begins it with `genesis`.
   *
   * @throws {ChainError} `genesisMismatch`, `formatUnknown`
   */
  static open(db: Database, genesis: { header: BlockHeader; hash: Hash; commit: StateCommit }): ChainStore {
    const found = db.get('meta', META.genesis)
    if (!found) {
      const hash = hexToBytes(genesis.hash)
      db.write((writer) => {
        writeCommit(writer, genesis.commit)
        writer.put('headers', hash, encodeHeader(genesis.header))
        writer.put('bodies', hash, encodeRlp([]))
        writer.put('receipts', hash, encodeStoredReceipts([]))
        writer.put('canonical', numberKey(genesis.header.number), hash)
        for (const key of [META.genesis, META.head, META.safe, META.finalized]) writer.put('meta', key, hash)
        writer.put('meta', META.format, Uint8Array.of(FORMAT))
      })
      return new ChainStore(db, { head: genesis.hash, safe: genesis.hash, finalized: genesis.hash })
    }
    const format = db.get('meta', META.format)?.[0] ?? 0
    if (format !== FORMAT) throw new ChainError('formatUnknown', { found: format, expected: FORMAT })
    if (bytesToHex(found) !== genesis.hash) {
      throw new ChainError('genesisMismatch', { expected: genesis.hash, found: bytesToHex(found) })
    }
    const label = (key: Uint8Array): Hash => bytesToHex(db.get('meta', key) as Uint8Array)
    return new ChainStore(db, { head: label(META.head), safe: label(META.safe), finalized: label(META.finalized) })
  }

  get labels(): HeadLabels {
    return this.#labels
  }

  hasBlock(hash: Hash): boolean {
    return this.header(hash) !== null
  }

  header(hash: Hash): BlockHeader | null {
    const cached = this.#headers.get(hash)
    if (cached) return cached
    const bytes = this.#db.get('headers', hexToBytes(hash))
    if (!bytes) return null
    const header = decodeHeader(bytes) as BlockHeader
    this.#headers.set(hash, header)
    return header
  }

  block(hash: Hash): StoredBlock | null {
    const cached = this.#blocks.get(hash)
    if (cached) return cached
    const header = this.header(hash)
    const body = header && this.#db.get('bodies', hexToBytes(hash))
    if (!header || !body) return null
    const list = new RlpReader(body).list()
    const transactions: Uint8Array[] = []
    while (!list.done) transactions.push(list.string())
    const block = { hash, header, transactions }
    this.#blocks.set(hash, block)
    return block
  }

  receipts(hash: Hash): readonly StoredReceipt[] | null {
    const cached = this.#receipts.get(hash)
    if (cached) return cached
    const bytes = this.#db.get('receipts', hexToBytes(hash))
    if (!bytes) return null
    const receipts = decodeStoredReceipts(bytes)
    this.#receipts.set(hash, receipts)
    return receipts
  }

  /** Hash of the canonical block at a height. */
  canonicalHash(number: bigint): Hash | null {
    if (number < 0n || number >= 2n ** 64n) return null
    const hash = this.#db.get('canonical', numberKey(number))
    return hash ? bytesToHex(hash) : null
  }

  isCanonical(hash: Hash): boolean {
    const header = this.header(hash)
    return header !== null && this.canonicalHash(header.number) === hash
  }

  /** Where a transaction stands in the canonical chain. */
  findTransaction(hash: Hash): TxLocation | null {
    const value = this.#db.get('transactions', hexToBytes(hash))
    if (!value) return null
    const blockNumber = bytesToBigint(value, 0, 8)
    const blockHash = this.canonicalHash(blockNumber)
    return blockHash && { blockHash, blockNumber, index: bytesToNumber(value, 8, 12) }
  }

  /** Adds a block and its state beside the canonical chain. Writing it twice does no harm. */
  putBlock({ header, hash, transactions, outcomes, commit }: SealedBlock): void {
    const key = hexToBytes(hash)
    const receipts = outcomes.map(storedReceiptOf)
    this.#db.write((writer) => {
      writeCommit(writer, commit)
      writer.put('headers', key, encodeHeader(header))
      writer.put('bodies', key, encodeRlp(transactions))
      writer.put('receipts', key, encodeStoredReceipts(receipts))
    })
    for (const [node] of commit.nodes) this.#pruner.written(node)
    this.#recent.set(hash, header.stateRoot)
    this.#headers.set(hash, header)
    this.#blocks.set(hash, { hash, header, transactions })
    this.#receipts.set(hash, receipts)
  }

  /**
   * Makes the branch that ends in `labels.head` canonical, and moves the labels, in one transaction. Going back to an
   * ancestor of the head is a branch like any other.
   *
   * @throws {ChainError} `blockMissing`
   */
  moveHead(labels: HeadLabels): HeadMove {
    const { added, removed } = this.#branches(labels.head)
    const head = this.#need(labels.head)
    this.#db.write((writer) => {
      for (const { header, transactions } of removed) {
        writer.remove('canonical', numberKey(header.number))
        for (const tx of transactions) writer.remove('transactions', hexToBytes(txHash(tx)))
      }
      for (const { hash, header, transactions } of added) {
        const number = numberKey(header.number)
        writer.put('canonical', number, hexToBytes(hash))
        transactions.forEach((tx, index) => {
          writer.put('transactions', hexToBytes(txHash(tx)), concatBytes(number, bigintToBytes(BigInt(index), 4)))
        })
      }
      writer.put('meta', META.head, hexToBytes(labels.head))
      writer.put('meta', META.safe, hexToBytes(labels.safe))
      writer.put('meta', META.finalized, hexToBytes(labels.finalized))
    })
    this.#labels = labels
    return { head, added, removed }
  }

  /** Whether `ancestor` is `hash` or stands below it. */
  isAncestor(ancestor: Hash, hash: Hash): boolean {
    const target = this.header(ancestor)
    if (!target) return false
    let at = hash
    for (let header = this.header(at); header; header = this.header(at)) {
      if (header.number === target.number) return at === ancestor
      if (header.number < target.number) return false
      // Below the point where the branch joins the canonical chain the number index answers at once.
      if (this.canonicalHash(header.number) === at) return this.canonicalHash(target.number) === ancestor
      at = header.parentHash
    }
    return false
  }

  /** Whether the state at a root is here; it is so as a whole or not at all. */
  hasState(root: Hash): boolean {
    return root === EMPTY_TRIE_ROOT || this.#db.get('nodes', hexToBytes(root)) !== undefined
  }

  /**
   * Removes states that no canonical block from `from` up to the head has, nor a block stored lately. Blocks, receipts
   * and code stay. One run at a time: another call meanwhile does nothing.
   */
  async pruneStates(from: bigint): Promise<PruneReport> {
    const roots = new Set([...this.#recent.values()].filter((root) => this.hasState(root)))
    for (let header = this.header(this.#labels.head); header && header.number >= from; ) {
      if (this.hasState(header.stateRoot)) roots.add(header.stateRoot)
      if (header.number === 0n) break
      header = this.header(header.parentHash)
    }
    return this.#pruner.prune(roots)
  }

  /** Bytes on disk. */
  sizeBytes(): number {
    return this.#db.sizeBytes()
  }

  close(): Promise<void> {
    return this.#db.close()
  }

  #need(hash: Hash): StoredBlock {
    const block = this.block(hash)
    if (!block) throw new ChainError('blockMissing', { hash })
    return block
  }

  /** Blocks to add and to remove so that `head` becomes the canonical head. */
  #branches(head: Hash): { added: StoredBlock[]; removed: StoredBlock[] } {
    const added: StoredBlock[] = []
    let at = this.#need(head)
    while (this.canonicalHash(at.header.number) !== at.hash) {
      added.push(at)
      at = this.#need(at.header.parentHash)
    }
    const removed: StoredBlock[] = []
    for (let old = this.#need(this.#labels.head); old.header.number > at.header.number; ) {
      removed.push(old)
      old = this.#need(old.header.parentHash)
    }
    return { added: added.reverse(), removed: removed.reverse() }
  }
}

function writeCommit(writer: DatabaseWriter, { nodes, codes }: StateCommit): void {
  for (const [hash, bytes] of nodes) writer.put('nodes', hash, bytes)
  for (const [hash, bytes] of codes) writer.put('codes', hash, bytes)
}
