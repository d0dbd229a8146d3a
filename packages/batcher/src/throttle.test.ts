import { scriptedRpc } from '@keelson/l1/testing'
import { ManualClock, recordedLogs } from '@keelson/service/testing'
import { describe, expect, it } from 'vitest'
import { activeSequencer } from './activeSequencer.ts'
import { cheaperKind } from './daChoice.ts'
import { l1StartPoint } from './startPoint.ts'
import { createThrottleController, createThrottler, type ThrottlePolicy } from './throttle.ts'

const policy = (controllerType: ThrottlePolicy['controllerType']): ThrottlePolicy => ({
  controllerType,
  lowerThreshold: 1_000,
  upperThreshold: 3_000,
  txSizeLowerLimit: 150,
  txSizeUpperLimit: 20_150,
  blockSizeLowerLimit: 2_000,
  blockSizeUpperLimit: 130_000,
})

describe('[BAT-034] throttling', () => {
  it('follows the backlog by step, line or square, and lets go below the threshold', () => {
    const at = (kind: ThrottlePolicy['controllerType'], load: number) => createThrottleController(policy(kind))(load, 0)
    expect(at('step', 1_001).intensity).toBe(1)
    expect(at('linear', 2_000)).toEqual({ intensity: 0.5, maxTxSize: 10_150, maxBlockSize: 66_000 })
    expect(at('quadratic', 2_000)).toEqual({ intensity: 0.25, maxTxSize: 15_150, maxBlockSize: 98_000 })
    expect(at('quadratic', 9_999)).toEqual({ intensity: 1, maxTxSize: 150, maxBlockSize: 2_000 })
    for (const kind of ['step', 'linear', 'quadratic', 'pid'] as const) {
      expect(at(kind, 1_000)).toEqual({ intensity: 0, maxTxSize: 0, maxBlockSize: 130_000 })
    }
  })

  it('is never on with a lower threshold of 0', () => {
    expect(createThrottleController({ ...policy('step'), lowerThreshold: 0 })(1e9, 0).intensity).toBe(0)
  })

  it('pid grows while the backlog stays, and lets go when it is gone', () => {
    const controller = createThrottleController({
      ...policy('pid'),
      pid: { kp: 0.1, ki: 0.1, kd: 0, integralMax: 100, outputMax: 1 },
    })
    const [first, second, third] = [0, 2_000, 4_000].map((ms) => controller(3_000, ms).intensity)
    expect(second).toBeGreaterThan(first ?? 1)
    expect(third).toBeGreaterThan(second ?? 1)
    expect(controller(500, 6_000).intensity).toBe(0)
  })

  it('tells every engine, and gives up on one that does not know the method', async () => {
    const able = scriptedRpc({ miner_setMaxDASize: () => true })
    const unable = scriptedRpc({})
    const { log, lines } = recordedLogs()
    const throttle = createThrottler({ engines: [able, unable], log })
    await throttle({ intensity: 1, maxTxSize: 150, maxBlockSize: 2_000 })
    await throttle({ intensity: 1, maxTxSize: 150, maxBlockSize: 2_000 })
    expect(able.calls.map(({ params }) => params)).toEqual([
      ['0x96', '0x7d0'],
      ['0x96', '0x7d0'],
    ])
    expect(unable.calls.length).toBe(1)
    expect(lines.filter(({ level }) => level === 'warn').length).toBe(1)
  })
})

describe('cheaperKind', () => {
  it('[BAT-022] takes blobs while they are cheap, calldata when they are not', () => {
    const gwei = 1_000_000_000n
    expect(cheaperKind({ baseFee: 10n * gwei, tip: gwei, blobBaseFee: 1n }, 1, 120_000)).toBe('blobs')
    expect(cheaperKind({ baseFee: gwei, tip: gwei / 10n, blobBaseFee: 500n * gwei }, 1, 120_000)).toBe('calldata')
    expect(cheaperKind({ baseFee: gwei, tip: 0n, blobBaseFee: 30n * gwei }, 6, 120_000)).toBe('blobs')
  })
})

describe('l1StartPoint', () => {
  const account = `0x${'aa'.repeat(20)}` as const
  /** An L1 at block 100 on which the account's transactions are in these blocks. */
  const chain = (...sent: number[]) =>
    scriptedRpc({
      eth_blockNumber: () => '0x64',
      eth_getTransactionCount: (_: string, number: string) =>
        `0x${sent.filter((at) => at <= Number(number)).length.toString(16)}`,
    })

  it('[BAT-003] is the block of the last own transaction, or as far back as it was looked', async () => {
    expect(await l1StartPoint(chain(3, 91, 95), account, 20)).toBe(95n)
    expect(await l1StartPoint(chain(100), account, 20)).toBe(100n)
    expect(await l1StartPoint(chain(81), account, 20)).toBe(81n)
    expect(await l1StartPoint(chain(3), account, 20)).toBe(80n)
    expect(await l1StartPoint(chain(3), account, 128)).toBe(3n)
    expect(await l1StartPoint(chain(3), account, 0)).toBe(100n)
  })
})

describe('activeSequencer', () => {
  it('speaks to the one that is active, and changes when that changes', async () => {
    const active = [false, true]
    const sequencers = [0, 1].map((i) => ({
      rollup: scriptedRpc({ admin_sequencerActive: () => active[i], who: () => i }),
      l2: scriptedRpc({ who: () => i }),
    }))
    const clock = new ManualClock()
    const { log } = recordedLogs()
    const { rollup, l2 } = activeSequencer({ sequencers, checkMs: 1_000, clock, log })
    expect([await rollup.request('who'), await l2.request('who')]).toEqual([1, 1])
    active.reverse()
    expect(await l2.request('who')).toBe(1)
    await clock.advance(1_001)
    expect([await rollup.request('who'), await l2.request('who')]).toEqual([0, 0])
    active[0] = false
    await clock.advance(1_001)
    expect(await rollup.request('who')).toBe(0)
  })
})
