import {
  blockHeaderOf,
  decodeExtraData,
  type ExecutionPayloadEnvelope,
  encodeEip1559Params,
  isForkActive,
} from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import { createBlockExecutor } from './blockExecutor.ts'
import { ExecutionError } from './executionError.ts'
import type { BlockAttributes, BlockExecutorParts, SealedBlock } from './types.ts'

export type PayloadParts = Omit<BlockExecutorParts, 'attributes'> & {
  readonly envelope: ExecutionPayloadEnvelope
  readonly signal?: AbortSignal
  /** Awaited between transactions, so that a long block leaves others their turn. */
  readonly breathe?: () => Promise<void> | undefined
}

/**
 * The attributes that a payload was built from, as far as they show in it.
 *
 * @throws {ExecutionError} `invalidAttributes` when its extraData is not that of its fork
 */
export function attributesOfPayload(spec: ChainSpec, envelope: ExecutionPayloadEnvelope): BlockAttributes {
  const { executionPayload: payload, parentBeaconBlockRoot } = envelope
  const { timestamp, prevRandao, feeRecipient, gasLimit, withdrawals } = payload
  return {
    timestamp,
    prevRandao,
    suggestedFeeRecipient: feeRecipient,
    gasLimit,
    ...(withdrawals && { withdrawals }),
    ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
    ...(isForkActive(spec, 'holocene', timestamp) && eip1559Of(payload.extraData)),
  }
}

function eip1559Of(extraData: BlockHeader['extraData']): Pick<BlockAttributes, 'eip1559Params' | 'minBaseFee'> {
  try {
    const { minBaseFee, ...params } = decodeExtraData(extraData)
    return { eip1559Params: encodeEip1559Params(params), ...(minBaseFee !== undefined && { minBaseFee }) }
  } catch (cause) {
    throw new ExecutionError('invalidAttributes', { reason: (cause as Error).message }, { cause })
  }
}

/** Compared one by one before the hash, so that an error can say what differs. */
const FIELDS = [
  'parentHash',
  'miner',
  'stateRoot',
  'transactionsRoot',
  'receiptsRoot',
  'logsBloom',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'extraData',
  'mixHash',
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
] as const satisfies readonly (keyof BlockHeader)[]

function compare(expected: BlockHeader, actual: ReturnType<typeof blockHeaderOf>): void {
  for (const field of FIELDS) {
    if (expected[field] !== actual[field]) {
      throw new ExecutionError('invalidBlock', {
        field,
        expected: String(expected[field]),
        actual: String(actual[field]),
      })
    }
  }
}

/**
 * Executes a whole block and checks that its header says what came of it.
 *
 * @throws {ExecutionError} `invalidBlock`, `forcedTransactionFailed`, `invalidAttributes`: the block is invalid;
 * `aborted` when the signal says so
 * @throws {StateError} when the parent's state is not in the store
 */
export async function executePayload({ envelope, breathe, ...parts }: PayloadParts): Promise<SealedBlock> {
  const { executionPayload: payload } = envelope
  const { signal } = parts
  const executor = createBlockExecutor({ ...parts, attributes: attributesOfPayload(parts.spec, envelope) })
  for (const bytes of payload.transactions) {
    if (signal?.aborted) throw new ExecutionError('aborted', {}, { cause: signal.reason })
    await executor.applyForced(bytes)
    await breathe?.()
  }
  const block = await executor.seal()
  compare(block.header, blockHeaderOf(envelope, block.header.transactionsRoot))
  if (block.hash !== payload.blockHash) {
    throw new ExecutionError('invalidBlock', { field: 'blockHash', expected: block.hash, actual: payload.blockHash })
  }
  return block
}
