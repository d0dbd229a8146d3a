import type { L1Provider } from '@keelson/derive'
import { type EngineController, showBlock } from '@keelson/engine'
import { L1Error } from '@keelson/l1'
import { type BlockId, codedError, type Hash, type L1BlockRef, type L2BlockRef } from '@keelson/protocol'
import type { Logger } from '@keelson/service'
import type { Driver } from './driver.ts'
import type { EmitOf, HandlersOf } from './events.ts'

/** Finalizes safe blocks once the L1 blocks they came from are final. */
export const finalizerSpec = {
  name: 'finalizer',
  emits: [],
  handles: ['safe-derived', 'finalized-l1', 'derivation-idle', 'reset-event'],
} as const

/** L1 blocks for which the last derived L2 block is remembered: four L1 epochs and one block. */
export const DEFAULT_FINALITY_LOOKBACK = 4 * 32 + 1
/** L1 blocks after which finality is tried again without a new signal. */
export const DEFAULT_FINALITY_DELAY = 64n

export class FinalityError extends codedError('FinalityError', {
  notCanonical: {
    severity: 'reset',
    text: (d: { what: string; number: bigint; expected: Hash; canonical: Hash }) =>
      `${d.what} ${d.number} was ${d.expected}, the canonical block is ${d.canonical}`,
  },
}) {}

type FinalityParts = {
  readonly engine: EngineController
  readonly l1: Pick<L1Provider, 'getBlockRefByNumber'>
  readonly driver: Pick<Driver, 'background'>
  readonly log: Logger
  readonly lookback?: number
  readonly delay?: bigint
}

/** The last L2 block that was made safe by data up to an L1 block. */
type FinalityEntry = { readonly l1: BlockId; l2: L2BlockRef }

/** @see specs/protocol/derivation.md#finalization */
export function finalizer(parts: FinalityParts) {
  const { engine, l1, driver, log, lookback = DEFAULT_FINALITY_LOOKBACK, delay = DEFAULT_FINALITY_DELAY } = parts
  return (_emit: EmitOf<typeof finalizerSpec>): HandlersOf<typeof finalizerSpec> => {
    let entries: FinalityEntry[] = []
    let finalizedL1: L1BlockRef | null = null
    let triedAt = 0n
    let generation = 0

    const tryFinalize = () => {
      if (!finalizedL1) return
      const signal = finalizedL1
      const finalized = engine.heads.finalized.number
      const entry = entries.findLast((e) => e.l1.number <= signal.number && e.l2.number > finalized)
      if (!entry) return
      const of = generation
      const { l1: l1Id, l2 } = entry
      driver.background(
        async () => {
          await checkCanonical('finalized L1 block', signal)
          await checkCanonical('L1 block derived from', l1Id)
        },
        async () => {
          if (of !== generation || !engine.promoteFinalized(l2)) return
          log.info('Finalized L2 block', { number: l2.number, hash: l2.hash, l1: showBlock(l1Id) })
          await engine.tryUpdateEngine()
        },
      )
    }

    const checkCanonical = async (what: string, block: BlockId) => {
      const canonical = await l1.getBlockRefByNumber(block.number)
      if (canonical?.hash === block.hash) return
      const { number, hash: expected } = block
      // A server that is behind the one that gave the signal: no reason to derive anew.
      if (!canonical) throw new L1Error('unavailable', { what: `block ${number}`, reason: `${what} is not there yet` })
      throw new FinalityError('notCanonical', { what, number, expected, canonical: canonical.hash })
    }

    return {
      'safe-derived': ({ safe, derivedFrom }) => {
        const last = entries.at(-1)
        if (last && last.l1.number >= derivedFrom.number) {
          if (last.l1.hash === derivedFrom.hash) last.l2 = safe
          return
        }
        entries.push({ l1: { hash: derivedFrom.hash, number: derivedFrom.number }, l2: safe })
        if (entries.length > lookback) entries = entries.slice(-lookback)
      },
      'finalized-l1': ({ ref }) => {
        if (finalizedL1 && ref.number < finalizedL1.number) {
          log.error('Ignored an L1 finality signal that goes back', { from: finalizedL1.number, to: ref.number })
          return
        }
        finalizedL1 = ref
        triedAt = 0n
        tryFinalize()
      },
      'derivation-idle': ({ origin }) => {
        if (!finalizedL1 || !origin || origin.number <= triedAt + delay) return
        triedAt = origin.number
        tryFinalize()
      },
      'reset-event': () => {
        generation += 1
        entries = []
        triedAt = 0n
      },
    }
  }
}
