import { createLogger } from '@keelson/service'
import { describe, expect, it } from 'vitest'
import { startTestDevnet } from './support.ts'

/** Names of the steps of the devnet's own start, as its log tells of them: those of its nodes have one name more. */
function stepsOf(lines: readonly Record<string, unknown>[], msg: 'Starting' | 'Closing'): unknown[] {
  const own = lines.filter((line) => !('node' in line) && !('engine' in line) && !('service' in line))
  return own.filter((line) => line.msg === msg).map(({ step }) => step)
}

/** Begins to start a devnet and stops it some time after it came to the step. */
async function stoppedAt(step: string, afterMs = 0) {
  const lines: Record<string, unknown>[] = []
  const stop = new AbortController()
  const log = createLogger({
    level: 'debug',
    format: 'json',
    write: (text) => {
      const line = JSON.parse(text) as Record<string, unknown>
      lines.push(line)
      if (line.msg === 'Starting' && line.step === step) setTimeout(() => stop.abort(new Error('stopped')), afterMs)
    },
  })
  await expect(startTestDevnet({ log, signal: stop.signal })).rejects.toThrow(`cannot start ${step}: `)
  return { started: stepsOf(lines, 'Starting'), closed: stepsOf(lines, 'Closing') }
}

/** Resources of the event loop that are processes, once those that have ended are let go. */
async function childProcesses(): Promise<string[]> {
  await new Promise((resolve) => setTimeout(resolve, 10))
  return process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap')
}

describe('a devnet that is stopped while it starts', () => {
  // Before L1 runs, while it starts to answer, and while contracts are deployed on it.
  it.each([0, 50, 500])(
    'ends L1 at once, and opens nothing more: %i ms after the begin',
    async (afterMs) => {
      const { started, closed } = await stoppedAt('L1 and its contracts', afterMs)
      expect(started).toEqual(['L1 and its contracts'])
      // On a fast machine the step may have ended by then, and is closed like any other.
      expect(['', 'L1 and its contracts']).toContain(closed.join())
      expect(await childProcesses()).toEqual([])
    },
    60_000,
  )

  it('closes in reverse what was open, L1 last', async () => {
    const { started, closed } = await stoppedAt('the verifier')
    expect(started.at(-1)).toBe('the verifier')
    expect(closed).toEqual([
      "the verifier's engine",
      'the sequencer',
      "the sequencer's engine",
      'blob cryptography',
      'L1 and its contracts',
    ])
    expect(await childProcesses()).toEqual([])
  }, 60_000)
})
