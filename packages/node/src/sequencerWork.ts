import type { BuildJob, SealedBlock } from '@keelson/engine'
import type { L2BlockRef } from '@keelson/protocol'

/** What the sequencer is at. A block that was sealed is kept until it is inserted, so that no other takes its place. */
export type Work =
  | { readonly phase: 'idle' }
  | { readonly phase: 'preparing'; readonly parent: L2BlockRef }
  | { readonly phase: 'building'; readonly job: BuildJob }
  | { readonly phase: 'committing'; readonly sealed: SealedBlock }
  | { readonly phase: 'sealed'; readonly sealed: SealedBlock }

const IDLE: Work = { phase: 'idle' }

/** The one block that is in the making, if any. */
export class SequencerWork {
  readonly #waiters: (() => void)[] = []
  #now: Work = IDLE
  #generation = 0

  get now(): Work {
    return this.#now
  }

  get isIdle(): boolean {
    return this.#now.phase === 'idle'
  }

  set(work: Work): void {
    this.#now = work
  }

  /** The block is done, or failed in a way that leaves nothing to go on with. */
  finish(): void {
    this.#now = IDLE
    this.#tell()
  }

  /** Forgets the block; whatever comes back for it is late. Returns what it was. */
  drop(): Work {
    const dropped = this.#now
    this.#generation += 1
    this.finish()
    return dropped
  }

  /** Says later whether the block is still the one of now. */
  ticket(): () => boolean {
    const of = this.#generation
    return () => of === this.#generation
  }

  /** Resolves at once, or when a block that others may know already is inserted or dropped. */
  async untilInserted(): Promise<void> {
    const { phase } = this.#now
    if (phase !== 'committing' && phase !== 'sealed') return
    await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  /** Whether the block would not stand on `unsafe`. */
  isStale(unsafe: L2BlockRef): boolean {
    const parentHash = parentHashOf(this.#now)
    return parentHash !== null && parentHash !== unsafe.hash
  }

  #tell(): void {
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}

function parentHashOf(work: Work): string | null {
  switch (work.phase) {
    case 'idle':
      return null
    case 'preparing':
      return work.parent.hash
    case 'building':
      return work.job.parent.hash
    case 'committing':
    case 'sealed':
      return work.sealed.ref.parentHash
  }
}
