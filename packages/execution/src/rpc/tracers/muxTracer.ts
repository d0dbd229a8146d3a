import type { TracedRun, TransactionTracer } from './tracer.ts'

/** geth's `muxTracer`: several tracers watch the same run, each answers under its name. */
export function muxTracer(tracers: Readonly<Record<string, TransactionTracer>>): TransactionTracer {
  const all = Object.values(tracers)
  const wanted = all.map(({ wantsState }) => wantsState)
  return {
    wantsState: wanted.includes('both') ? 'both' : wanted.includes('before') ? 'before' : 'none',
    // Steps are dear: taken only when one of the tracers looks at them.
    ...(all.some(({ step }) => step) && {
      step: (step) => {
        for (const tracer of all) tracer.step?.(step)
      },
    }),
    enter: (frame) => {
      for (const tracer of all) tracer.enter?.(frame)
    },
    exit: (result) => {
      for (const tracer of all) tracer.exit?.(result)
    },
    result: (run: TracedRun) =>
      Object.fromEntries(Object.entries(tracers).map(([name, tracer]) => [name, tracer.result(run)])),
  }
}
