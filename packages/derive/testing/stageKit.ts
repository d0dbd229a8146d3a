import {
  decodeSpanBatch,
  deriveSpanBatch,
  encodeSpanBatch,
  type ForkSchedule,
  type L1BlockRef,
  type L2BlockRef,
  type RollupConfig,
  type SingularBatch,
  type SpanBatch,
  type SystemConfig,
} from '@keelson/protocol'
import { forksUpTo, testRollupConfig, testSystemConfig } from '@keelson/protocol/testing'
import { nullDeriveMetrics } from '../src/metrics.ts'
import { again, drained, type Pull, ready, type Stage, type StageBase } from '../src/stage.ts'
import type { StageContext } from '../src/stages/context.ts'
import type { Verdict } from '../src/verdict.ts'
import { fakeHash, l1Block, l1Ref } from './memoryL1.ts'

/** Time of the first L1 block made by {@link l1Chain}. */
export const L1_START = 1_000n

/** L1 blocks 100, 101, … 12 s apart. */
export function l1Chain(length: number, { slot = 12n, salt = '' } = {}): L1BlockRef[] {
  const chain: L1BlockRef[] = []
  for (let i = 0; i < length; i++) {
    const parent = chain.at(-1) ?? null
    const fields = parent ? { timestamp: parent.timestamp + slot } : { number: 100n, timestamp: L1_START }
    chain.push(l1Ref(l1Block(parent, { ...fields, salt })))
  }
  return chain
}

/** A config of blocks of 2 s whose L2 genesis is at {@link L1_START}; every fork up to `fork` is active. */
export function stageConfig(
  fork: Parameters<typeof forksUpTo>[0],
  overrides: Partial<RollupConfig> = {},
): RollupConfig {
  const l1 = { hash: fakeHash('L1 genesis'), number: 0n }
  return testRollupConfig({
    forks: forksUpTo(fork),
    seqWindowSize: 10n,
    channelTimeout: 5n,
    maxSequencerDrift: 20n,
    genesis: {
      l1,
      l2: { hash: fakeHash('L2 genesis'), number: 0n },
      l2Time: L1_START,
      systemConfig: testSystemConfig(),
    },
    ...overrides,
  })
}

/** Adds fork times to a config. */
export const withForks = (config: RollupConfig, forks: ForkSchedule): RollupConfig => ({
  ...config,
  forks: { ...config.forks, ...forks },
})

/** A stage context that keeps what it is told. */
export type TestContext = StageContext & { readonly verdicts: Verdict[] }

/** A context that stands on `origin`. */
export function testContext(config: RollupConfig, origin: L1BlockRef): TestContext {
  const verdicts: Verdict[] = []
  return { config, metrics: nullDeriveMetrics, observer: { verdict: (v) => void verdicts.push(v) }, origin, verdicts }
}

/** Rule and outcome of verdicts, such as `DER-072 dropped`. */
export const shown = (verdicts: readonly Verdict[], subject?: Verdict['subject']): string[] =>
  verdicts.filter((v) => !subject || v.subject === subject).map(({ rule, outcome }) => `${rule} ${outcome}`)

/** A stage that gives what is put into it, one at a time, then is drained. */
export type FedStage<T> = Stage<T> & { readonly items: T[]; flush(): void; flushes: number }

/** A stage fed by hand; a flush empties it. */
export function fedStage<T>(...items: T[]): FedStage<T> {
  return {
    items,
    flushes: 0,
    async pull() {
      const item = items.shift()
      return item === undefined ? drained : ready(item)
    },
    flush() {
      this.flushes++
      items.length = 0
    },
    reset() {
      items.length = 0
    },
  }
}

/** Pulls until the stage is drained. */
export async function drain<T>(stage: { pull(): Promise<Pull<T>> }): Promise<T[]> {
  const values: T[] = []
  for (;;) {
    const pulled = await stage.pull()
    if (pulled.status === 'drained') return values
    if (pulled.status === 'ready') values.push(pulled.value)
  }
}

/** Pulls until there is a value (given as is) or the stage is drained (`null`). */
export async function nextOf<T>(pull: () => Promise<Pull<T>>): Promise<T | null> {
  for (;;) {
    const pulled = await pull()
    if (pulled.status === 'drained') return null
    if (pulled.status !== again.status) return pulled.value
  }
}

export const baseAt = (origin: L1BlockRef, systemConfig: SystemConfig = testSystemConfig()): StageBase => ({
  origin,
  systemConfig,
})

/** An L2 block `number` with L1 origin `origin`, at time {@link L1_START} + 2 · number unless said otherwise. */
export function l2Block(number: bigint, origin: L1BlockRef, overrides: Partial<L2BlockRef> = {}): L2BlockRef {
  return {
    hash: fakeHash(`L2 ${number}`),
    number,
    parentHash: fakeHash(`L2 ${number - 1n}`),
    timestamp: L1_START + 2n * number,
    l1Origin: { hash: origin.hash, number: origin.number },
    sequenceNumber: 1n,
    ...overrides,
  }
}

/** The batch for the block after `parent`, with L1 origin `origin`. */
export function batchOn(parent: L2BlockRef, origin: L1BlockRef, overrides: Partial<SingularBatch> = {}): SingularBatch {
  return {
    parentHash: parent.hash,
    epochNumber: origin.number,
    epochHash: origin.hash,
    timestamp: parent.timestamp + 2n,
    transactions: [],
    ...overrides,
  }
}

/** A span batch that begins after `parent`: one block for each origin, with the transactions given. */
export function spanOn(
  config: RollupConfig,
  parent: L2BlockRef,
  origins: readonly L1BlockRef[],
  transactions: readonly (readonly Uint8Array[])[] = [],
): SpanBatch {
  const blocks = origins.map((origin, i) =>
    batchOn(parent, origin, { timestamp: parent.timestamp + 2n * BigInt(i + 1), transactions: transactions[i] ?? [] }),
  )
  const first = blocks[0]
  const bytes = encodeSpanBatch(blocks, config, first?.epochNumber === parent.l1Origin.number ? 1n : 0n)
  const span = deriveSpanBatch(decodeSpanBatch(bytes), config)
  if (span instanceof Error) throw span
  return span
}
