import { isForkActive, type L2BlockRef } from '@keelson/protocol'
import type { AttributesWithParent } from '../../src/attributes.ts'
import { createDerivationPipeline } from '../../src/pipeline.ts'
import { again } from '../../src/stage.ts'
import type { DerivationObserver } from '../../src/verdict.ts'
import { l1Ref, MemoryL1 } from '../memoryL1.ts'
import { MemoryL2 } from '../memoryL2.ts'
import type { PureDerived } from '../pureDerive.ts'
import { isValidInHistories } from './accounts.ts'
import type { History } from './world.ts'

export type PipelineRun = {
  readonly observer?: DerivationObserver | undefined
  /** Every so many calls of a provider fail once. */
  readonly failEvery?: number
}

/** Runs the pipeline over a history the way a driver does, with an engine that refuses some payloads. */
export async function runPipeline(history: History, { observer, failEvery }: PipelineRun = {}): Promise<PureDerived[]> {
  const { config, systemConfig, genesis, blocks } = history
  const l1 = new MemoryL1(blocks)
  for (const { blobs } of blocks) for (const [hash, blob] of blobs ?? []) l1.addBlob(hash, blob)
  const l2 = new MemoryL2([{ ref: genesis, systemConfig, transactions: [] }], config)
  const pipeline = createDerivationPipeline({ config, l1, l2, blobs: l1, observer })
  const [first] = blocks
  if (!first) return []
  pipeline.resetTo({ l1Origin: l1Ref(first), systemConfig, l2: genesis })

  const derived: PureDerived[] = []
  const note = ({ attributes, parent, isLastInSpan, derivedFrom }: AttributesWithParent) =>
    derived.push({ attributes, parent, isLastInSpan, derivedFrom: derivedFrom.number })
  let safe: L2BlockRef = genesis
  let pending: L2BlockRef = genesis
  const methods = ['ref', 'info', 'transactions', 'receipts', 'blobs'] as const
  for (let steps = 0; ; steps++) {
    if (failEvery && steps % failEvery === 0) {
      const method = methods[(steps / failEvery) % methods.length] ?? 'ref'
      l1.failures.splice(0, l1.failures.length, { method, error: new TemporaryFailure() })
    }
    const pulled = await pipeline.step(pending).catch((error: unknown) => {
      if (error instanceof TemporaryFailure) return again
      throw error
    })
    if (pulled.status === 'drained') return derived
    if (pulled.status === 'again') continue
    let next = pulled.value
    note(next)
    if (!isValidInHistories(next.attributes)) {
      if (!isForkActive(config, 'holocene', next.derivedFrom.timestamp)) {
        pending = safe
        continue
      }
      next = pipeline.replaceInvalid(next.parent, next.derivedFrom)
      note(next)
    }
    pending = l2.build(next)
    if (next.isLastInSpan) safe = pending
  }
}

class TemporaryFailure extends Error {
  readonly severity = 'temporary'
}

/** Where two derivations part, or `null` when they agree. */
export function firstDifference(pipeline: readonly PureDerived[], pure: readonly PureDerived[]): string | null {
  const show = (value: unknown) =>
    JSON.stringify(value, (_, v: unknown) =>
      typeof v === 'bigint'
        ? `${v}`
        : v instanceof Uint8Array
          ? `${v.length}:${Array.from(v.subarray(0, 8)).join('.')}`
          : v,
    )
  const same = (a: unknown, b: unknown): boolean => {
    if (a instanceof Uint8Array && b instanceof Uint8Array)
      return a.length === b.length && a.every((byte, i) => byte === b[i])
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...keys].every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  }
  for (let i = 0; i < Math.max(pipeline.length, pure.length); i++) {
    if (!same(pipeline[i], pure[i])) return `block ${i}: pipeline ${show(pipeline[i])}\n   plain ${show(pure[i])}`
  }
  return null
}
