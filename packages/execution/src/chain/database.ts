/** Tables of the store. Keys are ordered as unsigned bytes. */
export const TABLES = ['nodes', 'codes', 'headers', 'bodies', 'receipts', 'canonical', 'transactions', 'meta'] as const

export type Table = (typeof TABLES)[number]

/** What a write transaction may do. Later operations see earlier ones when it has ended, not before. */
export type DatabaseWriter = {
  put(table: Table, key: Uint8Array, value: Uint8Array): void
  remove(table: Table, key: Uint8Array): void
}

/**
 * An ordered key-value store with atomic writes. Reads are synchronous and see every write that has returned.
 *
 * Two implementations, one contract (`testDatabase`): LMDB on disk, and maps in memory.
 */
export interface Database {
  /** The bytes must not be changed: they may be shared. */
  get(table: Table, key: Uint8Array): Uint8Array | undefined
  /** Keys of a table in order. */
  keys(table: Table): Iterable<Uint8Array>
  /** All of it or nothing, and on disk (synced) when it returns. A throw inside undoes what was written before it. */
  write(work: (writer: DatabaseWriter) => void): void
  /** Bytes on disk, or 0 in memory. */
  sizeBytes(): number
  close(): Promise<void>
}
