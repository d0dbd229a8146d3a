import type { Clock, Logger, RpcClient } from '@keelson/service'

/** The two RPCs of one sequencer. */
export type SequencerRpc = { readonly rollup: RpcClient; readonly l2: RpcClient }

/**
 * Clients that speak to whichever of several sequencers is active (`admin_sequencerActive`). With one sequencer, to that.
 *
 * @param parts.checkMs - how long a choice is kept
 */
export function activeSequencer(parts: {
  readonly sequencers: readonly SequencerRpc[]
  readonly checkMs: number
  readonly clock: Clock
  readonly log: Logger
}): SequencerRpc {
  const { sequencers, checkMs, clock, log } = parts
  const [only] = sequencers
  if (!only) throw new Error('no sequencer is named')
  if (sequencers.length === 1) return only
  let current = only
  let checkedMs = Number.NEGATIVE_INFINITY

  async function choose(): Promise<SequencerRpc> {
    if (clock.now() - checkedMs < checkMs) return current
    checkedMs = clock.now()
    // The one in use first, so that two that claim to be active do not take turns.
    for (const sequencer of [current, ...sequencers.filter((other) => other !== current)]) {
      const active = await sequencer.rollup.request<boolean>('admin_sequencerActive').catch(() => false)
      if (!active) continue
      if (sequencer !== current) log.info('Another sequencer is active', { index: sequencers.indexOf(sequencer) })
      current = sequencer
      return current
    }
    log.warn('No sequencer is active; the last one is used')
    return current
  }
  const through = (pick: (sequencer: SequencerRpc) => RpcClient): RpcClient => ({
    request: async (...args) => pick(await choose()).request(...args),
    batch: async (...args) => pick(await choose()).batch(...args),
  })
  return { rollup: through(({ rollup }) => rollup), l2: through(({ l2 }) => l2) }
}
