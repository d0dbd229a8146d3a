import { bytesToHex, EMPTY_TRIE_ROOT, type Hash, hexToBytes, RlpReader } from '@keelson/protocol'
import { decodeAccount } from '../state/accountCodec.ts'
import type { NodeStore } from '../state/nodeStore.ts'
import type { Database } from './database.ts'

/** Nodes looked at, or removed, between two turns of the event loop. */
const CHUNK = 2_000

export type PruneReport = { readonly kept: number; readonly removed: number }

type Visit = { readonly hash: Uint8Array; readonly inStorage: boolean }

/** 32 bytes as a map key: one byte a character. */
const keyOf = (hash: Uint8Array): string => String.fromCharCode(...hash)

/**
 * Removes the trie nodes that none of some states needs: marks what hangs below their roots, sweeps the rest.
 *
 * Blocks may be stored while it runs: what they write is told to {@link StatePruner.written} and stays. Code is never
 * removed. A process that dies in between leaves nodes that nobody needs, for the next run.
 */
export class StatePruner {
  readonly #db: Database
  readonly #nodes: NodeStore
  readonly #pause: () => Promise<void>
  /** Nodes written while it runs; `null` while nothing runs. */
  #written: Set<string> | null = null

  constructor(db: Database, nodes: NodeStore, pause: () => Promise<void>) {
    this.#db = db
    this.#nodes = nodes
    this.#pause = pause
  }

  get running(): boolean {
    return this.#written !== null
  }

  /** Told of each node that is written. */
  written(hash: Uint8Array): void {
    this.#written?.add(keyOf(hash))
  }

  /**
   * @param roots - of the states that must stay whole
   * @throws {Error} a node of one of them is missing; nothing was removed then
   */
  async prune(roots: Iterable<Hash>): Promise<PruneReport> {
    if (this.#written) return { kept: 0, removed: 0 }
    // Two sets: below a node that was only written nothing has been looked at.
    const written = new Set<string>()
    const marked = new Set<string>()
    this.#written = written
    try {
      for (const root of roots) await this.#mark(root, marked)
      const removed = await this.#sweep((key) => marked.has(key) || written.has(key))
      return { kept: marked.size, removed }
    } finally {
      this.#written = null
    }
  }

  async #mark(root: Hash, marked: Set<string>): Promise<void> {
    if (root === EMPTY_TRIE_ROOT) return
    const visits: Visit[] = [{ hash: hexToBytes(root), inStorage: false }]
    for (let visit = visits.pop(), count = 1; visit; visit = visits.pop(), count++) {
      const key = keyOf(visit.hash)
      if (marked.has(key)) continue
      const node = this.#nodes.getNode(visit.hash)
      if (!node) throw new Error(`trie node ${bytesToHex(visit.hash)} is missing`)
      marked.add(key)
      childrenOf(new RlpReader(node).list(), visit.inStorage, visits)
      if (count % CHUNK === 0) await this.#pause()
    }
  }

  async #sweep(stays: (key: string) => boolean): Promise<number> {
    let removed = 0
    let doomed: Uint8Array[] = []
    const flush = () => {
      // Looked at once more: a block may have written the node since.
      const still = doomed.filter((hash) => !stays(keyOf(hash)))
      doomed = []
      if (still.length === 0) return
      this.#db.write((writer) => {
        for (const hash of still) writer.remove('nodes', hash)
      })
      removed += still.length
    }
    // Listed before anything is removed: the cursor of the list does not stand on pages that change.
    const all = [...this.#db.keys('nodes')].filter((hash) => !stays(keyOf(hash)))
    for (const hash of all) {
      doomed.push(hash)
      if (doomed.length < CHUNK) continue
      flush()
      await this.#pause()
    }
    flush()
    return removed
  }
}

/** Adds the nodes that this one refers to, small ones inside it looked through. */
function childrenOf(fields: RlpReader, inStorage: boolean, visits: Visit[]): void {
  const items: Uint8Array[] = []
  const nested: RlpReader[] = []
  while (!fields.done) {
    if (fields.atList) {
      nested.push(fields.list())
      items.push(new Uint8Array())
    } else items.push(fields.string())
  }
  if (items.length === 2) {
    const isLeaf = ((items[0]?.[0] ?? 0) & 0x20) !== 0
    const value = items[1] as Uint8Array
    if (isLeaf) {
      if (!inStorage) {
        const { storageRoot } = decodeAccount(value)
        if (storageRoot !== EMPTY_TRIE_ROOT) visits.push({ hash: hexToBytes(storageRoot), inStorage: true })
      }
    } else if (value.length === 32) visits.push({ hash: value, inStorage })
  } else {
    for (const child of items.slice(0, 16)) if (child.length === 32) visits.push({ hash: child, inStorage })
  }
  for (const inner of nested) childrenOf(inner, inStorage, visits)
}
