import type { L1Provider } from '@keelson/derive'
import type { EngineController } from '@keelson/engine'
import { type BlockId, codedError, type Hash, type L1BlockRef } from '@keelson/protocol'
import type { Driver } from './driver.ts'
import type { EmitOf, HandlersOf } from './events.ts'

/** Looks whether the unsafe head still stands on the L1 chain that derivation reads. */
export const originCheckSpec = { name: 'origin-check', emits: [], handles: ['deriver-l1-status'] } as const

export class OriginCheckError extends codedError('OriginCheckError', {
  unsafeOriginReorged: {
    severity: 'reset',
    text: (d: { origin: BlockId; canonical: Hash }) =>
      `the unsafe head has L1 origin ${d.origin.number} (${d.origin.hash}), the canonical block is ${d.canonical}`,
  },
}) {}

type OriginCheckParts = {
  readonly engine: EngineController
  readonly l1: Pick<L1Provider, 'getBlockRefByNumber'>
  readonly driver: Pick<Driver, 'background'>
}

/**
 * Unsafe blocks may have an origin that derivation has not read yet; once it has, an origin that is not canonical makes
 * a reset.
 */
export function originCheck({ engine, l1, driver }: OriginCheckParts) {
  const refuse = (origin: BlockId, canonical: Hash): never => {
    throw new OriginCheckError('unsafeOriginReorged', { origin, canonical })
  }
  return (_emit: EmitOf<typeof originCheckSpec>): HandlersOf<typeof originCheckSpec> => ({
    'deriver-l1-status': ({ origin: read }: { origin: L1BlockRef }) => {
      if (!engine.initialized) return
      const { l1Origin } = engine.heads.unsafe
      if (read.number === l1Origin.number && read.hash !== l1Origin.hash) refuse(l1Origin, read.hash)
      if (read.number === l1Origin.number + 1n && read.parentHash !== l1Origin.hash) refuse(l1Origin, read.parentHash)
      if (read.number <= l1Origin.number + 1n) return
      driver.background(
        () => l1.getBlockRefByNumber(l1Origin.number),
        (canonical) => {
          // The head may have moved on meanwhile, also by a reset.
          if (!engine.initialized || engine.heads.unsafe.l1Origin.hash !== l1Origin.hash) return
          // Derivation has read past it: a server that does not have it is behind, and the next block looks again.
          if (canonical && canonical.hash !== l1Origin.hash) refuse(l1Origin, canonical.hash)
        },
      )
    },
  })
}
