import type { L1BlockRef, SingularBatch } from '@keelson/protocol'
import { testTx } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { batchOn, fakeHash, l1Chain, l2Block, stageConfig, withForks } from '../../testing/index.ts'
import { L1Window } from '../l1Window.ts'
import { checkSingularBatch } from './checkSingularBatch.ts'

type Fork = Parameters<typeof stageConfig>[0]
type Situation = {
  readonly fork?: Fork
  readonly config?: ReturnType<typeof stageConfig>
  /** Which L1 blocks of the chain are known: indexes [from, to). The safe head's origin is block 0 of it. */
  readonly known?: readonly [number, number]
  readonly inclusion?: number
  /** Seconds from the safe head's L1 origin to the safe head. */
  readonly ahead?: bigint
  readonly slot?: bigint
}

/** Judges the batch that `make` makes of the good next one. */
function judge(
  make: (good: SingularBatch, l1: readonly L1BlockRef[]) => SingularBatch,
  {
    fork = 'granite',
    config = stageConfig(fork),
    known = [0, 4],
    inclusion = 2,
    ahead = 10n,
    slot = 12n,
  }: Situation = {},
): string {
  const l1 = l1Chain(40, { slot })
  const window = new L1Window()
  for (const block of l1.slice(...known)) window.push(block)
  const origin = l1[0] as L1BlockRef
  const safeHead = l2Block(50n, origin, { timestamp: origin.timestamp + ahead })
  const situation = { config, window, safeHead, inclusion: l1[inclusion] as L1BlockRef }
  const { outcome, rule } = checkSingularBatch(make(batchOn(safeHead, origin), l1), situation)
  return `${rule} ${outcome}`
}

const tx = testTx({ chainId: 901n })
const at = (l1: readonly L1BlockRef[], index: number) => ({
  epochNumber: l1[index]?.number ?? 0n,
  epochHash: l1[index]?.hash ?? fakeHash('none'),
})

