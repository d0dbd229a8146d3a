import { describe, expect, it } from 'vitest'
import { engineHarness } from '../testing/index.ts'

describe('engine sync', () => {
  it('gives the engine its targets, then begins safe and finalized at the first block it can validate', async () => {
    const h = engineHarness({ controller: { syncMode: 'execution-layer' } })
    const blocks = h.chainOn(h.genesis, 4)
    expect(h.controller.isElSyncing).toBe(true)
    expect(await h.controller.receiveUnsafePayload(blocks[2]!)).toBe('inserted')
    expect(h.controller.elSync).toMatchObject({ phase: 'syncing', target: { number: 3n } })
    await expect(h.controller.startPayload(h.genesisRef, h.derivedOn(h.genesisRef).attributes)).rejects.toMatchObject({
      fault: { code: 'syncing' },
    })
    for (const block of blocks.slice(0, 3)) h.engine.store(block)
    expect(await h.controller.receiveUnsafePayload(blocks[3]!)).toBe('inserted')
    expect(h.controller.elSync.phase).toBe('finished')
    const tip = h.refOf(blocks[3]!)
    expect(h.controller.heads).toEqual({ unsafe: tip, pendingSafe: tip, safe: tip, finalized: tip })
    expect(h.engine.labels).toEqual({ head: tip.hash, safe: tip.hash, finalized: tip.hash })
  })

  it('ends also when only the forkchoice update is valid', async () => {
    const h = engineHarness({ controller: { syncMode: 'execution-layer' } })
    const blocks = h.chainOn(h.genesis, 2)
    h.engine.store(blocks[1]!)
    h.engine.store(blocks[0]!)
    expect(await h.controller.receiveUnsafePayload(blocks[1]!)).toBe('inserted')
    expect(h.engine.labels.finalized).toBe(blocks[1]!.executionPayload.blockHash)
  })

  it('leaves safe and finalized the asked time behind the tip', async () => {
    const h = engineHarness({ controller: { syncMode: 'execution-layer', elSafeOffsetSeconds: 4n } })
    const blocks = h.chainOn(h.genesis, 5)
    for (const block of blocks) h.engine.store(block)
    h.engine.setLabels({ head: blocks[4]!.executionPayload.blockHash })
    await h.controller.receiveUnsafePayload(blocks[4]!)
    expect([h.controller.heads.unsafe.number, h.controller.heads.finalized.number]).toEqual([5n, 3n])
  })

  it('is skipped when geth has finalized a block, and not when reth has', async () => {
    for (const engineKind of ['geth', 'reth'] as const) {
      const h = engineHarness({ controller: { syncMode: 'execution-layer', engineKind } })
      const blocks = h.chainOn(h.genesis, 3)
      for (const block of blocks.slice(0, 2)) h.engine.store(block)
      const hash = blocks[1]!.executionPayload.blockHash
      h.engine.setLabels({ head: hash, safe: hash, finalized: hash })
      expect(await h.controller.receiveUnsafePayload(blocks[2]!)).toBe(engineKind === 'geth' ? 'queued' : 'inserted')
      expect(h.controller.elSync.phase).toBe('finished')
    }
  })
})
