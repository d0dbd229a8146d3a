import {
  decodeDepositTx,
  decodeL1InfoTx,
  isDepositTx,
  type L1BlockRef,
  type Log,
  type RollupConfig,
  type SystemConfig,
  upgradeTransactionsOf,
  ZERO_HASH,
} from '@keelson/protocol'
import { testAddress, testConfigUpdateLog, testDepositLog, testSystemConfig } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import {
  fakeHash,
  L1_START,
  l1Block,
  l1Ref,
  l2Block,
  MemoryL1,
  MemoryL2,
  stageConfig,
  withForks,
} from '../testing/index.ts'
import { depositsOnly, isDepositsOnly } from './attributes.ts'
import { createAttributesBuilder } from './attributesBuilder.ts'

const beaconRoot = fakeHash('beacon')

/** Two L1 blocks, the safe head with the first as its origin, and the attributes of what follows. */
function setUp(
  config: RollupConfig,
  {
    logs = [],
    systemConfig = testSystemConfig(),
    blobs = true,
  }: { logs?: readonly Log[]; systemConfig?: SystemConfig; blobs?: boolean } = {},
) {
  const extra = blobs ? { excessBlobGas: 0n, blobGasUsed: 0n, parentBeaconBlockRoot: beaconRoot } : {}
  const first = l1Block(null, { number: 100n, timestamp: L1_START, ...extra })
  const second = l1Block(l1Ref(first), { timestamp: L1_START + 12n, receipts: [{ status: true, logs }], ...extra })
  const l1 = new MemoryL1([first, second])
  const parent = l2Block(6n, l1Ref(first), { sequenceNumber: 3n })
  const l2 = new MemoryL2([{ ref: parent, systemConfig, transactions: [] }])
  const builder = createAttributesBuilder({ config, l1, l2 })
  return {
    builder,
    parent,
    l1,
    l2,
    first: l1Ref(first),
    second: l1Ref(second),
    infos: [first.info, second.info] as const,
  }
}

const infoOf = (transactions: readonly Uint8Array[]) => decodeL1InfoTx(transactions[0] as Uint8Array)

