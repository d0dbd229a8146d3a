import { expect, it } from 'vitest'
import { recordedLogs } from '../testing/index.ts'
import { createLifecycle } from './lifecycle.ts'

const resource = (closed: string[], name: string) =>
  [async () => name, (opened: string) => void closed.push(opened)] as const

it('closes in reverse order, once', async () => {
  const closed: string[] = []
  const life = createLifecycle(recordedLogs().log)
  await life.step('a', ...resource(closed, 'a'))
  await life.step('b', ...resource(closed, 'b'))
  await Promise.all([life.close(), life.close()])
  expect(closed).toEqual(['b', 'a'])
})

it('closes what was opened when a step fails, and names the step', async () => {
  const closed: string[] = []
  const life = createLifecycle(recordedLogs().log)
  await life.step('a', ...resource(closed, 'a'))
  await expect(life.step('p2p', () => Promise.reject(new Error('port taken')))).rejects.toThrow(
    'cannot start p2p: port taken',
  )
  expect(closed).toEqual(['a'])
})

it('goes on closing when one close fails or hangs', async () => {
  const closed: string[] = []
  const { log, lines } = recordedLogs()
  const life = createLifecycle(log, { closeTimeoutMs: 10 })
  await life.step('a', ...resource(closed, 'a'))
  await life.step(
    'broken',
    async () => 1,
    () => Promise.reject(new Error('x')),
  )
  await life.step(
    'hanging',
    async () => 1,
    () => new Promise(() => {}),
  )
  await life.close()
  expect(closed).toEqual(['a'])
  expect(lines.filter((line) => line.level === 'error').map((line) => line.fields.step)).toEqual(['hanging', 'broken'])
})

it('closes a resource that opened after the stop had come', async () => {
  const closed: string[] = []
  const life = createLifecycle(recordedLogs().log)
  const opening = Promise.withResolvers<string>()
  const step = expect(
    life.step(
      'late',
      () => opening.promise,
      (name) => void closed.push(name),
    ),
  ).rejects.toThrow('stopped')
  await life.close()
  opening.resolve('late')
  await step
  expect(closed).toEqual(['late'])
})

it('opens nothing more once the signal has aborted, and closes in reverse what was open or opening', async () => {
  const events: string[] = []
  const stop = new AbortController()
  const life = createLifecycle(recordedLogs().log, { signal: stop.signal })
  const step = (name: string, opening: Promise<void> = Promise.resolve()) =>
    life.step(
      name,
      () => {
        events.push(`open ${name}`)
        return opening
      },
      () => void events.push(`close ${name}`),
    )
  await step('a')
  const opening = Promise.withResolvers<void>()
  const second = expect(step('b', opening.promise)).rejects.toThrow('cannot start b: stopped while it was starting')
  stop.abort()
  opening.resolve()
  await second
  await expect(step('c')).rejects.toThrow('cannot start c: stopped before it was started')
  expect(events).toEqual(['open a', 'open b', 'close b', 'close a'])
})
