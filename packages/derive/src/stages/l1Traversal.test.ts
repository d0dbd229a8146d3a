import { testConfigUpdateLog, testSystemConfig } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { baseAt, l1Block, l1Ref, MemoryL1, stageConfig, testContext } from '../../testing/index.ts'
import { l1Traversal } from './l1Traversal.ts'

const config = stageConfig('jovian')

function setUp(logsOfSecond: ReturnType<typeof testConfigUpdateLog>[] = [], status = true) {
  const first = l1Block(null, { number: 100n })
  const second = l1Block(l1Ref(first), { receipts: [{ status, logs: logsOfSecond }] })
  const third = l1Block(l1Ref(second))
  const l1 = new MemoryL1([first, second, third])
  const ctx = testContext(config, l1Ref(first))
  const stage = l1Traversal(ctx, l1)
  stage.reset(baseAt(l1Ref(first)))
  return { l1, ctx, stage, first, second, third }
}

describe('L1 traversal', () => {
  it('[DER-024] gives L1 blocks one after another by number, each once, from the reset base', async () => {
    const { ctx, stage, first, second, third } = setUp()
    const given: bigint[] = []
    for (const block of [first, second, third]) {
      const pulled = await stage.pull()
      if (pulled.status !== 'ready') throw new Error(pulled.status)
      given.push(pulled.value.block.number)
      expect(ctx.origin).toEqual(l1Ref(block))
      expect((await stage.pull()).status).toBe('drained')
      await stage.advance()
    }
    expect(given).toEqual([100n, 101n, 102n])
  })

  it('[DER-026] waits without an error where the next L1 block is not there yet', async () => {
    const { l1, stage, third } = setUp()
    await stage.advance()
    await stage.advance()
    expect((await stage.advance()).status).toBe('drained')
    l1.add(l1Block(l1Ref(third)))
    expect((await stage.advance()).status).toBe('again')
  })

  it('[DER-026] takes a next block with another parent as an L1 reorg: a reset', async () => {
    const { l1, stage, first } = setUp()
    l1.add(l1Block({ ...l1Ref(first), hash: `0x${'77'.repeat(32)}` }))
    await expect(stage.advance()).rejects.toMatchObject({ severity: 'reset', fault: { code: 'l1Reorg' } })
  })

  it('[DER-027] [DER-031] applies the config updates of a block before the block is read', async () => {
    const { stage } = setUp([testConfigUpdateLog(config, 0, 0xabcn)])
    await stage.pull()
    await stage.advance()
    const pulled = await stage.pull()
    expect(pulled).toMatchObject({
      value: { block: { number: 101n }, systemConfig: { batcherAddress: `0x${'abc'.padStart(40, '0')}` } },
    })
  })

  it('[DER-027] ignores the config updates of a reverted transaction', async () => {
    const { stage } = setUp([testConfigUpdateLog(config, 0, 0xabcn)], false)
    await stage.advance()
    expect(await stage.pull()).toMatchObject({ value: { systemConfig: testSystemConfig() } })
  })

  it('[DER-044] takes missing receipts as a reset, a failed fetch as something to try again', async () => {
    const { l1, stage, second } = setUp()
    const failure = new Error('timeout')
    l1.failures.push({ method: 'receipts', error: failure })
    await expect(stage.advance()).rejects.toBe(failure)
    l1.forget(second.info.hash)
    await expect(stage.advance()).rejects.toMatchObject({ severity: 'reset', fault: { code: 'l1BlockMissing' } })
  })
})
