import { RpcMethodError } from '@keelson/service'
import type { HeadMove } from '../chain/chainStore.ts'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { matchingLogs } from './logMatcher.ts'
import type { LogQuery } from './logMethods.ts'

/** A filter that nobody asks for this long is forgotten. */
const EXPIRY_MS = 5 * 60_000
const MAX_FILTERS = 1_000
/** Results that one filter keeps between two polls, and all of them together. */
const MAX_PENDING = 20_000
const MAX_ALL_PENDING = 200_000

type Filter = { readonly query?: LogQuery; take(): unknown[] }
type Entry = Filter & { readonly kind: 'logs' | 'blocks' | 'pending'; readonly results: unknown[]; usedAt: number }

/** Filters that are polled: each collects what happened since it was last asked. */
export class FilterStore {
  readonly #engine: ExecutionEngine
  readonly #now: () => number
  readonly #filters = new Map<string, Entry>()
  readonly #stop: readonly (() => void)[]

  constructor(engine: ExecutionEngine, now: () => number) {
    this.#engine = engine
    this.#now = now
    this.#stop = [
      engine.chain.onHead((move) => this.#headMoved(move)),
      engine.pool.onPending((tx) => this.#push('pending', () => [tx.hash])),
    ]
  }

  addLogs(query: LogQuery): string {
    return this.#add('logs', query)
  }

  addBlocks(): string {
    return this.#add('blocks')
  }

  addPending(): string {
    return this.#add('pending')
  }

  /** @throws {RpcMethodError} -32000 `filter not found` */
  need(id: string): Filter {
    const entry = this.#filters.get(id)
    if (!entry) throw new RpcMethodError(-32000, 'filter not found')
    entry.usedAt = this.#now()
    return entry
  }

  remove(id: string): boolean {
    return this.#filters.delete(id)
  }

  close(): void {
    for (const stop of this.#stop) stop()
    this.#filters.clear()
  }

  #add(kind: Entry['kind'], query?: LogQuery): string {
    this.#expire()
    if (this.#filters.size >= MAX_FILTERS) throw new RpcMethodError(-32000, 'too many filters')
    const id = `0x${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
    const results: unknown[] = []
    this.#filters.set(id, {
      kind,
      results,
      usedAt: this.#now(),
      take: () => results.splice(0),
      ...(query && { query }),
    })
    return id
  }

  #expire(): void {
    const oldest = this.#now() - EXPIRY_MS
    for (const [id, { usedAt }] of this.#filters) if (usedAt < oldest) this.#filters.delete(id)
  }

  #headMoved({ added, removed }: HeadMove): void {
    this.#expire()
    const { chain } = this.#engine
    this.#push('blocks', () => added.map(({ hash }) => hash))
    this.#push('logs', ({ query }) => {
      if (!query) return []
      return [
        ...removed.flatMap((block) => matchingLogs(chain, block, query.criteria, true)),
        ...added.flatMap((block) => matchingLogs(chain, block, query.criteria)),
      ]
    })
  }

  #push(kind: Entry['kind'], resultsFor: (entry: Entry) => unknown[]): void {
    for (const entry of this.#filters.values()) {
      if (entry.kind !== kind || entry.results.length >= MAX_PENDING) continue
      for (const result of resultsFor(entry)) entry.results.push(result)
    }
    this.#lighten()
  }

  /** Forgets the filters that nobody has polled for longest, as if they had expired, until the rest is not too much. */
  #lighten(): void {
    let pending = 0
    for (const { results } of this.#filters.values()) pending += results.length
    if (pending <= MAX_ALL_PENDING) return
    const filled = [...this.#filters].filter(([, { results }]) => results.length > 0)
    for (const [id, { results }] of filled.sort(([, a], [, b]) => a.usedAt - b.usedAt)) {
      this.#filters.delete(id)
      pending -= results.length
      if (pending <= MAX_ALL_PENDING) return
    }
  }
}
