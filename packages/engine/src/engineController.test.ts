import { ENGINE_ERROR, EngineApiError, type L2BlockRef, ZERO_HASH } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { engineHarness, forksThrough, userTx } from '../testing/index.ts'
import { UnsafePayloadQueue } from './unsafeQueue.ts'

const kinds = (harness: ReturnType<typeof engineHarness>) => harness.engine.calls.map(({ call }) => call)

describe('forkchoice', () => {
  it('[DER-330] keeps unsafe, pending safe, safe and finalized', async () => {
    const h = engineHarness()
    h.start()
    expect(h.controller.heads).toEqual({
      unsafe: h.genesisRef,
      pendingSafe: h.genesisRef,
      safe: h.genesisRef,
      finalized: h.genesisRef,
    })
  })

  it('[DER-331] [DER-332] tells the engine of the heads first after a reset', async () => {
    const h = engineHarness()
    const [block] = h.chainOn(h.genesis, 1)
    h.start()
    expect(h.controller.forkchoicePending).toBe(true)
    await h.gossip([block!])
    expect(kinds(h)).toEqual(['forkchoiceUpdated', 'newPayload', 'forkchoiceUpdated'])
    const { hash } = h.genesisRef
    expect(h.engine.calls[0]?.detail).toEqual({ headBlockHash: hash, safeBlockHash: hash, finalizedBlockHash: hash })
  })

  it('[DER-332] sends forkchoice after consolidation and after an L1 finality signal', async () => {
    const h = engineHarness()
    h.start()
    const [block] = h.chainOn(h.genesis, 1)
    await h.gossip([block!])
    h.engine.calls.length = 0
    await h.controller.processDerived(h.derivedOn(h.genesisRef, { transactions: [userTx('x0')] }))
    expect(kinds(h)).toEqual(['forkchoiceUpdated'])
    expect(h.engine.labels.safe).toBe(block!.executionPayload.blockHash)
    expect(h.controller.promoteFinalized(h.refOf(block!))).toBe(true)
    await h.controller.tryUpdateEngine()
    expect(h.engine.labels.finalized).toBe(block!.executionPayload.blockHash)
  })

  it('refuses an unsafe head below finalized as critical', async () => {
    const h = engineHarness()
    h.start()
    const [one] = h.chainOn(h.genesis, 1)
    h.controller.reset({ unsafe: h.genesisRef, safe: h.genesisRef, finalized: h.refOf(one!) })
    await expect(h.controller.tryUpdateEngine()).rejects.toMatchObject({
      severity: 'critical',
      fault: { code: 'unsafeBelowFinalized' },
    })
  })

  it('asks for a reset when the engine does not accept the head', async () => {
    const h = engineHarness()
    h.controller.reset({
      unsafe: { ...h.genesisRef, hash: `0x${'99'.repeat(32)}` },
      safe: h.genesisRef,
      finalized: h.genesisRef,
    })
    await expect(h.controller.tryUpdateEngine()).rejects.toMatchObject({ fault: { code: 'forkchoiceNotAccepted' } })
  })

  it('[DER-367] never moves finalized back nor past safe', async () => {
    const h = engineHarness()
    h.start()
    const [one, two] = h.chainOn(h.genesis, 2)
    await h.gossip([one!, two!])
    await h.controller.processDerived(h.derivedOn(h.genesisRef, { transactions: [userTx('x0')] }))
    expect(h.controller.promoteFinalized(h.refOf(two!))).toBe(false)
    expect(h.controller.promoteFinalized(h.refOf(one!))).toBe(true)
    expect(h.controller.promoteFinalized(h.genesisRef)).toBe(false)
    expect(h.controller.heads.finalized.number).toBe(1n)
  })
})

