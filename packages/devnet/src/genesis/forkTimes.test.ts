import { describe, expect, it } from 'vitest'
import { forkSchedule, parseForkTime } from './forkTimes.ts'

const scheduleOf = (...flags: string[]) => forkSchedule(1000n, new Map(flags.map(parseForkTime)))

describe('fork times of a devnet', () => {
  it('activates every fork through Jovian at genesis', () => {
    const schedule = scheduleOf()
    expect(schedule.regolith).toBe(0n)
    expect(schedule.jovian).toBe(0n)
    expect(schedule.karst).toBeUndefined()
  })

  it('counts +20s from genesis', () => {
    expect(scheduleOf('karst=+20s').karst).toBe(1020n)
  })

  it('leaves out the forks after one that never comes', () => {
    const schedule = scheduleOf('holocene=never')
    expect(schedule.granite).toBe(0n)
    expect(schedule.holocene).toBeUndefined()
    expect(schedule.jovian).toBeUndefined()
  })

  it('moves later forks along with a fork that is put off', () => {
    expect(scheduleOf('holocene=+10s').jovian).toBe(1010n)
  })

  it('names the forms it understands', () => {
    expect(() => parseForkTime('karts=+20s')).toThrow(/expected <fork>=never, <fork>=\+<seconds>s/)
    expect(() => parseForkTime('karst=soon')).toThrow(/karst=soon/)
  })

  it('refuses forks out of order', () => {
    expect(() => scheduleOf('holocene=+10s', 'isthmus=+5s')).toThrow(/isthmus comes before/)
    expect(() => scheduleOf('isthmus=never', 'jovian=+5s')).toThrow(/jovian has a time/)
  })
})
