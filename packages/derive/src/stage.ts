import type { L1BlockRef, SystemConfig } from '@keelson/protocol'

/**
 * What a stage gives when it is asked once.
 *
 * - `ready`: a value, in `value`.
 * - `again`: progress was made, ask again.
 * - `drained`: nothing to give until another L1 block is there.
 */
export type Pull<T> = { readonly status: 'ready'; readonly value: T } | typeof again | typeof drained

export const ready = <T>(value: T): Pull<T> => ({ status: 'ready', value })
export const again = { status: 'again' } as const
export const drained = { status: 'drained' } as const

/** Where the pipeline starts to read: an L1 block, and the system config as of it. */
export type StageBase = { readonly origin: L1BlockRef; readonly systemConfig: SystemConfig }

/** One step of derivation: pulls from the stage before it, gives to the stage after it. */
export interface Stage<T> {
  pull(): Promise<Pull<T>>
  /** Forgets everything held. Stages are reset from the L1 side to the L2 side. */
  reset(base: StageBase): void
}
