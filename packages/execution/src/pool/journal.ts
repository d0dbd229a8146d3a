/** The pool's transactions on disk, so that a restart does not lose them. Writing it is best effort. */
export interface Journal {
  /** Entries in the file, stale ones counted. */
  readonly count: number
  /** The transactions that were written, in order; a torn last entry is left out. */
  read(): Uint8Array[]
  append(tx: Uint8Array): void
  /** Replaces the file by exactly these. */
  rewrite(transactions: readonly Uint8Array[]): void
  close(): void
}
