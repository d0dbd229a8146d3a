import {
  type Address,
  encodeEcotoneScalars,
  FORKS,
  type ForkSchedule,
  type Hash,
  type RollupConfig,
  type SystemConfig,
  type TimedFork,
  ZERO_HASH,
} from '../src/index.ts'

/** A hash of 32 equal bytes. */
export const testHash = (byte: number): Hash => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`

/** An address of 20 equal bytes. */
export const testAddress = (byte: number): Address => `0x${byte.toString(16).padStart(2, '0').repeat(20)}`

/** A schedule in which every fork up to `last` is active from genesis, and none after it ever. */
export function forksUpTo(last: TimedFork | 'bedrock', time = 0n): ForkSchedule {
  const active = FORKS.slice(1, FORKS.indexOf(last) + 1)
  return Object.fromEntries(active.map((fork) => [fork, time]))
}

/** A system config with 60M gas and Ecotone scalars; nothing else set. */
export function testSystemConfig(overrides: Partial<SystemConfig> = {}): SystemConfig {
  return {
    batcherAddress: testAddress(0xba),
    overhead: ZERO_HASH,
    scalar: encodeEcotoneScalars({ baseFeeScalar: 1368, blobBaseFeeScalar: 810_949 }),
    gasLimit: 60_000_000n,
    eip1559Params: '0x0000000000000000',
    operatorFeeParams: ZERO_HASH,
    minBaseFee: 0n,
    daFootprintGasScalar: 0n,
    ...overrides,
  }
}

/** A small valid config: blocks of 2 s, every fork from genesis, a short sequencing window. */
export function testRollupConfig(overrides: Partial<RollupConfig> = {}): RollupConfig {
  return {
    genesis: {
      l1: { hash: testHash(0x11), number: 100n },
      l2: { hash: testHash(0x22), number: 0n },
      l2Time: 1_000_000n,
      systemConfig: testSystemConfig(),
    },
    blockTime: 2n,
    maxSequencerDrift: 600n,
    seqWindowSize: 50n,
    channelTimeout: 300n,
    l1ChainId: 900n,
    l2ChainId: 901n,
    forks: forksUpTo('karst'),
    batchInboxAddress: testAddress(0xff),
    depositContractAddress: testAddress(0xde),
    l1SystemConfigAddress: testAddress(0x5c),
    chainOpConfig: { eip1559Elasticity: 6n, eip1559Denominator: 50n, eip1559DenominatorCanyon: 250n },
    ...overrides,
  }
}