describe('derived attributes', () => {
  it('[DER-340] makes an unsafe block safe without executing it again', async () => {
    const h = engineHarness()
    h.start()
    const [block] = h.chainOn(h.genesis, 1)
    await h.gossip([block!])
    h.engine.calls.length = 0
    const derived = h.derivedOn(h.genesisRef, { transactions: [userTx('x0')] })
    expect(await h.controller.processDerived(derived)).toBe('consolidated')
    expect(h.controller.heads.safe).toEqual(h.refOf(block!))
    expect(kinds(h)).not.toContain('newPayload')
    expect(h.told.find(({ kind }) => kind === 'safeDerived')?.detail).toEqual({
      safe: h.refOf(block!),
      derivedFrom: derived.derivedFrom,
    })
  })

  it('[DER-347] [DER-361] builds on the safe head when the unsafe block differs, and reorgs it out', async () => {
    const h = engineHarness()
    h.start()
    await h.gossip(h.chainOn(h.genesis, 3))
    expect(h.controller.heads.unsafe.number).toBe(3n)
    expect(await h.controller.processDerived(h.derivedOn(h.genesisRef, { transactions: [userTx('other')] }))).toBe(
      'built',
    )
    const { unsafe, safe } = h.controller.heads
    expect(unsafe.number).toBe(1n)
    expect(safe).toEqual(unsafe)
    expect(h.engine.labels).toMatchObject({ head: unsafe.hash, safe: unsafe.hash })
    expect(h.told.find(({ kind }) => kind === 'unsafeMismatch')?.detail).toMatchObject({ field: 'transactions[1]' })
  })

  it('[DER-348] processes attributes by forkchoice, getPayload, newPayload, forkchoice', async () => {
    const h = engineHarness()
    h.start()
    await h.controller.tryUpdateEngine()
    h.engine.calls.length = 0
    expect(await h.controller.processDerived(h.derivedOn(h.genesisRef))).toBe('built')
    expect(kinds(h)).toEqual(['buildStart', 'getPayload', 'newPayload', 'forkchoiceUpdated'])
    const { hash } = h.controller.heads.unsafe
    expect(h.engine.calls[3]?.detail).toEqual({
      headBlockHash: hash,
      safeBlockHash: hash,
      finalizedBlockHash: h.genesisRef.hash,
    })
  })

  it('[DER-349] classes errors: transport again later, forkchoice state reset, payload drops', async () => {
    const h = engineHarness()
    h.start()
    await h.controller.tryUpdateEngine()
    const derived = h.derivedOn(h.genesisRef, { transactions: [userTx('a')] })
    h.engine.failNext('buildStart', new Error('connection refused'))
    await expect(h.controller.processDerived(derived)).rejects.toMatchObject({ severity: 'temporary' })
    h.engine.failNext('buildStart', new EngineApiError(ENGINE_ERROR.invalidForkchoiceState, 'no'))
    await expect(h.controller.processDerived(derived)).rejects.toMatchObject({ severity: 'reset' })
    h.engine.failNext('buildStart', new EngineApiError(-32000, 'something'))
    await expect(h.controller.processDerived(derived)).rejects.toMatchObject({
      fault: { code: 'buildRefused' },
      severity: 'reset',
    })
    const before = h.controller.heads
    h.engine.failNext('buildStart', new EngineApiError(ENGINE_ERROR.invalidPayloadAttributes, 'no'))
    expect(await h.controller.processDerived(derived)).toBe('invalid')
    expect(h.controller.heads).toEqual(before)
  })

  it('[DER-350] drops invalid attributes before Holocene and takes the next ones for the timestamp', async () => {
    const h = engineHarness()
    h.start()
    h.engine.isInvalidTransaction = (tx) => tx[0] === 0x02
    expect(await h.controller.processDerived(h.derivedOn(h.genesisRef, { transactions: [userTx('bad')] }))).toBe(
      'invalid',
    )
    expect(h.controller.heads.unsafe).toEqual(h.genesisRef)
    expect(await h.controller.processDerived(h.derivedOn(h.genesisRef))).toBe('built')
  })

  for (const invalidAt of ['buildStart', 'newPayload'] as const) {
    it(`[DER-351] [DER-352] [DER-354] replaces a payload invalid at ${invalidAt} by its deposits (Holocene)`, async () => {
      const h = engineHarness({ config: { forks: forksThrough('holocene') } })
      h.start()
      h.engine.invalidAt = invalidAt
      h.engine.isInvalidTransaction = (tx) => tx[0] === 0x02
      expect(await h.controller.processDerived(h.derivedOn(h.genesisRef, { transactions: [userTx('bad')] }))).toBe(
        'replaced',
      )
      const block = await h.engine.getBlock('unsafe')
      expect(block?.executionPayload.transactions.map((tx) => tx[0])).toEqual([0x7e])
      expect(h.controller.heads.safe.number).toBe(1n)
      expect(h.told.find(({ kind }) => kind === 'derivedInvalid')?.detail).toMatchObject({ replaced: true })
    })
  }

  it('[DER-352] judges the replacement by the L1 block derived from, not by the L2 time', async () => {
    const l1Time = 1_700_000_012n
    const h = engineHarness({ config: { forks: { ...forksThrough('granite'), holocene: l1Time + 1n } } })
    h.start()
    h.engine.isInvalidTransaction = (tx) => tx[0] === 0x02
    expect(await h.controller.processDerived(h.derivedOn(h.genesisRef, { transactions: [userTx('bad')] }))).toBe(
      'invalid',
    )
  })

  it('[DER-353] stops when attributes with only deposits are invalid', async () => {
    const h = engineHarness()
    h.start()
    h.engine.isInvalidTransaction = () => true
    await expect(h.controller.processDerived(h.derivedOn(h.genesisRef))).rejects.toMatchObject({
      severity: 'critical',
      fault: { code: 'depositsOnlyInvalid' },
    })
  })

  it('[DER-355] keeps blocks of an unfinished span pending, and goes back when one inside is invalid', async () => {
    const h = engineHarness()
    h.start()
    await h.gossip(h.chainOn(h.genesis, 4))
    const before = h.controller.heads.unsafe
    await h.controller.processDerived(
      h.derivedOn(h.genesisRef, { transactions: [userTx('other')], isLastInSpan: false }),
    )
    const { pendingSafe, safe } = h.controller.heads
    expect([pendingSafe.number, safe.number]).toEqual([1n, 0n])
    expect(h.controller.backupUnsafe).toEqual(before)
    h.engine.isInvalidTransaction = (tx) => tx[0] === 0x02
    const second = h.derivedOn(pendingSafe, { transactions: [userTx('bad')] })
    expect(await h.controller.processDerived(second)).toBe('invalid')
    expect(h.controller.heads.pendingSafe).toEqual(h.genesisRef)
    expect(await h.controller.tryBackupUnsafeReorg()).toBe(true)
    expect(h.controller.heads.unsafe).toEqual(before)
    expect(h.engine.labels.head).toBe(before.hash)
    expect(await h.controller.tryBackupUnsafeReorg()).toBe(false)
  })

  it('[DER-355] makes the whole span safe with its last block', async () => {
    const h = engineHarness()
    h.start()
    await h.controller.processDerived(h.derivedOn(h.genesisRef, { isLastInSpan: false }))
    expect(h.controller.heads.safe.number).toBe(0n)
    await h.controller.processDerived(h.derivedOn(h.controller.heads.pendingSafe))
    expect(h.controller.heads.safe.number).toBe(2n)
    expect(h.controller.backupUnsafe).toBeNull()
  })

  it('[DER-356] makes each block of a span safe at once (Holocene)', async () => {
    const h = engineHarness({ config: { forks: forksThrough('holocene') } })
    h.start()
    await h.controller.processDerived(h.derivedOn(h.genesisRef, { isLastInSpan: false }))
    expect(h.controller.heads.safe.number).toBe(1n)
  })

  it('drops attributes that the heads have passed, and resets when their parent is another block', async () => {
    const h = engineHarness()
    h.start()
    await h.controller.processDerived(h.derivedOn(h.genesisRef))
    expect(await h.controller.processDerived(h.derivedOn(h.genesisRef))).toBe('stale')
    const other: L2BlockRef = { ...h.controller.heads.unsafe, hash: ZERO_HASH }
    await expect(h.controller.processDerived(h.derivedOn(other))).rejects.toMatchObject({
      fault: { code: 'attributesParentMismatch' },
      severity: 'reset',
    })
  })

  it('goes on where it was when the engine was away after the block was in', async () => {
    const h = engineHarness()
    h.start()
    await h.controller.tryUpdateEngine()
    h.engine.failNext('forkchoiceUpdated', new Error('connection refused'))
    const derived = h.derivedOn(h.genesisRef)
    await expect(h.controller.processDerived(derived)).rejects.toMatchObject({ severity: 'temporary' })
    expect(h.controller.forkchoicePending).toBe(true)
    expect(await h.controller.processDerived(derived)).toBe('stale')
    expect(h.engine.labels.head).toBe(h.controller.heads.safe.hash)
  })
})

