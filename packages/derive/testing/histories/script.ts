import { FORKS, type ForkSchedule } from '@keelson/protocol'
import fc from 'fast-check'

/** What a batcher, or somebody else, does to a post. `honest` leaves it as it is. */
export const POST_KINDS = [
  'honest',
  'shuffled',
  'duplicated',
  'cut',
  'overlapping',
  'late',
  'tooEarly',
  'wrongParent',
  'wrongOrigin',
  'garbage',
  'bomb',
  'badTransaction',
  'foreign',
  'interleaved',
  'windowEdge',
  'driftEdge',
  'timeoutEdge',
  'overlapSafe',
  'flood',
] as const

export type PostKind = (typeof POST_KINDS)[number]

/** One thing that the batcher posts. */
export type Post = {
  readonly kind: PostKind
  readonly isSpan: boolean
  readonly isBrotli: boolean
  readonly isBlob: boolean
  /** L2 blocks to put into it. */
  readonly blocks: number
  readonly frames: number
  /** All frames in one payload, or each in its own. */
  readonly isOnePayload: boolean
  /** L1 blocks until it is included. */
  readonly delay: number
  /** Picks among the variants of `kind`. */
  readonly variant: number
}

/** The L1 chain goes back, to grow on from there with other blocks. */
export type Reorg = {
  /** L1 blocks that are replaced. */
  readonly depth: number
  /** The batcher's transactions of the blocks replaced come again in the new ones. */
  readonly isReincluded: boolean
  /** The L1 node knows the blocks replaced no longer, not even by hash. */
  readonly isForgotten: boolean
}

/** What happens up to and in one L1 block. */
export type Step = {
  /** What becomes of L1 before this block. */
  readonly reorg: Reorg | null
  /** L1 blocks before this one in which nothing happens. */
  readonly idle: number
  /** Steps that the pipeline is driven after this block; it may fall behind L1. */
  readonly pace: number
  /** Slots since the L1 block before; more than one: slots were missed. */
  readonly slots: number
  readonly deposits: number
  /** 0: none. */
  readonly configUpdate: number
  /** L2 blocks that the sequencer makes meanwhile. */
  readonly build: number
  /** Transactions in each of them. */
  readonly txs: number
  /** The sequencer stays with its L1 origin. */
  readonly isStuck: boolean
  readonly posts: readonly Post[]
}

/** All that determines a history. */
export type HistoryScript = {
  /** Newest fork that is active at genesis, as an index of {@link FORKS}. */
  readonly genesisFork: number
  /** L1 slots from one later fork to the next; where the list ends, no fork follows. */
  readonly forkGaps: readonly number[]
  readonly seqWindowSize: number
  readonly channelTimeout: number
  readonly maxSequencerDrift: number
  readonly steps: readonly Step[]
}

/** Seconds. */
export const L1_SLOT = 4n
export const GENESIS_TIME = 10_000n

/** The fork times that a script stands for. Forks that share a time do so before Jovian only, as configs must. */
export function forkTimes({ genesisFork, forkGaps }: Pick<HistoryScript, 'genesisFork' | 'forkGaps'>): ForkSchedule {
  const times: { [fork: string]: bigint } = {}
  let time = GENESIS_TIME
  for (const [index, fork] of FORKS.entries()) {
    if (index === 0) continue
    if (index <= genesisFork) {
      times[fork] = 0n
      continue
    }
    const gap = forkGaps[index - genesisFork - 1]
    if (gap === undefined) break
    const isApart = fork === 'jovian' || fork === 'karst' || fork === 'fjord'
    // Odd seconds: fork times need not be on the grid of L2 blocks.
    time += BigInt(isApart ? Math.max(gap, 1) : gap) * L1_SLOT + (gap % 2 === 0 ? 0n : 1n)
    times[fork] = time
  }
  return times
}

/** Those that take much memory or time. */
const RARE_KINDS: readonly PostKind[] = ['bomb', 'flood']

const post: fc.Arbitrary<Post> = fc.record({
  kind: fc.oneof(
    { weight: 1_400, arbitrary: fc.constant<PostKind>('honest') },
    {
      weight: 1_400,
      arbitrary: fc.constantFrom(...POST_KINDS.filter((kind) => kind !== 'honest' && !RARE_KINDS.includes(kind))),
    },
    { weight: 5, arbitrary: fc.constant<PostKind>('bomb') },
    { weight: 1, arbitrary: fc.constant<PostKind>('flood') },
  ),
  isSpan: fc.boolean(),
  isBrotli: fc.boolean(),
  isBlob: fc.nat(11).map((n) => n === 0),
  blocks: fc.integer({ min: 1, max: 10 }),
  frames: fc.integer({ min: 1, max: 4 }),
  isOnePayload: fc.boolean(),
  delay: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(3) }),
  variant: fc.nat(1023),
})

const reorg: fc.Arbitrary<Reorg> = fc.record({
  depth: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 3 }) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 12 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }) },
  ),
  isReincluded: fc.boolean(),
  isForgotten: fc.nat(3).map((n) => n === 0),
})

const step: fc.Arbitrary<Step> = fc.record({
  reorg: fc.oneof({ weight: 29, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: reorg }),
  idle: fc.oneof(
    { weight: 290, arbitrary: fc.constant(0) },
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 12 }) },
    { weight: 1, arbitrary: fc.integer({ min: 45, max: 52 }) },
  ),
  pace: fc.oneof(
    { weight: 5, arbitrary: fc.constant(10_000) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 9 }) },
    { weight: 2, arbitrary: fc.constant(0) },
  ),
  slots: fc.oneof(
    { weight: 300, arbitrary: fc.constant(1) },
    { weight: 80, arbitrary: fc.integer({ min: 2, max: 4 }) },
    { weight: 20, arbitrary: fc.constantFrom(12, 30) },
    { weight: 1, arbitrary: fc.constant(460) },
  ),
  deposits: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 2 }) },
  ),
  configUpdate: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(12) }),
  build: fc.nat(6),
  txs: fc.nat(2),
  isStuck: fc.nat(9).map((n) => n === 0),
  posts: fc.array(post, { maxLength: 3, size: 'max' }),
})

/** Histories of up to `maxSteps` L1 blocks. */
export const historyScript = (maxSteps = 40): fc.Arbitrary<HistoryScript> =>
  fc.record({
    genesisFork: fc.nat(FORKS.length - 1),
    forkGaps: fc.array(fc.nat(6), { maxLength: FORKS.length, size: 'max' }),
    seqWindowSize: fc.integer({ min: 3, max: 14 }),
    channelTimeout: fc.integer({ min: 1, max: 8 }),
    maxSequencerDrift: fc.integer({ min: 4, max: 40 }),
    steps: fc.array(step, { minLength: 1, maxLength: maxSteps, size: 'max' }),
  })
