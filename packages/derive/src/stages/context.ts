import type { L1BlockRef, RollupConfig } from '@keelson/protocol'
import type { DeriveMetrics } from '../metrics.ts'
import type { DerivationObserver, Outcome, RuleId, Verdict } from '../verdict.ts'

/** What all stages share: the config, the L1 block the whole pipeline stands on, and who is told what happened. */
export type StageContext = {
  readonly config: RollupConfig
  readonly metrics: DeriveMetrics
  readonly observer: DerivationObserver | undefined
  /** Set by L1 traversal alone. */
  origin: L1BlockRef
}

/** What was decided, and by which rule. */
export type Decision = { readonly outcome: Outcome; readonly rule: RuleId; readonly reason: string }

/** `Omit` over each member of a union. */
type EvidenceOf<V extends Verdict> = V extends Verdict ? Omit<V, keyof Decision | 'origin'> : never

/**
 * Counts a drop and tells the observer. The evidence is made only when somebody looks at it.
 */
export function report(
  ctx: StageContext,
  decision: Decision,
  evidence: () => EvidenceOf<Verdict>,
  subject: Verdict['subject'],
): void {
  if (decision.outcome === 'dropped') ctx.metrics.dropped.inc({ subject, rule: decision.rule })
  ctx.observer?.verdict({ ...decision, ...evidence(), origin: ctx.origin } as Verdict)
}
