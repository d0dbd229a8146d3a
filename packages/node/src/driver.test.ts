import { nullLogger } from '@keelson/service'
import { ManualClock, settle } from '@keelson/service/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Driver } from './driver.ts'
import { EventSystem } from './eventSystem.ts'
import { stepScheduler, stepSchedulerSpec } from './stepScheduler.ts'

function make() {
  const clock = new ManualClock()
  const system = new EventSystem({ clock, log: nullLogger })
  const driver = new Driver({ system, clock, log: nullLogger })
  system.register(stepSchedulerSpec, stepScheduler({ driver, log: nullLogger, random: () => 0 }))
  const steps: number[] = []
  const outcome: { next: 'fail' | 'idle' | 'more' | 'nothing' } = { next: 'nothing' }
  system.register(
    { name: 'fake', emits: ['step-req', 'derivation-idle', 'deriver-more'], handles: ['step'] } as const,
    (emit) => ({
      step: () => {
        steps.push(clock.now())
        if (outcome.next === 'fail') emit({ type: 'step-req', resetBackoff: false })
        if (outcome.next === 'idle') emit({ type: 'derivation-idle', origin: null })
        if (outcome.next === 'more' && steps.length < 5) emit({ type: 'deriver-more' })
      },
    }),
  )
  const stopped: Error[] = []
  onTestFinished(() => driver.close())
  return { clock, driver, steps, outcome, stopped, start: () => driver.start((error) => void stopped.push(error)) }
}

describe('the driver loop', () => {
  it('begins with one step', async () => {
    const { driver, steps, start } = make()
    start()
    await driver.idle()
    expect(steps).toHaveLength(1)
  })

  it('waits 2, 4, 8 and then 10 seconds after failures', async () => {
    const { clock, steps, outcome, start } = make()
    const begun = clock.now()
    outcome.next = 'fail'
    start()
    await settle()
    for (let i = 0; i < 40; i++) await clock.advance(1000)
    expect(steps.map((at) => (at - begun) / 1000)).toEqual([0, 2, 6, 14, 24, 34])
  })

  it('goes on at once while there is progress', async () => {
    const { driver, steps, outcome, start } = make()
    outcome.next = 'more'
    start()
    await driver.idle()
    expect(steps).toHaveLength(5)
  })

  it('begins to wait anew after it was idle', async () => {
    const { clock, driver, steps, outcome, start } = make()
    outcome.next = 'idle'
    start()
    await driver.idle()
    driver.emit({ type: 'step-req', resetBackoff: false })
    driver.post(() => {})
    await settle()
    await clock.advance(0)
    expect(steps).toHaveLength(2)
  })

  it('runs a request in a turn of its own and gives its result', async () => {
    const { driver, start } = make()
    start()
    expect(await driver.run(() => 5)).toBe(5)
    await expect(driver.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  })

  it('turns the failure of background work into an event', async () => {
    const { driver, stopped, start } = make()
    start()
    driver.background(
      () => Promise.reject(new Error('nobody classed this')),
      () => {},
    )
    await settle()
    expect(stopped.map(({ message }) => message)).toEqual(['nobody classed this'])
  })

  it('refuses requests once it is closed', async () => {
    const { driver, start } = make()
    start()
    await driver.close()
    await expect(driver.run(() => 1)).rejects.toThrow('the node is stopping')
  })
})
