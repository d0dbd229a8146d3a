import { describe, expect, it } from 'vitest'
import {
  forksUpTo,
  testAddress,
  testEnvelope,
  testHash,
  testL1Info,
  testRollupConfig,
  testSystemConfig,
} from '../testing/index.ts'
import { encodeEcotoneScalars, encodeOperatorFeeParams } from './feeScalars.ts'
import type { ForkSchedule } from './forks.ts'
import { payloadToL2BlockRef, payloadToSystemConfig } from './payloadRefs.ts'
import { ZERO_HASH } from './primitives.ts'
import type { RollupConfig } from './rollupConfig.ts'
import type { SystemConfig } from './systemConfig.ts'
import { KARST_UPGRADE_GAS, upgradeGas } from './upgrades/upgradeGas.ts'

const T = 1_000_002n
const full = testSystemConfig({
  batcherAddress: testAddress(0xcc),
  overhead: testHash(0x09),
  scalar: encodeEcotoneScalars({ baseFeeScalar: 3, blobBaseFeeScalar: 4 }),
  gasLimit: 77_000_000n,
  eip1559Params: '0x0000006400000005',
  operatorFeeParams: encodeOperatorFeeParams({ scalar: 5, constant: 6n }),
  minBaseFee: 8n,
  daFootprintGasScalar: 9n,
})

/** What a block with this config and fork schedule gives back. */
function roundTrip(forks: ForkSchedule, systemConfig: SystemConfig = full, timestamp = T): SystemConfig {
  const config = testRollupConfig({ forks })
  return payloadToSystemConfig(config, testEnvelope({ config, systemConfig, payload: { timestamp } }).executionPayload)
}

const genesisPayload = (config: RollupConfig, hash = config.genesis.l2.hash) => ({
  ...testEnvelope({ config }).executionPayload,
  blockNumber: config.genesis.l2.number,
  blockHash: hash,
  transactions: [],
})

describe('the ref of an L2 block', () => {
  it('[DER-266] has the origin and sequence number of the L1 attributes', () => {
    const config = testRollupConfig()
    const l1Info = testL1Info({ number: 123n })
    const { executionPayload } = testEnvelope({ config, l1Info, sequenceNumber: 5n })
    expect(payloadToL2BlockRef(config, executionPayload)).toEqual({
      hash: executionPayload.blockHash,
      number: 1n,
      parentHash: config.genesis.l2.hash,
      timestamp: T,
      l1Origin: { hash: l1Info.hash, number: 123n },
      sequenceNumber: 5n,
    })
  })

  it('[DER-266] cannot be made of a block that does not begin with L1 attributes', () => {
    const config = testRollupConfig()
    const { executionPayload } = testEnvelope({ config })
    for (const transactions of [[], [Uint8Array.of(2, 0xc0)], [Uint8Array.of(0x7e)]]) {
      expect(() => payloadToL2BlockRef(config, { ...executionPayload, transactions })).toThrow()
    }
  })

  it('is that of the config at genesis, whose hash must be equal', () => {
    const config = testRollupConfig()
    expect(payloadToL2BlockRef(config, genesisPayload(config))).toMatchObject({
      l1Origin: config.genesis.l1,
      sequenceNumber: 0n,
    })
    expect(() => payloadToL2BlockRef(config, genesisPayload(config, testHash(1)))).toThrow('genesis')
  })
})

