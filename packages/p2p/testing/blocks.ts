import {
  type activeFork,
  type ExecutionPayloadEnvelope,
  isForkActive,
  payloadBlockHash,
  type RollupConfig,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@keelson/protocol'
import { DEFAULT_CONFIG } from './config.ts'

/**
 * A block with a right hash and the fields of the fork at its time. The number follows from the time, or the time from
 * the number; other fields by `overrides`, which may break rules.
 */
export function testBlock(
  options: {
    readonly config?: RollupConfig
    readonly number?: bigint
    readonly parentHash?: `0x${string}`
    readonly overrides?: Partial<ExecutionPayloadEnvelope['executionPayload']>
    readonly beaconRoot?: `0x${string}` | null
    readonly transactions?: readonly Uint8Array[]
  } = {},
): ExecutionPayloadEnvelope {
  const { config = DEFAULT_CONFIG, number = 1n } = options
  const timestamp =
    options.overrides?.timestamp ?? config.genesis.l2Time + (number - config.genesis.l2.number) * config.blockTime
  const at = (fork: ReturnType<typeof activeFork>) => isForkActive(config, fork, timestamp)
  const beaconRoot = options.beaconRoot === undefined ? (at('ecotone') ? ZERO_HASH : null) : options.beaconRoot
  const envelope: ExecutionPayloadEnvelope = {
    executionPayload: {
      parentHash: options.parentHash ?? `0x${'11'.repeat(32)}`,
      feeRecipient: ZERO_ADDRESS,
      stateRoot: ZERO_HASH,
      receiptsRoot: ZERO_HASH,
      logsBloom: `0x${'00'.repeat(256)}`,
      prevRandao: ZERO_HASH,
      blockNumber: number,
      gasLimit: 30_000_000n,
      gasUsed: 21_000n,
      timestamp,
      extraData: '0x',
      baseFeePerGas: 7n,
      blockHash: ZERO_HASH,
      transactions: options.transactions ?? [Uint8Array.of(0x7e, 1, 2, 3)],
      ...(at('canyon') ? { withdrawals: [] } : {}),
      ...(at('ecotone') ? { blobGasUsed: 0n, excessBlobGas: 0n } : {}),
      ...(at('isthmus') ? { withdrawalsRoot: ZERO_HASH } : {}),
      ...options.overrides,
    },
    ...(beaconRoot === null ? {} : { parentBeaconBlockRoot: beaconRoot }),
  }
  if (options.overrides?.blockHash !== undefined) return envelope
  return { ...envelope, executionPayload: { ...envelope.executionPayload, blockHash: payloadBlockHash(envelope) } }
}

/** Blocks `from` … `to`, each the child of the one before. */
export function testChain(from: bigint, to: bigint, config: RollupConfig = DEFAULT_CONFIG): ExecutionPayloadEnvelope[] {
  const blocks: ExecutionPayloadEnvelope[] = []
  for (let number = from; number <= to; number++) {
    const parentHash = blocks.at(-1)?.executionPayload.blockHash
    blocks.push(testBlock({ config, number, ...(parentHash ? { parentHash } : {}) }))
  }
  return blocks
}
