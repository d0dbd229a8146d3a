import type { L1Provider } from '@keelson/derive'
import { type EngineController, showBlock } from '@keelson/engine'
import { type BlockId, codedError, type RollupConfig, type SyncStatus } from '@keelson/protocol'
import { errorText, type Logger } from '@keelson/service'
import type { Driver } from './driver.ts'
import type { EmitOf, HandlersOf } from './events.ts'

/** Takes safe and finalized heads from another node. */
export const followSourceSpec = {
  name: 'follow-source',
  emits: ['deriver-l1-status'],
  handles: ['engine-reset-confirmed'],
} as const

/** Why what another node says is not taken over. */
export class FollowError extends codedError('FollowError', {
  headsOutOfOrder: {
    severity: 'temporary',
    text: (d: { finalized: bigint; safe: bigint; localSafe: bigint }) =>
      `the source has finalized ${d.finalized}, safe ${d.safe}, local safe ${d.localSafe}: out of order`,
  },
  otherL1: {
    severity: 'temporary',
    text: (d: { head: BlockId; origin: BlockId }) =>
      `block ${d.head.number} of the source has L1 origin ${d.origin.number} (${d.origin.hash}), which is not canonical here`,
  },
}) {}

type FollowParts = {
  readonly config: RollupConfig
  readonly engine: EngineController
  readonly l1: Pick<L1Provider, 'getBlockRefByNumber'>
  readonly driver: Pick<Driver, 'after' | 'background'>
  readonly log: Logger
  /** The sync status of the source. */
  readonly status: () => Promise<SyncStatus>
}

/** Asks every two block times; what the source says must be in order and stand on the L1 that this node sees. */
export function followSource({ config, engine, l1, driver, log, status }: FollowParts) {
  return (emit: EmitOf<typeof followSourceSpec>): HandlersOf<typeof followSourceSpec> => {
    let cancel = () => {}

    const checked = async (): Promise<SyncStatus> => {
      const said = await status()
      const { finalizedL2: finalized, safeL2: safe, localSafeL2: localSafe } = said
      if (finalized.number > safe.number || safe.number > localSafe.number) {
        throw new FollowError('headsOutOfOrder', {
          finalized: finalized.number,
          safe: safe.number,
          localSafe: localSafe.number,
        })
      }
      for (const head of [finalized, safe]) {
        const canonical = await l1.getBlockRefByNumber(head.l1Origin.number)
        if (canonical?.hash !== head.l1Origin.hash) throw new FollowError('otherL1', { head, origin: head.l1Origin })
      }
      return said
    }
    const ask = () => {
      driver.background(
        checked,
        async ({ safeL2, finalizedL2, currentL1 }) => {
          arm()
          if (!engine.initialized || engine.isElSyncing) return
          const outcome = await engine.followSafe(safeL2, finalizedL2)
          if (outcome === 'missing')
            log.debug('The safe block of the source is not here yet', { safe: showBlock(safeL2) })
          emit({ type: 'deriver-l1-status', origin: currentL1 })
        },
        (error) => {
          arm()
          log.warn('Could not follow the source', { err: errorText(error) })
        },
      )
    }
    const arm = () => {
      cancel()
      cancel = driver.after(2000 * Number(config.blockTime), ask)
    }
    return {
      'engine-reset-confirmed': () => {
        cancel()
        ask()
      },
    }
  }
}
