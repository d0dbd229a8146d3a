import type { ChainRow } from './chainRow.ts'

/** The development chain on Sepolia that has every fork up to Karst from genesis. */
export const SEPOLIA_DEVNET_2_CHAINS: readonly ChainRow[] = [
  {
    name: 'sepolia-devnet-2',
    title: 'sepolia-devnet-2',
    chainId: 420130015,
    publicRpc: 'https://sepolia-devnet-2.optimism.io/rpc',
    sequencerRpc: '',
    explorer: '',
    blockTime: 2,
    seqWindowSize: 3600,
    maxSequencerDrift: 600,
    forks: [0, 0, 0, 0, 0, 0, 0, 0, 0],
    fees: [6, 50, 250],
    genesisTime: 1783536096,
    l1Genesis: ['0x46fb808baa0c4cf0b71e2f85bff8529011a84944529ccbf257e9c82ca88200ba', 11231178],
    l2Genesis: ['0x782e7ef559d86bd85ca14b3b51bcd64b2a5abba5bf3017d83d34e666d8dc0a57', 0],
    batcher: '0x62a6ed699757efa7c6d7e14e11aff684e904e91a',
    gasLimit: 60000000,
    overhead: '0x0',
    scalar: '0x10000000000000000000000000000000000000000000000000c3c9d00000558',
    inbox: '0x00ab2d21a3e869a42603c37731699d1eedf89eb3',
    portal: '0xce313e6d194260417ff9fee5c58f487d1da9fce0',
    systemConfig: '0x5f91ea5eea70e505b457a442dc7a8e5d9641b937',
    standardBridge: '0x9982b5a612b42da6f6c5d4de076082a8e22760c6',
    disputeGameFactory: '0x900bcac02abea47cf0a5d6c5d2cdacf2e831318d',
  },
]
