import { type ForkSchedule, type RollupConfig, ZERO_ADDRESS, ZERO_HASH } from '@keelson/protocol'

/** A chain with Granite from genesis and 2-second blocks, genesis at number 0. */
export function testConfig(forks: ForkSchedule = GRANITE, genesisTime = 1_700_000_000n): RollupConfig {
  return {
    genesis: {
      l1: { hash: `0x${'a1'.repeat(32)}`, number: 0n },
      l2: { hash: `0x${'a2'.repeat(32)}`, number: 0n },
      l2Time: genesisTime,
      systemConfig: {
        batcherAddress: ZERO_ADDRESS,
        overhead: ZERO_HASH,
        scalar: ZERO_HASH,
        gasLimit: 30_000_000n,
        eip1559Params: '0x0000000000000000',
        operatorFeeParams: ZERO_HASH,
        minBaseFee: 0n,
        daFootprintGasScalar: 0n,
      },
    },
    blockTime: 2n,
    maxSequencerDrift: 600n,
    seqWindowSize: 3600n,
    channelTimeout: 300n,
    l1ChainId: 900n,
    l2ChainId: 901n,
    forks,
    batchInboxAddress: `0x${'ff'.repeat(20)}`,
    depositContractAddress: `0x${'dd'.repeat(20)}`,
    l1SystemConfigAddress: `0x${'cc'.repeat(20)}`,
  }
}

const ZERO = 0n
/** Every fork up to Granite from the first block on. */
export const GRANITE: ForkSchedule = {
  regolith: ZERO,
  canyon: ZERO,
  delta: ZERO,
  ecotone: ZERO,
  fjord: ZERO,
  granite: ZERO,
}

export const DEFAULT_CONFIG = testConfig()