describe('a singular batch', () => {
  it('[DER-164] [DER-176] for the next block in the same epoch is accepted', () => {
    expect(judge((good) => ({ ...good, transactions: [tx] }))).toBe('DER-176 accepted')
  })

  it('[DER-002] [DER-165] may move to the next L1 block, when that is known', () => {
    const next = (good: SingularBatch, l1: readonly L1BlockRef[]) => ({ ...good, ...at(l1, 1) })
    expect(judge(next)).toBe('DER-176 accepted')
    expect(judge(next, { known: [0, 1], inclusion: 0 })).toBe('DER-165 undecided')
  })

  it('[DER-157] before Holocene waits when it is ahead of time', () => {
    expect(judge((good) => ({ ...good, timestamp: good.timestamp + 1n }))).toBe('DER-157 future')
  })

  it('[DER-158] from Holocene is dropped when it is ahead of time', () => {
    expect(judge((good) => ({ ...good, timestamp: good.timestamp + 2n }), { fork: 'holocene' })).toBe('DER-158 dropped')
  })

  it('[DER-159] before Holocene is dropped when it is behind', () => {
    expect(judge((good) => ({ ...good, timestamp: good.timestamp - 1n }))).toBe('DER-159 dropped')
  })

  it('[DER-160] from Holocene is past when it is behind', () => {
    expect(judge((good) => ({ ...good, timestamp: good.timestamp - 2n }), { fork: 'holocene' })).toBe('DER-160 past')
  })

  it('[DER-158] [DER-160] [DER-213] is judged by the time of the L1 block with it', () => {
    const l1 = l1Chain(3)
    const config = withForks(stageConfig('granite'), { holocene: l1[2]?.timestamp ?? 0n })
    const ahead = (good: SingularBatch) => ({ ...good, timestamp: good.timestamp + 2n })
    expect(judge(ahead, { config, inclusion: 1 })).toBe('DER-157 future')
    expect(judge(ahead, { config, inclusion: 2 })).toBe('DER-158 dropped')
  })

  it('[DER-161] is dropped on another parent', () => {
    expect(judge((good) => ({ ...good, parentHash: fakeHash('other') }))).toBe('DER-161 dropped')
  })

  it('[DER-006] [DER-162] is timely up to the L1 block epoch + window, and too late after it', () => {
    expect(judge((good) => good, { inclusion: 10 })).toBe('DER-176 accepted')
    expect(judge((good) => good, { inclusion: 11 })).toBe('DER-162 dropped')
  })

  it('[DER-163] is dropped with an epoch before the safe head', () => {
    expect(judge((good) => ({ ...good, epochNumber: good.epochNumber - 1n }))).toBe('DER-163 dropped')
  })

  it('[DER-163] is dropped with the epoch of the safe head once the known L1 blocks have left it behind', () => {
    expect(judge((good) => good, { known: [1, 5] })).toBe('DER-163 dropped')
  })

  it('[DER-166] is dropped when it skips an L1 block', () => {
    expect(judge((good, l1) => ({ ...good, ...at(l1, 2) }))).toBe('DER-166 dropped')
  })

  it('[DER-166] counts from the safe head, also when the known L1 blocks begin one later', () => {
    expect(judge((good, l1) => ({ ...good, ...at(l1, 2) }), { known: [1, 5] })).toBe('DER-166 dropped')
    expect(judge((good, l1) => ({ ...good, ...at(l1, 1) }), { known: [1, 5] })).toBe('DER-176 accepted')
  })

  it('[DER-007] [DER-167] is dropped with the hash of another L1 block', () => {
    expect(judge((good) => ({ ...good, epochHash: fakeHash('reorged') }))).toBe('DER-167 dropped')
    expect(judge((good, l1) => ({ ...good, ...at(l1, 1), epochHash: good.epochHash }))).toBe('DER-167 dropped')
  })

  it('[DER-004] [DER-168] is dropped when it is older than its L1 origin', () => {
    expect(judge((good, l1) => ({ ...good, ...at(l1, 1) }), { ahead: 8n })).toBe('DER-168 dropped')
  })

  it('[DER-005] [DER-170] is dropped with transactions beyond the drift', () => {
    const withTx = (good: SingularBatch) => ({ ...good, transactions: [tx] })
    const config = stageConfig('ecotone')
    expect(judge(withTx, { config, ahead: 18n, slot: 100n })).toBe('DER-176 accepted')
    expect(judge(withTx, { config, ahead: 20n, slot: 100n })).toBe('DER-170 dropped')
  })

  it('[DER-005] [DER-171] beyond the drift without transactions depends on the next L1 block', () => {
    const config = stageConfig('ecotone')
    expect(judge((good) => good, { config, ahead: 20n, slot: 100n })).toBe('DER-176 accepted')
    expect(judge((good) => good, { config, ahead: 20n, slot: 22n })).toBe('DER-171 dropped')
    expect(judge((good) => good, { config, ahead: 20n, slot: 23n })).toBe('DER-176 accepted')
    expect(judge((good) => good, { config, ahead: 20n, known: [0, 1], inclusion: 0 })).toBe('DER-171 undecided')
  })

  it('[DER-171] beyond the drift of the epoch it moves to goes on', () => {
    const config = stageConfig('ecotone', { maxSequencerDrift: 0n })
    expect(judge((good, l1) => ({ ...good, ...at(l1, 1) }), { config, ahead: 20n })).toBe('DER-176 accepted')
  })

  it('[DER-011] [DER-012] [DER-385] has the drift of the config, from Fjord at its L1 origin 1,800 s', () => {
    const l1 = l1Chain(2, { slot: 4_000n })
    const withTx = (good: SingularBatch) => ({ ...good, transactions: [tx] })
    const config = withForks(stageConfig('ecotone'), { fjord: l1[0]?.timestamp ?? 0n })
    expect(judge(withTx, { config, ahead: 1_798n, slot: 4_000n })).toBe('DER-176 accepted')
    expect(judge(withTx, { config, ahead: 1_800n, slot: 4_000n })).toBe('DER-170 dropped')
    // Fjord by the L2 time and by the inclusion block alone does not count.
    const later = withForks(stageConfig('ecotone'), { fjord: (l1[0]?.timestamp ?? 0n) + 1n })
    expect(judge(withTx, { config: later, ahead: 30n, slot: 4_000n })).toBe('DER-170 dropped')
  })

  it('[DER-177] has no drift that overflows', () => {
    const config = stageConfig('ecotone', { maxSequencerDrift: 2n ** 64n - 1n })
    expect(judge((good) => ({ ...good, transactions: [tx] }), { config, ahead: 1_000n, slot: 4_000n })).toBe(
      'DER-176 accepted',
    )
    expect(judge((good) => ({ ...good, epochNumber: 2n ** 64n - 1n }))).toBe('DER-166 dropped')
  })

  it('[DER-172] is dropped with an empty transaction', () => {
    expect(judge((good) => ({ ...good, transactions: [tx, new Uint8Array(0)] }))).toBe('DER-172 dropped')
  })

  it('[DER-117] [DER-173] is dropped with a deposit', () => {
    expect(judge((good) => ({ ...good, transactions: [Uint8Array.of(0x7e, 0xc0)] }))).toBe('DER-173 dropped')
  })

  it('[DER-174] keeps types that only the engine refuses, as op-node and kona do', () => {
    expect(judge((good) => ({ ...good, transactions: [Uint8Array.of(0x03, 0xc0)] }))).toBe('DER-176 accepted')
  })

  it('[DER-175] may have set-code transactions from Isthmus, by its own time', () => {
    const setCode = (good: SingularBatch) => ({ ...good, transactions: [Uint8Array.of(0x04, 0xc0)] })
    const l1 = l1Chain(1)
    const time = (l1[0]?.timestamp ?? 0n) + 12n
    expect(judge(setCode, { config: withForks(stageConfig('holocene'), { isthmus: time }) })).toBe('DER-176 accepted')
    expect(judge(setCode, { config: withForks(stageConfig('holocene'), { isthmus: time + 1n }) })).toBe(
      'DER-175 dropped',
    )
  })

  it('[DER-169] is dropped with transactions in the activation block of Jovian', () => {
    const config = withForks(stageConfig('isthmus'), { jovian: 1_012n })
    expect(judge((good) => ({ ...good, transactions: [tx] }), { config })).toBe('DER-169 dropped')
    expect(judge((good) => good, { config })).toBe('DER-176 accepted')
    expect(judge((good) => ({ ...good, transactions: [tx] }), { config: withForks(config, { jovian: 1_010n }) })).toBe(
      'DER-176 accepted',
    )
  })

  it('[DER-329] is dropped with transactions in the activation block of Karst', () => {
    const config = withForks(stageConfig('jovian'), { karst: 1_011n })
    expect(judge((good) => ({ ...good, transactions: [tx] }), { config })).toBe('DER-329 dropped')
    expect(judge((good) => good, { config })).toBe('DER-176 accepted')
  })

  it.each(['ecotone', 'fjord', 'isthmus'] as const)(
    '[DER-178] may have transactions in the activation block of %s',
    (fork) => {
      const before = ({ ecotone: 'delta', fjord: 'ecotone', isthmus: 'holocene' } as const)[fork]
      const config = withForks(stageConfig(before), { [fork]: 1_012n })
      expect(judge((good) => ({ ...good, transactions: [tx] }), { config })).toBe('DER-176 accepted')
    },
  )
})