describe('attributes', () => {
  it('[DER-229] [DER-230] [DER-231] [DER-232] [DER-240] of a further block of the epoch', async () => {
    const { builder, parent, first, infos } = setUp(stageConfig('regolith'))
    const attributes = await builder.buildAttributes(parent, first)
    expect(attributes).toMatchObject({
      timestamp: parent.timestamp + 2n,
      prevRandao: infos[0].mixHash,
      suggestedFeeRecipient: '0x4200000000000000000000000000000000000011',
      noTxPool: true,
    })
    expect(attributes.transactions).toHaveLength(1)
    expect(infoOf(attributes.transactions)).toMatchObject({ sequenceNumber: 4n, number: 100n, blockHash: first.hash })
  })

  it('[DER-226] [DER-227] [DER-240] [DER-227] of the first block of an epoch carry the deposits of its L1 block', async () => {
    const config = stageConfig('regolith')
    const deposits = [1n, 2n].map((mint) => testDepositLog(config, { from: testAddress(1), to: testAddress(2), mint }))
    const { builder, parent, second } = setUp(config, { logs: deposits })
    const { transactions } = await builder.buildAttributes(parent, second)
    expect(transactions.every(isDepositTx)).toBe(true)
    expect(infoOf(transactions)).toMatchObject({ sequenceNumber: 0n, number: 101n })
    expect(transactions.slice(1).map((tx) => decodeDepositTx(tx).mint)).toEqual([1n, 2n])
  })

  it('[DER-226] [DER-228] [DER-326] upgrade transactions stand after the deposits, in fork order', async () => {
    const config = withForks(stageConfig('delta'), { ecotone: L1_START + 13n, fjord: L1_START + 14n })
    const deposit = testDepositLog(config, { from: testAddress(1), to: testAddress(2), mint: 1n })
    const { builder, parent, second } = setUp(config, { logs: [deposit] })
    const { transactions } = await builder.buildAttributes(parent, second)
    const upgrades = [...upgradeTransactionsOf('ecotone'), ...upgradeTransactionsOf('fjord')]
    expect(transactions).toHaveLength(2 + upgrades.length)
    expect(transactions.slice(2)).toEqual(upgrades)
  })

  it('[DER-233] [DER-243] [DER-296] the config is that of the parent, with the updates of the new epoch in full', async () => {
    const config = stageConfig('ecotone')
    const logs = [testConfigUpdateLog(config, 2, 77_000_000n), testConfigUpdateLog(config, 0, 0xabcdn)]
    const systemConfig = testSystemConfig({ gasLimit: 40_000_000n })
    const { builder, parent, first, second } = setUp(config, { logs, systemConfig })
    expect((await builder.buildAttributes(parent, first)).gasLimit).toBe(40_000_000n)
    const next = await builder.buildAttributes(parent, second)
    expect(next.gasLimit).toBe(77_000_000n)
    expect(infoOf(next.transactions).batcherAddress).toBe(`0x${'abcd'.padStart(40, '0')}`)
  })

  it('[DER-328] Karst adds the gas of its upgrade transactions in its activation block only', async () => {
    const config = withForks(stageConfig('jovian'), { karst: L1_START + 14n })
    const { builder, parent, first, second } = setUp(config)
    const activation = await builder.buildAttributes(parent, first)
    expect(activation.gasLimit).toBe(60_000_000n + 55_370_657n)
    expect(activation.transactions).toHaveLength(1 + 31)
    const { builder: after, parent: later } = setUp(withForks(config, { karst: L1_START + 12n }))
    expect((await after.buildAttributes(later, second)).gasLimit).toBe(60_000_000n)
  })

  it('[DER-234] [DER-235] [DER-236] [DER-237] [DER-239] have the fields of their fork, and not those of later ones', async () => {
    const fields = async (fork: Parameters<typeof stageConfig>[0]) => {
      const systemConfig = testSystemConfig({ eip1559Params: '0x0000006400000006', minBaseFee: 9n })
      const { builder, parent, first } = setUp(stageConfig(fork), { systemConfig })
      const { withdrawals, parentBeaconBlockRoot, eip1559Params, minBaseFee } = await builder.buildAttributes(
        parent,
        first,
      )
      return { withdrawals, parentBeaconBlockRoot, eip1559Params, minBaseFee }
    }
    const none = {
      withdrawals: undefined,
      parentBeaconBlockRoot: undefined,
      eip1559Params: undefined,
      minBaseFee: undefined,
    }
    expect(await fields('regolith')).toEqual(none)
    expect(await fields('canyon')).toEqual({ ...none, withdrawals: [] })
    const ecotone = { ...none, withdrawals: [], parentBeaconBlockRoot: beaconRoot }
    expect(await fields('ecotone')).toEqual(ecotone)
    const holocene = { ...ecotone, eip1559Params: '0x0000006400000006' }
    expect(await fields('holocene')).toEqual(holocene)
    expect(await fields('jovian')).toEqual({ ...holocene, minBaseFee: 9n })
  })

  it('[DER-236] the beacon root is zero where the L1 block has none', async () => {
    const { builder, parent, first } = setUp(stageConfig('ecotone'), { blobs: false })
    expect((await builder.buildAttributes(parent, first)).parentBeaconBlockRoot).toBe(ZERO_HASH)
  })

  it('[DER-238] the EIP-1559 parameters are zero in the activation block of Holocene, whatever the config says', async () => {
    const config = withForks(stageConfig('granite'), { holocene: L1_START + 13n })
    const { builder, parent, first } = setUp(config, {
      systemConfig: testSystemConfig({ eip1559Params: '0x0000006400000006' }),
    })
    expect((await builder.buildAttributes(parent, first)).eip1559Params).toBe('0x0000000000000000')
  })

  it('[DER-239] the minimum base fee is there from the activation block of Jovian on, zero until configured', async () => {
    const { builder, parent, first } = setUp(withForks(stageConfig('isthmus'), { jovian: L1_START + 13n }))
    expect((await builder.buildAttributes(parent, first)).minBaseFee).toBe(0n)
  })

  it('[DER-244] forget an update that the block cannot encode yet once its epoch is over', async () => {
    const config = stageConfig('holocene')
    const { builder, parent, second, l2 } = setUp(config, { logs: [testConfigUpdateLog(config, 5, (7n << 64n) | 9n)] })
    const attributes = await builder.buildAttributes(parent, second)
    const own = new MemoryL2([{ ref: parent, systemConfig: testSystemConfig(), transactions: [] }], config)
    const ref = own.build({ attributes, parent, isLastInSpan: true, derivedFrom: second as L1BlockRef })
    expect((await own.getSystemConfigByL2Hash(ref.hash))?.operatorFeeParams).toBe(ZERO_HASH)
    expect(await l2.getSystemConfigByL2Hash(ref.hash)).toBeNull()
  })

  it('[DER-241] need the L1 origin to be that of the parent or its child: else a reset', async () => {
    const { builder, parent, first, second } = setUp(stageConfig('ecotone'))
    await expect(
      builder.buildAttributes({ ...parent, l1Origin: { hash: fakeHash('other'), number: 100n } }, second),
    ).rejects.toMatchObject({
      severity: 'reset',
      fault: { code: 'epochNotNext' },
    })
    await expect(
      builder.buildAttributes({ ...parent, l1Origin: { hash: fakeHash('other'), number: 100n } }, first),
    ).rejects.toMatchObject({
      severity: 'reset',
      fault: { code: 'epochHashMismatch' },
    })
  })

  it('[DER-004] [DER-242] never are older than their L1 origin: else a reset', async () => {
    const { builder, parent, second, l2 } = setUp(stageConfig('ecotone'))
    const early = { ...parent, hash: fakeHash('early'), timestamp: L1_START + 8n }
    l2.add({ ref: early, systemConfig: testSystemConfig(), transactions: [] })
    await expect(builder.buildAttributes(early, second)).rejects.toMatchObject({
      severity: 'reset',
      fault: { code: 'timeBeforeOrigin' },
    })
  })

  it('[DER-247] a deposit that cannot be read is a critical error, never skipped', async () => {
    const config = stageConfig('ecotone')
    const bad = { ...testDepositLog(config, { from: testAddress(1), to: null }), data: '0x00' as const }
    const { builder, parent, second } = setUp(config, { logs: [bad] })
    await expect(builder.buildAttributes(parent, second)).rejects.toMatchObject({
      severity: 'critical',
      fault: { code: 'badDeposits' },
    })
  })

  it('are a critical error when the L1 attributes cannot be made', async () => {
    const scalar = `0x02${'00'.repeat(31)}` as const
    const { builder, parent, first } = setUp(stageConfig('ecotone'), { systemConfig: testSystemConfig({ scalar }) })
    await expect(builder.buildAttributes(parent, first)).rejects.toMatchObject({
      severity: 'critical',
      fault: { code: 'badL1Attributes' },
    })
  })

  it('[DER-044] what L1 does not have any more is a reset, a system config that is missing is tried again', async () => {
    const { builder, parent, second, l1 } = setUp(stageConfig('ecotone'))
    await expect(builder.buildAttributes({ ...parent, hash: fakeHash('unknown') }, second)).rejects.toMatchObject({
      severity: 'temporary',
    })
    l1.forget(second.hash)
    await expect(builder.buildAttributes(parent, second)).rejects.toMatchObject({
      severity: 'reset',
      fault: { code: 'l1BlockMissing' },
    })
  })

  it('[DER-354] cut down to deposits keep L1 attributes, user deposits and upgrade transactions', async () => {
    const config = withForks(stageConfig('delta'), { ecotone: L1_START + 14n })
    const { builder, parent, second } = setUp(config, {
      logs: [testDepositLog(config, { from: testAddress(1), to: null })],
    })
    const forced = await builder.buildAttributes(parent, second)
    const full = { ...forced, transactions: [...forced.transactions, Uint8Array.of(2, 0xc0)] }
    expect(isDepositsOnly(full)).toBe(false)
    expect(depositsOnly(full)).toEqual(forced)
    expect(isDepositsOnly(forced)).toBe(true)
  })
})
