/** `npm run bench -- <name> [flags]`: measures one thing and prints figures with their baseline. Nothing is asserted. */
const BENCHMARKS: Readonly<
  Record<string, { summary: string; load: () => Promise<{ run(argv: readonly string[]): Promise<unknown> }> }>
> = {
  derive: {
    summary: 'L1 bytes to payload attributes: MB/s, blocks/s, share of each stage, memory',
    load: () => import('./derive.ts'),
  },
  execution: {
    summary: 'transfers and real blocks beside @ethereumjs/vm; growth of the state to 1,000,000 accounts',
    load: () => import('./execution.ts'),
  },
  precompiles: {
    summary: 'gas that each precompile burns per second',
    load: () => import('./precompiles.ts'),
  },
  engine: {
    summary: 'latency of the Engine API at 10, 100 and 1,000 transactions; growth of the state on disk',
    load: () => import('./engine.ts'),
  },
  devnet: {
    summary: 'first L2 block, memory and CPU when idle, latency of a transfer to the verifier',
    load: () => import('./devnet.ts'),
  },
  'devnet-load': {
    summary: 'transfers per second through the whole devnet',
    load: () => import('./devnetLoad.ts'),
  },
}

const [name = '--help', ...argv] = process.argv.slice(2)
const benchmark = BENCHMARKS[name]
if (!benchmark) {
  const rows = Object.entries(BENCHMARKS).map(([key, { summary }]) => `  ${key.padEnd(12)} ${summary}`)
  console.log(['Usage: npm run bench -- <name>', '', ...rows].join('\n'))
  process.exit(name === '--help' ? 0 : 1)
}
const { run } = await benchmark.load()
await run(argv)
process.exit(0)