describe('unsafe payloads', () => {
  it('[DER-357] sends a waiting forkchoice update before it processes a payload', async () => {
    const h = engineHarness()
    h.start()
    const [block] = h.chainOn(h.genesis, 1)
    await h.controller.receiveUnsafePayload(block!)
    h.engine.failNext('forkchoiceUpdated', new Error('connection refused'))
    await expect(h.controller.processNextUnsafe()).rejects.toMatchObject({ severity: 'temporary' })
    expect(kinds(h)).toEqual(['forkchoiceUpdated'])
  })

  it('[DER-358] waits for a gap to close, and drops what is not above the safe head', async () => {
    const h = engineHarness()
    h.start()
    const [one, two, three] = h.chainOn(h.genesis, 3)
    await h.gossip([three!])
    expect(await h.controller.processNextUnsafe()).toBe('waiting')
    await h.gossip([two!, one!])
    expect(h.controller.heads.unsafe).toEqual(h.refOf(three!))
    const [other] = h.chainOn(h.genesis, 1, 'other')
    await h.gossip([other!])
    expect(h.told.at(-1)).toMatchObject({ kind: 'unsafeDropped', detail: { reason: 'notAboveUnsafe' } })
    const [fork] = h.chainOn(other!, 3, 'fork').slice(2)
    await h.gossip([fork!])
    expect(h.told.at(-1)).toMatchObject({ kind: 'unsafeDropped', detail: { reason: 'otherParent' } })
  })

  it('[DER-359] inserts by newPayload and a forkchoice update with only the head changed', async () => {
    const h = engineHarness()
    h.start()
    await h.controller.tryUpdateEngine()
    h.engine.calls.length = 0
    const [block] = h.chainOn(h.genesis, 1)
    await h.gossip([block!])
    const { hash } = h.genesisRef
    expect(h.engine.calls).toEqual([
      { call: 'newPayload', detail: block!.executionPayload.blockHash },
      {
        call: 'forkchoiceUpdated',
        detail: { headBlockHash: block!.executionPayload.blockHash, safeBlockHash: hash, finalizedBlockHash: hash },
      },
    ])
  })

  it('[DER-360] drops an invalid payload, keeps one the engine could not be asked about, resets on forkchoice errors', async () => {
    const h = engineHarness()
    h.start()
    const [block] = h.chainOn(h.genesis, 1)
    await h.controller.receiveUnsafePayload(block!)
    h.engine.failNext('newPayload', new Error('connection refused'))
    await expect(h.controller.processNextUnsafe()).rejects.toMatchObject({ severity: 'temporary' })
    expect(h.controller.unsafeQueue.length).toBe(1)
    h.engine.failNext('forkchoiceUpdated', new EngineApiError(ENGINE_ERROR.invalidForkchoiceState, 'no'))
    await expect(h.controller.processNextUnsafe()).rejects.toMatchObject({ severity: 'reset' })
    h.engine.isInvalidTransaction = () => true
    expect(await h.controller.processNextUnsafe()).toBe('dropped')
    expect(h.controller.unsafeQueue.length).toBe(0)
    expect(h.controller.heads.unsafe).toEqual(h.genesisRef)
  })

  it('drops a payload whose hash is not that of its content', async () => {
    const h = engineHarness()
    h.start()
    const [block] = h.chainOn(h.genesis, 1)
    const forged = { ...block!, executionPayload: { ...block!.executionPayload, gasUsed: 1n } }
    await h.gossip([forged])
    expect(h.told.at(-1)).toMatchObject({ kind: 'unsafeDropped', detail: { reason: 'invalid' } })
  })
})

