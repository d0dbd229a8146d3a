import { expect, it } from 'vitest'
import { ManualClock } from '../testing/index.ts'
import { createLogger, parseLogLevel } from './log.ts'
import type { LogFormat } from './logFormat.ts'

const clock = new ManualClock(Date.UTC(2026, 10, 20, 22, 17, 36, 5))
function lines(format: LogFormat, color = false) {
  const out: string[] = []
  return { out, log: createLogger({ format, color, clock, write: (line) => out.push(line) }) }
}

it('writes logfmt with quotes only where they are needed', () => {
  const { out, log } = lines('logfmt')
  log.info('Head moved', { number: 5n, hash: Uint8Array.of(1, 255), note: 'a b', empty: '' })
  expect(out).toEqual(['t=2026-11-20T22:17:36+0000 lvl=info msg="Head moved" number=5 hash=0x01ff note="a b" empty=""'])
})

it('writes the terminal format with padded messages', () => {
  const { out, log } = lines('terminal')
  log.warn('Slow', { ms: 12 })
  expect(out).toEqual([`WARN [11-20|22:17:36.005] ${'Slow'.padEnd(40)} ms=12`])
})

it('writes JSON with errors as the chain of their messages', () => {
  const { out, log } = lines('json')
  log.error('Failed', { err: new Error('outer', { cause: new Error('inner') }), list: [1n], count: 2 })
  expect(JSON.parse(out[0] as string)).toEqual({
    t: '2026-11-20T22:17:36.005Z',
    lvl: 'error',
    msg: 'Failed',
    err: 'outer: inner',
    list: ['1'],
    count: 2,
  })
})

it('takes text for terminal with colours and for logfmt without', () => {
  const plain = lines('text')
  plain.log.info('x')
  const colored = lines('text', true)
  colored.log.info('x')
  expect([plain.out[0]?.startsWith('t='), colored.out[0]?.startsWith('\x1b[32mINFO')]).toEqual([true, true])
})

it('keeps a line one line and survives circular fields', () => {
  const { out, log } = lines('logfmt')
  const circle: Record<string, unknown> = { name: 'c' }
  circle.self = circle
  log.info('two\nlines', { circle })
  expect(out[0]).not.toContain('\n')
  expect(out[0]).toContain('[circular]')
})

it('follows a level that is changed later, children too', () => {
  const { out, log } = lines('logfmt')
  const child = log.child({ peer: 'a' })
  child.debug('hidden')
  log.setLevel('debug')
  child.debug('shown')
  expect(out.length).toBe(1)
  expect(out[0]).toContain('peer=a')
})

it('reads levels in any case and in four letters', () => {
  expect(['TRCE', 'Dbug', 'eror', 'INFO', 'loud'].map(parseLogLevel)).toEqual(['trace', 'debug', 'error', 'info', null])
})
