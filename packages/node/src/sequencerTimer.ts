import type { Clock } from '@keelson/service'
import type { Driver } from './driver.ts'
import type { Sequencer } from './sequencer.ts'

/** Rings the sequencer when its next action is due; looks after each turn of the driver whether that has changed. */
export function sequencerTimer(parts: {
  readonly sequencer: Pick<Sequencer, 'nextActionMs'>
  readonly driver: Driver
  readonly clock: Pick<Clock, 'now'>
}): void {
  const { sequencer, driver, clock } = parts
  let at: number | null = null
  let cancel = () => {}
  driver.afterTurn = () => {
    const next = sequencer.nextActionMs
    if (next === at) return
    cancel()
    at = next
    if (next === null) return
    cancel = driver.after(Math.max(0, next - clock.now()), () => {
      at = null
      driver.emit({ type: 'sequencer-action' })
    })
  }
}