describe('the unsafe queue', () => {
  const h = engineHarness()
  const [one, two, three] = h.chainOn(h.genesis, 3)

  it('gives the lowest number first and refuses duplicates', () => {
    const queue = new UnsafePayloadQueue()
    for (const block of [two!, three!, one!]) expect(queue.add(block).result).toBe('added')
    expect(queue.add(two!).result).toBe('duplicate')
    expect([queue.pop(), queue.pop(), queue.pop(), queue.pop()]).toEqual([one, two, three, null])
    expect(queue.bytes).toBe(0)
  })

  it('drops the lowest when it is full, by bytes', () => {
    const queue = new UnsafePayloadQueue(3500)
    queue.add(one!)
    queue.add(two!)
    expect(queue.add(three!).evicted).toEqual([one])
    queue.remove(three!.executionPayload.blockHash)
    expect(queue.length).toBe(1)
    expect(new UnsafePayloadQueue(100).add(one!).result).toBe('tooLarge')
  })
})

describe('building', () => {
  it('starts, seals and inserts a sequenced block', async () => {
    const h = engineHarness()
    h.start()
    await h.controller.tryUpdateEngine()
    h.engine.pool = [userTx('pool')]
    const attributes = { ...h.derivedOn(h.genesisRef).attributes, noTxPool: false }
    const started = await h.controller.startPayload(h.genesisRef, attributes)
    if (started.kind !== 'started') throw new Error(started.reason)
    const sealed = await h.controller.sealPayload(started.job)
    if (sealed.kind !== 'sealed') throw new Error(sealed.reason)
    expect(await h.controller.insertSequenced(sealed.envelope)).toEqual({ kind: 'inserted', ref: sealed.ref })
    expect(h.controller.heads.unsafe).toEqual(sealed.ref)
    expect(h.told.at(-1)).toMatchObject({ kind: 'headsMoved', detail: { cause: 'sequenced' } })
    expect(await h.controller.cancelPayload({ ...started.job, id: '0x00' })).toBeUndefined()
  })

  it('refuses a sealed block that does not begin with a deposit', async () => {
    const h = engineHarness()
    h.start()
    const attributes = { ...h.derivedOn(h.genesisRef).attributes, transactions: [userTx('first')] }
    const started = await h.controller.startPayload(h.genesisRef, attributes)
    if (started.kind !== 'started') throw new Error(started.reason)
    expect(await h.controller.sealPayload(started.job)).toMatchObject({ kind: 'invalid' })
  })

  it('says that the engine lost a job', async () => {
    const h = engineHarness()
    h.start()
    const started = await h.controller.startPayload(h.genesisRef, h.derivedOn(h.genesisRef).attributes)
    if (started.kind !== 'started') throw new Error(started.reason)
    await expect(h.controller.sealPayload({ ...started.job, id: '0x00' })).rejects.toMatchObject({
      fault: { code: 'payloadExpired' },
    })
  })
})
