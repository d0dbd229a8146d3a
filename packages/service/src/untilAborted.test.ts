import { describe, expect, it } from 'vitest'
import { untilAborted } from './untilAborted.ts'

describe('waiting until aborted', () => {
  it('gives what the promise gives', async () => {
    const { signal } = new AbortController()
    expect(await untilAborted(Promise.resolve(1), signal)).toBe(1)
    await expect(untilAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
    expect(await untilAborted(Promise.resolve(2), undefined)).toBe(2)
  })

  it('ends with the reason of the signal while the promise is pending', async () => {
    const abort = new AbortController()
    const waiting = untilAborted(new Promise(() => {}), abort.signal)
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })

  it('does not wait at all when the signal has aborted already', async () => {
    await expect(untilAborted(new Promise(() => {}), AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
  })

  it('keeps a later failure of the promise from going unhandled', async () => {
    let fail: (error: Error) => void = () => {}
    const promise = new Promise<never>((_, reject) => {
      fail = reject
    })
    const waiting = untilAborted(promise, AbortSignal.abort(new Error('first')))
    await expect(waiting).rejects.toThrow('first')
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    fail(new Error('second'))
    await new Promise((resolve) => setTimeout(resolve, 5))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})