describe('the system config of an L2 block', () => {
  it('[DER-243] is what its attributes, gas limit and extra data encode', () => {
    expect(roundTrip(forksUpTo('jovian'))).toEqual({ ...full, overhead: ZERO_HASH })
  })

  it('[DER-244] forgets what the format of its fork cannot hold', () => {
    const none = { operatorFeeParams: ZERO_HASH, minBaseFee: 0n, daFootprintGasScalar: 0n }
    const zero = '0x0000000000000000'
    expect(roundTrip(forksUpTo('delta'))).toEqual({ ...full, ...none, eip1559Params: zero })
    expect(roundTrip(forksUpTo('granite'))).toEqual({ ...full, ...none, eip1559Params: zero, overhead: ZERO_HASH })
    expect(roundTrip(forksUpTo('holocene'))).toEqual({ ...full, ...none, overhead: ZERO_HASH })
    expect(roundTrip(forksUpTo('isthmus'))).toEqual({
      ...full,
      overhead: ZERO_HASH,
      minBaseFee: 0n,
      daFootprintGasScalar: 0n,
    })
  })

  it('[DER-244][DER-256] has no operator fee in the activation block of Isthmus, no footprint scalar in that of Jovian', () => {
    expect(roundTrip({ ...forksUpTo('holocene'), isthmus: T }).operatorFeeParams).toBe(ZERO_HASH)
    const jovian = roundTrip({ ...forksUpTo('isthmus'), jovian: T })
    expect(jovian).toMatchObject({
      daFootprintGasScalar: 0n,
      minBaseFee: 8n,
      operatorFeeParams: full.operatorFeeParams,
    })
  })

  it('[DER-238] has zero EIP-1559 parameters before Holocene, so that its activation block does too', () => {
    expect(roundTrip({ ...forksUpTo('granite'), holocene: T + 2n }).eip1559Params).toBe('0x0000000000000000')
  })

  it('[DER-245] is that of the rollup config at genesis', () => {
    const config = testRollupConfig()
    expect(payloadToSystemConfig(config, genesisPayload(config))).toBe(config.genesis.systemConfig)
  })

  it('[DER-246] has a version 1 scalar and no overhead when read from Ecotone attributes', () => {
    const version0 = { ...full, scalar: `0x${0xa6fe0n.toString(16).padStart(64, '0')}` as const }
    expect(roundTrip(forksUpTo('ecotone'), version0)).toMatchObject({
      overhead: ZERO_HASH,
      scalar: encodeEcotoneScalars({ baseFeeScalar: 0xa6fe0, blobBaseFeeScalar: 0 }),
    })
    expect(roundTrip({ ...forksUpTo('delta'), ecotone: T }, version0)).toMatchObject({
      overhead: version0.overhead,
      scalar: version0.scalar,
    })
  })

  it('[DER-263] reads back the footprint scalar that stood for 0', () => {
    expect(roundTrip(forksUpTo('jovian'), { ...full, daFootprintGasScalar: 0n }).daFootprintGasScalar).toBe(400n)
  })

  const forks = { ...forksUpTo('jovian'), karst: T }
  const atKarst = (timestamp: bigint, keep?: boolean) => {
    const config = testRollupConfig({ forks, ...(keep !== undefined && { keepKarstUpgradeGas: keep }) })
    const gasLimit = 60_000_000n + upgradeGas(config, timestamp)
    const { executionPayload } = testEnvelope({ config, payload: { timestamp, gasLimit } })
    return payloadToSystemConfig(config, executionPayload).gasLimit
  }

  it('[DER-328] gives the upgrade gas back after the activation block of Karst', () => {
    expect(KARST_UPGRADE_GAS).toBe(55_370_657n)
    expect(atKarst(T)).toBe(60_000_000n)
    expect(atKarst(T, false)).toBe(60_000_000n)
    expect(atKarst(T - 2n)).toBe(60_000_000n)
    expect(atKarst(T + 2n)).toBe(60_000_000n)
  })

  it('[DER-328] keeps the upgrade gas where the chain does', () => {
    expect(atKarst(T, true)).toBe(60_000_000n + KARST_UPGRADE_GAS)
    expect(atKarst(T + 2n, true)).toBe(60_000_000n)
  })

  it('[DER-328] cannot be read when the gas limit is below the upgrade gas', () => {
    const config = testRollupConfig({ forks })
    const { executionPayload } = testEnvelope({ config, payload: { gasLimit: KARST_UPGRADE_GAS - 1n } })
    expect(() => payloadToSystemConfig(config, executionPayload)).toThrow('upgrade gas')
  })
})
