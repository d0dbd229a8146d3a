import {
  type ExecutionPayloadEnvelope,
  encodeExtraData,
  type ForkSchedule,
  type Hash,
  isForkActive,
  keccak256Hex,
  type L1BlockInfo,
  type L1ChainConfig,
  type L2BlockRef,
  l1InfoDepositTx,
  type PayloadAttributes,
  PREDEPLOYS,
  payloadBlockHash,
  type RollupConfig,
  utf8Bytes,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@keelson/protocol'

/** Every fork through `last` from genesis on. */
export function forksThrough(last: 'regolith' | 'granite' | 'holocene' | 'isthmus' | 'jovian'): ForkSchedule {
  const order = ['regolith', 'canyon', 'delta', 'ecotone', 'fjord', 'granite', 'holocene', 'isthmus', 'jovian'] as const
  return Object.fromEntries(order.slice(0, order.indexOf(last) + 1).map((fork) => [fork, 0n]))
}

const GENESIS_TIME = 1_700_000_000n
/** Seconds between the blocks of {@link fakeL1Block}. */
export const FAKE_L1_BLOCK_TIME = 12n

/** Blob prices of the fake L1. */
export const FAKE_L1_CONFIG: L1ChainConfig = {
  chainId: 900n,
  blobSchedule: [{ fork: 'cancun', time: 0n, target: 3n, max: 6n, baseFeeUpdateFraction: 3_338_477n }],
}

/** The hash of what a test names. */
export const hashOf = (name: string): Hash => keccak256Hex(utf8Bytes(name))

/** L1 block `number` of the branch that `branch` names; branches share what is below `forkedAt`. */
export function fakeL1Block(number: bigint, branch = 'a', forkedAt = 0n): L1BlockInfo {
  const at = (n: bigint) => hashOf(n < 0n ? 'none' : `L1 ${n < forkedAt ? 'a' : branch} ${n}`)
  return {
    hash: at(number),
    number,
    parentHash: at(number - 1n),
    timestamp: GENESIS_TIME + number * FAKE_L1_BLOCK_TIME,
    baseFee: 7n,
    mixHash: hashOf(`mix ${branch} ${number}`),
    excessBlobGas: 0n,
    blobGasUsed: 0n,
    parentBeaconBlockRoot: hashOf(`beacon ${branch} ${number}`),
    transactionsRoot: hashOf('no transactions'),
    receiptsRoot: hashOf('no receipts'),
    logsBloom: `0x${'00'.repeat(256)}`,
  }
}

/** A chain whose L2 genesis is L1 block 0, with 2 s blocks, and its genesis block. */
export function fakeChain(overrides: Partial<RollupConfig> = {}): {
  config: RollupConfig
  genesis: ExecutionPayloadEnvelope
} {
  const forks = overrides.forks ?? forksThrough('granite')
  const is = (fork: 'canyon' | 'ecotone' | 'holocene' | 'isthmus' | 'jovian') =>
    isForkActive({ forks }, fork, GENESIS_TIME)
  const envelope: ExecutionPayloadEnvelope = {
    executionPayload: {
      parentHash: ZERO_HASH,
      feeRecipient: ZERO_ADDRESS,
      stateRoot: hashOf('genesis state'),
      receiptsRoot: hashOf('no receipts'),
      logsBloom: `0x${'00'.repeat(256)}`,
      prevRandao: ZERO_HASH,
      blockNumber: 0n,
      gasLimit: 30_000_000n,
      gasUsed: 0n,
      timestamp: GENESIS_TIME,
      extraData: is('holocene')
        ? encodeExtraData({ denominator: 250, elasticity: 6, ...(is('jovian') ? { minBaseFee: 0n } : {}) })
        : '0x',
      baseFeePerGas: 1_000_000n,
      blockHash: ZERO_HASH,
      transactions: [],
      ...(is('canyon') && { withdrawals: [] }),
      ...(is('ecotone') && { blobGasUsed: 0n, excessBlobGas: 0n }),
      ...(is('isthmus') && { withdrawalsRoot: hashOf('no withdrawals') }),
    },
    ...(is('ecotone') && { parentBeaconBlockRoot: ZERO_HASH }),
  }
  const hash = payloadBlockHash(envelope)
  const genesis = { ...envelope, executionPayload: { ...envelope.executionPayload, blockHash: hash } }
  const config: RollupConfig = {
    genesis: {
      l1: { hash: fakeL1Block(0n).hash, number: 0n },
      l2: { hash, number: 0n },
      l2Time: GENESIS_TIME,
      systemConfig: {
        batcherAddress: '0x00000000000000000000000000000000000000ba',
        overhead: ZERO_HASH,
        scalar: `0x01${'00'.repeat(31)}`,
        gasLimit: 30_000_000n,
        eip1559Params: '0x0000000000000000',
        operatorFeeParams: ZERO_HASH,
        minBaseFee: 0n,
        daFootprintGasScalar: 0n,
      },
    },
    blockTime: 2n,
    maxSequencerDrift: 600n,
    seqWindowSize: 10n,
    channelTimeout: 5n,
    l1ChainId: 900n,
    l2ChainId: 901n,
    forks,
    batchInboxAddress: '0xff00000000000000000000000000000000000901',
    depositContractAddress: '0x00000000000000000000000000000000000000d0',
    l1SystemConfigAddress: '0x00000000000000000000000000000000000000c0',
    ...overrides,
  }
  return { config, genesis }
}

/** Attributes of the block after `parent` with L1 origin `origin`, `transactions` after the deposit. */
export function fakeAttributes(
  config: RollupConfig,
  parent: L2BlockRef,
  origin: L1BlockInfo = fakeL1Block(parent.l1Origin.number),
  transactions: readonly Uint8Array[] = [],
): PayloadAttributes {
  const timestamp = parent.timestamp + config.blockTime
  const sequenceNumber = origin.number === parent.l1Origin.number ? parent.sequenceNumber + 1n : 0n
  const { systemConfig } = config.genesis
  const is = (fork: 'canyon' | 'ecotone' | 'holocene' | 'jovian') => isForkActive(config, fork, timestamp)
  return {
    timestamp,
    prevRandao: origin.mixHash,
    suggestedFeeRecipient: PREDEPLOYS.sequencerFeeVault,
    transactions: [
      l1InfoDepositTx(config, systemConfig, sequenceNumber, origin, timestamp, FAKE_L1_CONFIG),
      ...transactions,
    ],
    noTxPool: true,
    gasLimit: systemConfig.gasLimit,
    ...(is('canyon') && { withdrawals: [] }),
    ...(is('ecotone') && origin.parentBeaconBlockRoot && { parentBeaconBlockRoot: origin.parentBeaconBlockRoot }),
    ...(is('holocene') && { eip1559Params: systemConfig.eip1559Params }),
    ...(is('jovian') && { minBaseFee: 0n }),
  }
}
