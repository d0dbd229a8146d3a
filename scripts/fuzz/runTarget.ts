import { setImmediate } from 'node:timers/promises'
import { Random } from './random.ts'
import type { FuzzTarget } from './target.ts'

export type FuzzLimits = {
  readonly inputs: number
  readonly deadlineMs: number
  readonly seed: number
  readonly from?: number
}

export type FuzzFind = {
  readonly kind: 'crash' | 'hang'
  readonly index: number
  readonly what: string
  readonly input: string
}

export type FuzzResult = {
  readonly target: string
  readonly inputs: number
  readonly crashes: number
  readonly hangs: number
  /** The most memory that the process held, sampled. */
  readonly peakMiB: number
  readonly seconds: number
  readonly finds: readonly FuzzFind[]
}

/** What `size` bytes, of the input or unpacked from it, may take before it counts as a hang. */
const allowedMs = (size: number) => 10 + (4 * size) / 1_000

const MAX_FINDS = 20
const SAMPLE_EVERY = 256
const RENEW_EVERY = 20_000

/**
 * Feeds one target. Input number n depends on the seed and n alone, so that a find can be repeated by itself.
 *
 * A slow input is run up to three times more before it counts as a hang.
 */
export async function runTarget(target: FuzzTarget, limits: FuzzLimits): Promise<FuzzResult> {
  const start = performance.now()
  const finds: FuzzFind[] = []
  let crashes = 0
  let hangs = 0
  let peak = process.memoryUsage.rss()
  let index = limits.from ?? 0
  const end = index + limits.inputs
  for (; index < end; index++) {
    if (index % SAMPLE_EVERY === 0) {
      peak = Math.max(peak, process.memoryUsage.rss())
      // Native memory is given back between two turns of the event loop.
      await setImmediate()
      if (performance.now() - start > limits.deadlineMs) break
    }
    if (index % RENEW_EVERY === 0) await target.renew?.()
    const { size, run, show } = target.generate(new Random(limits.seed, index))
    let allowed = allowedMs(size)
    let ms = Number.POSITIVE_INFINITY
    for (let attempt = 0; attempt < 4 && ms > allowed; attempt++) {
      const began = performance.now()
      const cpuBefore = attempt === 0 ? null : process.threadCpuUsage()
      try {
        const running = run()
        if (typeof running === 'number') allowed = allowedMs(size + running)
        else if (running) await running
      } catch (error) {
        if (!target.expects(error)) {
          crashes++
          const headline = String(error)
          if (finds.filter(({ what }) => what.startsWith(headline)).length < 2 && finds.length < MAX_FINDS) {
            const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
            finds.push({ kind: 'crash', index, what, input: show() })
          }
          break
        }
      }
      // A second look goes by the processor time of this thread: the machine may be busy elsewhere.
      const cpu = cpuBefore && process.threadCpuUsage(cpuBefore)
      ms = Math.min(ms, cpu ? (cpu.user + cpu.system) / 1_000 : performance.now() - began)
      if (ms > 5) peak = Math.max(peak, process.memoryUsage.rss())
    }
    if (ms > allowed && ms !== Number.POSITIVE_INFINITY) {
      hangs++
      if (finds.length < MAX_FINDS) {
        finds.push({ kind: 'hang', index, what: `${ms.toFixed(1)} ms for ${size} bytes`, input: show() })
      }
    }
  }
  const seconds = (performance.now() - start) / 1_000
  const inputs = index - (limits.from ?? 0)
  return { target: target.name, inputs, crashes, hangs, peakMiB: Math.ceil(peak / 2 ** 20), seconds, finds }
}
