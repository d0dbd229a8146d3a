import { altSyncSpec } from './altSync.ts'
import { attributesHandlerSpec } from './attributesHandler.ts'
import { derivationSpec } from './derivationDeriver.ts'
import { driverSpec } from './driver.ts'
import { engineControllerSpec, engineDeriverSpec } from './engineDeriver.ts'
import { engineResetSpec } from './engineReset.ts'
import type { DeriverSpec } from './events.ts'
import { finalizerSpec } from './finality.ts'
import { followSourceSpec } from './followSource.ts'
import { originCheckSpec } from './originCheck.ts'
import { safeDbSpec } from './safeDb.ts'
import { sequencerSpec } from './sequencer.ts'
import { statusSpec } from './statusTracker.ts'
import { stepSchedulerSpec } from './stepScheduler.ts'
import { syncSpec } from './syncDeriver.ts'

/** Every deriver and emitter of a node, in the order in which they are given an event. */
export const EVENT_SPECS: readonly DeriverSpec[] = [
  driverSpec,
  engineControllerSpec,
  statusSpec,
  safeDbSpec,
  finalizerSpec,
  stepSchedulerSpec,
  syncSpec,
  engineResetSpec,
  originCheckSpec,
  derivationSpec,
  attributesHandlerSpec,
  engineDeriverSpec,
  altSyncSpec,
  followSourceSpec,
  sequencerSpec,
]

/** The table of `docs/events.md`: each event with who emits and who handles it. Errors that a handler throws are not in it. */
export function eventTable(specs: readonly DeriverSpec[] = EVENT_SPECS): string {
  const types = [...new Set(specs.flatMap(({ emits, handles }) => [...emits, ...handles]))].sort()
  const names = (of: 'emits' | 'handles', type: string) =>
    specs
      .filter((spec) => (spec[of] as readonly string[]).includes(type))
      .map(({ name }) => name)
      .join(', ') || '–'
  const rows = types.map((type) => `| ${type} | ${names('emits', type)} | ${names('handles', type)} |`)
  return ['| event | emitted by | handled by |', '| --- | --- | --- |', ...rows, ''].join('\n')
}
