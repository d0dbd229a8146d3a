import type { BlockId } from '@keelson/protocol'
import type { PureL2Block } from '../pureAttributes.ts'
import { createPureDeriver, type PureDerived } from '../pureDerive.ts'
import { pureResetBase } from '../pureSyncStart.ts'
import { isValidInHistories } from './accounts.ts'
import type { PipelineResult } from './driveNode.ts'
import type { History } from './world.ts'

/**
 * Where the pipeline and the plain implementation part, or `null` when they agree: on every set of attributes since the
 * last reset, and on the L1 block where derivation comes to rest.
 */
export function findDisagreement(history: History, { derived, start, restsOn }: PipelineResult): string | null {
  const head = history.blocks.at(-1)?.info.hash
  if (restsOn !== head) return `the pipeline rests on ${restsOn}, the L1 head is ${head}`
  return firstDifference(derived, start ? deriveFrom(history, start) : history.derived)
}

/** What the plain implementation derives after a reset to the last block of `safeChain`. */
function deriveFrom({ config, blocks }: History, safeChain: readonly PureL2Block[]): PureDerived[] {
  const { ref: safe } = safeChain.at(-1) as PureL2Block
  const l1Block = ({ number }: BlockId) => blocks.find(({ info }) => info.number === number)
  const base = pureResetBase(config, safeChain, safe, (origin) => l1Block(origin)?.info.timestamp ?? 0n)
  const deriver = createPureDeriver(config, safeChain, base.systemConfig, { isValid: isValidInHistories })
  return blocks.filter(({ info }) => info.number >= base.ref.l1Origin.number).flatMap((block) => deriver.add(block))
}

/** Where two derivations part, or `null` when they agree. */
export function firstDifference(pipeline: readonly PureDerived[], pure: readonly PureDerived[]): string | null {
  for (let i = 0; i < Math.max(pipeline.length, pure.length); i++) {
    if (!isSame(pipeline[i], pure[i])) return `block ${i}: pipeline ${show(pipeline[i])}\n   plain ${show(pure[i])}`
  }
  return null
}

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return a.length === b.length && a.every((byte, i) => byte === b[i])
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => {
    if (typeof field === 'bigint') return `${field}`
    return field instanceof Uint8Array ? `${field.length}:${Array.from(field.subarray(0, 8)).join('.')}` : field
  })
}
