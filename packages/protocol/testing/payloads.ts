import {
  blockHeaderOf,
  DEPOSIT_EVENT_TOPIC,
  EMPTY_TRIE_ROOT,
  type ExecutionPayload,
  type ExecutionPayloadEnvelope,
  extraDataOf,
  headerHash,
  isForkActive,
  type L1BlockInfo,
  type Log,
  l1InfoDepositTx,
  PREDEPLOYS,
  type RollupConfig,
  type SystemConfig,
  ZERO_HASH,
} from '../src/index.ts'
import { testHash } from './configs.ts'

/** 256 zero bytes. */
export const EMPTY_BLOOM = `0x${'00'.repeat(256)}` as const

/** An L1 block after Cancun without blobs; `number` sets hash and parent hash too. */
export function testL1Info(overrides: Partial<L1BlockInfo> = {}): L1BlockInfo {
  const number = overrides.number ?? 101n
  const hashOf = (n: bigint) => `0x${(0x1_0000_0000n + n).toString(16).padStart(64, '0')}` as const
  return {
    hash: hashOf(number),
    number,
    parentHash: hashOf(number - 1n),
    timestamp: 1_000_000n,
    baseFee: 7n,
    mixHash: testHash(0x3a),
    excessBlobGas: 0n,
    blobGasUsed: 0n,
    parentBeaconBlockRoot: testHash(0xbe),
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: EMPTY_BLOOM,
    ...overrides,
  }
}

export type TestEnvelopeOptions = {
  readonly config: RollupConfig
  readonly l1Info?: L1BlockInfo
  readonly sequenceNumber?: bigint
  readonly systemConfig?: SystemConfig
  /** After the L1 attributes. */
  readonly transactions?: readonly Uint8Array[]
  /** Fields put over those made here, before the block hash is computed. */
  readonly payload?: Partial<ExecutionPayload>
}

/** An L2 block whose first transaction is its L1 attributes, with the fields of its fork and a true block hash. */
export function testEnvelope(options: TestEnvelopeOptions): ExecutionPayloadEnvelope {
  const { config, l1Info = testL1Info(), sequenceNumber = 0n, transactions = [] } = options
  const systemConfig = options.systemConfig ?? config.genesis.systemConfig
  const timestamp = options.payload?.timestamp ?? config.genesis.l2Time + config.blockTime
  const isCanyon = isForkActive(config, 'canyon', timestamp)
  const isEcotone = isForkActive(config, 'ecotone', timestamp)
  const isHolocene = isForkActive(config, 'holocene', timestamp)
  const isJovian = isForkActive(config, 'jovian', timestamp)
  const executionPayload: ExecutionPayload = {
    parentHash: config.genesis.l2.hash,
    feeRecipient: PREDEPLOYS.sequencerFeeVault,
    stateRoot: testHash(0x57),
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: EMPTY_BLOOM,
    prevRandao: l1Info.mixHash,
    blockNumber: config.genesis.l2.number + 1n,
    gasLimit: systemConfig.gasLimit,
    gasUsed: 21_000n,
    timestamp,
    extraData: extraDataOf(config, {
      timestamp,
      ...(isHolocene && { eip1559Params: systemConfig.eip1559Params }),
      ...(isJovian && { minBaseFee: systemConfig.minBaseFee }),
    }),
    baseFeePerGas: 1_000_000_000n,
    blockHash: ZERO_HASH,
    transactions: [l1InfoDepositTx(config, systemConfig, sequenceNumber, l1Info, timestamp), ...transactions],
    ...(isCanyon && { withdrawals: [] }),
    ...(isEcotone && { blobGasUsed: 0n, excessBlobGas: 0n }),
    ...(isForkActive(config, 'isthmus', timestamp) && { withdrawalsRoot: testHash(0x4d) }),
    ...options.payload,
  }
  const envelope = {
    executionPayload,
    ...(isEcotone && { parentBeaconBlockRoot: l1Info.parentBeaconBlockRoot ?? ZERO_HASH }),
  }
  if (options.payload?.blockHash) return envelope
  return { ...envelope, executionPayload: { ...executionPayload, blockHash: headerHash(blockHeaderOf(envelope)) } }
}

const word = (value: bigint) => value.toString(16).padStart(64, '0')
const paddedHex = (hex: string) => hex.padEnd(Math.ceil(hex.length / 64) * 64, '0')

export type TestDeposit = {
  readonly from: `0x${string}`
  readonly to: `0x${string}` | null
  readonly mint?: bigint
  readonly value?: bigint
  readonly gas?: bigint
  readonly data?: `0x${string}`
}

/** The log that the portal emits for a deposit. */
export function testDepositLog(config: RollupConfig, deposit: TestDeposit): Log {
  const { from, to, mint = 0n, value = 0n, gas = 100_000n, data = '0x' } = deposit
  const flags = gas.toString(16).padStart(16, '0') + (to === null ? '01' : '00')
  const opaque = word(mint) + word(value) + flags + data.slice(2)
  const topicOf = (address: string) => `0x${address.slice(2).toLowerCase().padStart(64, '0')}` as const
  return {
    address: config.depositContractAddress,
    topics: [DEPOSIT_EVENT_TOPIC, topicOf(from), topicOf(to ?? '0x'), ZERO_HASH],
    data: `0x${word(32n)}${word(BigInt(opaque.length / 2))}${paddedHex(opaque)}`,
  }
}

/** The `ConfigUpdate` log of a type with the words of its payload. */
export function testConfigUpdateLog(config: RollupConfig, type: number, ...words: readonly bigint[]): Log {
  return {
    address: config.l1SystemConfigAddress,
    topics: [
      '0x1d2b0bda21d56b8bd12d4f94ebacffdfb35f5e226f84b461103bb8beab6353be',
      ZERO_HASH,
      `0x${word(BigInt(type))}`,
    ],
    data: `0x${word(32n)}${word(BigInt(words.length * 32))}${words.map(word).join('')}`,
  }
}
