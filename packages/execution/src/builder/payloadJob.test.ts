import { type Address, bytesToHex, type ExecutionPayloadEnvelope, encodeDepositTx, type Hex } from '@keelson/protocol'
import { ManualClock } from '@keelson/service/testing'
import { afterEach, describe, expect, it } from 'vitest'
import {
  buildBlock,
  DEV_KEYS,
  devAttributes,
  devGenesis,
  devL1Block,
  devL1InfoTx,
  devTx,
  extendChain,
  forkchoiceOf,
  genesisOf,
} from '../../testing/devChain.ts'
import { createExecutionEngine, type ExecutionEngine, type ExecutionEngineOptions } from '../engine/executionEngine.ts'
import { ExecutionError } from '../transition/executionError.ts'

const GWEI = 1_000_000_000n
const hexOf = (block: ExecutionPayloadEnvelope) => block.executionPayload.transactions.map(bytesToHex)
const L1_INFO = bytesToHex(devL1InfoTx(1n))

describe('payload builder', () => {
  let engine: ExecutionEngine
  afterEach(() => engine.close())

  const open = async (options: Partial<ExecutionEngineOptions> = {}) => {
    engine = await createExecutionEngine({ genesis: devGenesis(), ...options })
    return genesisOf(engine)
  }
  const startJob = async (parent: ExecutionPayloadEnvelope, overrides: Parameters<typeof devAttributes>[1] = {}) => {
    const attributes = devAttributes(parent, { noTxPool: false, ...overrides })
    const { payloadId } = await engine.forkchoiceUpdated(forkchoiceOf(parent), attributes)
    return engine.builder.get(payloadId!)!
  }
  const filled = async (parent: ExecutionPayloadEnvelope, overrides: Parameters<typeof devAttributes>[1] = {}) => {
    const job = await startJob(parent, overrides)
    await job.firstPass
    return engine.getPayload(job.id)
  }
  const rich = (key: Hex, nonce: bigint, tip: bigint) =>
    devTx({ key, nonce, maxPriorityFeePerGas: tip, maxFeePerGas: 100n * GWEI })

  it('has a block with the forced transactions alone at once', async () => {
    const genesis = await open()
    const job = await startJob(genesis)
    expect(job.best.transactions.map(bytesToHex)).toEqual([L1_INFO])
  })

  it('orders by effective tip, each sender by nonce', async () => {
    const genesis = await open()
    const [a, b, c] = DEV_KEYS as [Hex, Hex, Hex]
    const txs = {
      a0: rich(a, 0n, 2n * GWEI),
      a1: rich(a, 1n, 9n * GWEI),
      b0: rich(b, 0n, 3n * GWEI),
      b1: rich(b, 1n, 1n * GWEI),
      c0: rich(c, 0n, 5n * GWEI),
    }
    for (const tx of Object.values(txs)) engine.pool.add(tx)
    const { c0, b0, a0, a1, b1 } = txs
    expect(hexOf(await filled(genesis))).toEqual([L1_INFO, ...[c0, b0, a0, a1, b1].map(bytesToHex)])
  })

  it('leaves out what does not pay the base fee, and what follows it', async () => {
    const genesis = await open()
    engine.pool.add(devTx({ nonce: 0n, maxFeePerGas: GWEI / 2n, maxPriorityFeePerGas: 1n }))
    engine.pool.add(rich(DEV_KEYS[0]!, 1n, 9n * GWEI))
    expect(hexOf(await filled(genesis))).toEqual([L1_INFO])
  })

  it('looks at the pool again on the recommit interval, until the payload is fetched', async () => {
    const clock = new ManualClock()
    const genesis = await open({ clock, builder: { recommitMs: 200 } })
    const job = await startJob(genesis)
    await job.firstPass
    const tx = devTx({ nonce: 0n })
    engine.pool.add(tx)
    expect(job.best.transactions).toHaveLength(1)
    await clock.advance(200)
    await expect.poll(() => job.best.transactions.length).toBe(2)
    const fetched = await engine.getPayload(job.id)
    expect(hexOf(fetched)).toEqual([L1_INFO, bytesToHex(tx)])
    engine.pool.add(devTx({ nonce: 1n }))
    await clock.advance(1000)
    await job.ended()
    expect(await engine.getPayload(job.id)).toEqual(fetched)
  })

  it('ends by itself after the time limit', async () => {
    const clock = new ManualClock()
    const genesis = await open({ clock, builder: { recommitMs: 1000, timeLimitMs: 12_000 } })
    const job = await startJob(genesis)
    await job.firstPass
    for (let second = 0; second < 12; second++) await clock.advance(1000)
    await job.ended()
    engine.pool.add(devTx({ nonce: 0n }))
    expect(hexOf(await engine.getPayload(job.id))).toEqual([L1_INFO])
  })

  it('is interrupted by its deadline and keeps what it has', async () => {
    // Every look at this clock takes a millisecond.
    const clock = new ManualClock()
    let now = 0
    const ticking = { now: () => now++, setTimeout: clock.setTimeout, sleep: clock.sleep }
    const genesis = await open({ clock: ticking, builder: { passLimitMs: 40 } })
    for (let nonce = 0n; nonce < 100n; nonce++) engine.pool.add(devTx({ nonce }))
    const block = await filled(genesis)
    expect(block.executionPayload.transactions.length).toBeGreaterThan(2)
    expect(block.executionPayload.transactions.length).toBeLessThan(90)
    expect((await engine.newPayload(block)).status).toBe('VALID')
  })

  it('rebuilds a full block so that a better tip pushes out a lower one', async () => {
    const clock = new ManualClock()
    const genesis = await open({ clock, genesis: devGenesis({ gasLimit: 80_000n }) })
    const [a, b, c] = DEV_KEYS as [Hex, Hex, Hex]
    engine.pool.add(rich(a, 0n, GWEI))
    engine.pool.add(rich(b, 0n, 2n * GWEI))
    const attributes = { transactions: [smallDeposit()] }
    const job = await startJob(genesis, attributes)
    await job.firstPass
    expect(job.best.transactions).toHaveLength(3)
    const better = rich(c, 0n, 9n * GWEI)
    engine.pool.add(better)
    await clock.advance(200)
    await expect.poll(() => bytesToHex(job.best.transactions[1]!)).toBe(bytesToHex(better))
    expect(job.best.transactions).toHaveLength(3)
  })

  it('keeps to the DA limits of a transaction and of a block', async () => {
    const genesis = await open()
    const [a, b, c] = DEV_KEYS as [Hex, Hex, Hex]
    const noise = Uint8Array.from({ length: 600 }, (_, i) => (i * 7919) % 251)
    engine.pool.add(devTx({ key: a, nonce: 0n, data: noise, gasLimit: 60_000n, maxPriorityFeePerGas: 9n * GWEI }))
    engine.pool.add(rich(b, 0n, 2n * GWEI))
    engine.pool.add(rich(c, 0n, GWEI))
    engine.builder.setDaLimits({ maxTxBytes: 200n, maxBlockBytes: 0n })
    expect(hexOf(await filled(genesis))).toEqual([
      L1_INFO,
      ...[rich(b, 0n, 2n * GWEI), rich(c, 0n, GWEI)].map(bytesToHex),
    ])
    engine.builder.setDaLimits({ maxTxBytes: 200n, maxBlockBytes: 150n })
    expect(hexOf(await filled(genesis, { minBaseFee: 1n }))).toEqual([L1_INFO, bytesToHex(rich(b, 0n, 2n * GWEI))])
    engine.builder.setDaLimits({ maxTxBytes: 0n, maxBlockBytes: 0n })
    expect(hexOf(await filled(genesis, { minBaseFee: 2n }))).toHaveLength(4)
  })

  it('[EXE-085] skips a pool transaction that would take the DA footprint over the limit', async () => {
    // 100 bytes at least, 10,000 gas each: three transfers are 3 million.
    const genesis = await open({
      genesis: devGenesis({ gasLimit: 2_500_000n, alloc: devL1Block({ daFootprintGasScalar: 10_000n }) }),
    })
    for (const key of DEV_KEYS) engine.pool.add(rich(key, 0n, GWEI))
    const block = await filled(genesis)
    expect(block.executionPayload.transactions).toHaveLength(3)
    expect(block.executionPayload.blobGasUsed).toBe(2_000_000n)
    expect((await engine.newPayload(block)).status).toBe('VALID')
  })

  it('[EXE-127] fails with hash, type, sender and nonce of a forced transaction that does not apply', async () => {
    const genesis = await open()
    const bad = devTx({ nonce: 7n })
    const attributes = devAttributes(genesis, { transactions: [devL1InfoTx(1n), bad] })
    const error = await engine.forkchoiceUpdated(forkchoiceOf(genesis), attributes).then(
      () => null,
      (refusal: Error) => refusal,
    )
    expect(error?.cause).toBeInstanceOf(ExecutionError)
    expect(error?.message).toMatch(/0x[0-9a-f]{64}, type 2, sender 0xf39f[0-9a-f]{36}, nonce 7/)
    await extendChain(engine, genesis)
  })

  it('[EXE-151] never selects blob transactions: the pool has none', async () => {
    const genesis = await open()
    expect(() => engine.pool.add(Uint8Array.of(3, 0xc0))).toThrow('transaction type not supported')
    expect(hexOf(await filled(genesis))).toEqual([L1_INFO])
  })

  it('lets go of the state of a block when the chain has gone on, not of the block', async () => {
    const genesis = await open()
    engine.pool.add(devTx({ nonce: 0n }))
    const job = await startJob(genesis)
    await job.firstPass
    const other = await buildBlock(engine, genesis)
    await engine.newPayload(other)
    expect(job.best.commit?.nodes.length).toBeGreaterThan(0)
    await engine.forkchoiceUpdated(forkchoiceOf(other), null)
    expect(job.best.commit).toBeNull()
    const late = await engine.getPayload(job.id)
    expect(late.executionPayload.transactions).toHaveLength(2)
    expect((await engine.newPayload(late)).status).toBe('VALID')
    expect((await engine.forkchoiceUpdated(forkchoiceOf(late), null)).payloadStatus.status).toBe('VALID')
  })

  it('keeps at most ten payloads, and stops work on those that no longer stand on the head', async () => {
    const genesis = await open()
    const first = await startJob(genesis)
    const block = await buildBlock(engine, genesis)
    await engine.newPayload(block)
    await engine.forkchoiceUpdated(forkchoiceOf(block), null)
    await first.ended()
    for (let i = 1n; i <= 10n; i++) await startJob(block, { minBaseFee: i })
    await expect(engine.getPayload(first.id)).rejects.toMatchObject({ code: -38001 })
  })
})

const DEPOSITOR: Address = '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001'

/** An attributes deposit that leaves room for two transfers in 80,000 gas. */
function smallDeposit(): Uint8Array {
  return encodeDepositTx({
    sourceHash: `0x${'01'.padStart(64, '0')}`,
    from: DEPOSITOR,
    to: DEPOSITOR,
    mint: 0n,
    value: 0n,
    gas: 30_000n,
    isSystemTx: false,
    data: new Uint8Array(),
  })
}
