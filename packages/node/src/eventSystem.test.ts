import { codedError } from '@keelson/protocol'
import { nullLogger } from '@keelson/service'
import { ManualClock } from '@keelson/service/testing'
import { describe, expect, it } from 'vitest'
import { EVENT_SPECS, eventTable } from './eventSpecs.ts'
import { EventSystem, type EventTrace, type HandlingTrace } from './eventSystem.ts'
import type { EventType, NodeEvent } from './events.ts'

class TestError extends codedError('TestError', {
  later: { severity: 'temporary', text: (_: Record<string, never>) => 'later' },
  again: { severity: 'reset', text: (_: Record<string, never>) => 'again' },
}) {}

const step: NodeEvent = { type: 'step' }
const outside = { name: 'outside', emits: ['step', 'step-attempt', 'critical-error'], handles: [] } as const

function make() {
  const system = new EventSystem({ clock: new ManualClock(), log: nullLogger })
  const seen: string[] = []
  /** Registers a deriver that notes what it handles. */
  const listen = (name: string, handles: readonly EventType[], act: () => void | Promise<void> = () => {}) =>
    system.register(
      { name, emits: [] as const, handles },
      () =>
        Object.fromEntries(
          handles.map((type) => [
            type,
            async () => {
              await act()
              seen.push(`${name}:${type}`)
            },
          ]),
        ) as never,
    )
  return { system, seen, listen, emit: system.emitter(outside) }
}

describe('the event system', () => {
  it('gives events in order, each to the derivers in the order of registration', async () => {
    const { system, seen, listen, emit } = make()
    listen('a', ['step', 'step-attempt'], () => new Promise((resolve) => setTimeout(resolve, 1)))
    listen('b', ['step', 'step-attempt'])
    emit(step)
    emit({ type: 'step-attempt' })
    await system.drain()
    expect(seen).toEqual(['a:step', 'b:step', 'a:step-attempt', 'b:step-attempt'])
  })

  it('puts what a handler emits behind what waits', async () => {
    const { system, seen, listen, emit } = make()
    system.register({ name: 'echo', emits: ['step-attempt'], handles: ['step'] } as const, (echo) => ({
      step: () => echo({ type: 'step-attempt' }),
    }))
    listen('b', ['step', 'step-attempt'])
    emit(step)
    emit(step)
    await system.drain()
    expect(seen).toEqual(['b:step', 'b:step', 'b:step-attempt', 'b:step-attempt'])
  })

  for (const [error, event] of [
    [new TestError('later', {}), 'engine-temporary-error'],
    [new TestError('again', {}), 'reset-event'],
    [new Error('nobody classed this'), 'critical-error'],
  ] as const) {
    it(`turns a thrown error into ${event}`, async () => {
      const { system, seen, listen, emit } = make()
      listen('fails', ['step'], () => {
        throw error
      })
      listen('b', ['step', event])
      emit(step)
      await system.drain()
      expect(seen).toEqual(['b:step', `b:${event}`].filter((line) => event !== 'critical-error' || line !== 'b:never'))
    })
  }

  it('handles nothing but the critical error once there is one', async () => {
    const { system, seen, listen, emit } = make()
    listen('b', ['step', 'critical-error'])
    emit({ type: 'critical-error', error: new Error('stop') })
    emit(step)
    await system.drain()
    expect(seen).toEqual(['b:critical-error'])
    expect(system.criticalError?.message).toBe('stop')
  })

  it('stops the node when two derivers feed each other without end', async () => {
    const { system, emit } = make()
    system.register({ name: 'twice', emits: ['step'], handles: ['step'] } as const, (again) => ({
      step: () => {
        again({ type: 'step' })
        again({ type: 'step' })
      },
    }))
    emit(step)
    await system.drain()
    expect(system.criticalError?.message).toMatch('event queue overflow')
  })

  it('tells tracers who emitted what inside of which handling', async () => {
    const { system, emit } = make()
    const emitted: EventTrace[] = []
    const handled: HandlingTrace[] = []
    system.addTracer({ emitted: (trace) => void emitted.push(trace), handled: (trace) => void handled.push(trace) })
    system.register({ name: 'echo', emits: ['step-attempt'], handles: ['step'] } as const, (echo) => ({
      step: () => echo({ type: 'step-attempt' }),
    }))
    emit(step)
    await system.drain()
    expect(emitted.map(({ emitter, emitContext, derivContext }) => [emitter, emitContext, derivContext])).toEqual([
      ['outside', 1, 0],
      ['echo', 2, 1],
    ])
    expect(handled).toHaveLength(1)
    expect(handled[0]).toMatchObject({ deriver: 'echo', error: null })
  })

  it('refuses a second deriver of the same name', () => {
    const { listen } = make()
    listen('a', ['step'])
    expect(() => listen('a', ['step'])).toThrow('a deriver named a')
  })
})

describe('the event table', () => {
  it('has an emitter and a handler for every event but the last one of all', () => {
    const rows = eventTable().split('\n').slice(2, -1)
    expect(rows.length).toBeGreaterThan(20)
    const lonely = rows.filter((row) => row.includes(' – |'))
    expect(lonely).toEqual([expect.stringContaining('critical-error')])
    expect(new Set(EVENT_SPECS.map(({ name }) => name)).size).toBe(EVENT_SPECS.length)
  })
})
