import type { EngineController } from '@keelson/engine'
import { type L2BlockRef, type RollupConfig, ZERO_BLOCK_ID } from '@keelson/protocol'
import type { Logger } from '@keelson/service'
import type { BlockGossip } from './blockGossip.ts'
import type { Driver } from './driver.ts'
import type { EmitOf, HandlersOf } from './events.ts'

/** Asks peers for the unsafe blocks that are missing below the queue. */
export const altSyncSpec = {
  name: 'alt-sync',
  emits: [],
  handles: ['forkchoice-update', 'engine-reset-confirmed', 'derivation-idle'],
} as const

type AltSyncParts = {
  readonly config: RollupConfig
  readonly engine: EngineController
  readonly gossip: Pick<BlockGossip, 'requestRange'>
  readonly driver: Pick<Driver, 'after' | 'background'>
  readonly log: Logger
}

/** A gap is looked for after two block times in which the unsafe head did not move. */
export function altSync({ config, engine, gossip, driver, log }: AltSyncParts) {
  return (_emit: EmitOf<typeof altSyncSpec>): HandlersOf<typeof altSyncSpec> => {
    const intervalMs = 2000 * Number(config.blockTime)
    let cancel: (() => void) | null = null
    let head = ''

    const check = () => {
      arm()
      const end = engine.unsafeQueue.lowest
      const { unsafe } = engine.heads
      if (!engine.initialized || engine.isElSyncing || !end || end.number <= unsafe.number + 1n) return
      log.debug('Asking peers for missing unsafe blocks', { from: unsafe.number + 1n, to: end.number - 1n })
      const lowest: L2BlockRef = { ...end, timestamp: 0n, l1Origin: ZERO_BLOCK_ID, sequenceNumber: 0n }
      driver.background(
        () => gossip.requestRange(unsafe, lowest),
        () => {},
        (error) => log.debug('Could not ask peers for missing blocks', { err: error }),
      )
    }
    const arm = () => {
      cancel?.()
      cancel = driver.after(intervalMs, check)
    }
    const moved = (hash: string) => {
      if (hash === head && cancel) return
      head = hash
      arm()
    }
    return {
      'forkchoice-update': ({ heads }) => moved(heads.unsafe.hash),
      'engine-reset-confirmed': ({ heads }) => moved(heads.unsafe.hash),
      'derivation-idle': () => {
        if (!cancel) arm()
      },
    }
  }
}
