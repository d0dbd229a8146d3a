import { EMPTY_REQUESTS_HASH, EMPTY_UNCLES_HASH, type Header, headerHash } from './header.ts'
import type { ExecutionPayload, ExecutionPayloadEnvelope, Withdrawal } from './payload.ts'
import type { Hash } from './primitives.ts'
import { encodeRlp } from './rlp.ts'
import { orderedTrieRoot } from './trie.ts'

/** Root over withdrawals; on L2 the list is empty. */
export function withdrawalsTrieRoot(withdrawals: readonly Withdrawal[]): Hash {
  return orderedTrieRoot(
    withdrawals.map(({ index, validatorIndex, address, amount }) =>
      encodeRlp([index, validatorIndex, address, amount]),
    ),
  )
}

/** The storage root of the message passer from Isthmus, the root of the (empty) list from Canyon, nothing before. */
function withdrawalsRootOf(payload: ExecutionPayload): Hash | undefined {
  if (payload.withdrawalsRoot !== undefined) return payload.withdrawalsRoot
  return payload.withdrawals && withdrawalsTrieRoot(payload.withdrawals)
}

/**
 * The header of the L2 block that an envelope holds; its fork shows in the fields that are there. The payload's own
 * block hash plays no part.
 *
 * @param transactionsRoot - when already known
 */
export function blockHeaderOf(
  { executionPayload: payload, parentBeaconBlockRoot }: ExecutionPayloadEnvelope,
  transactionsRoot: Hash = orderedTrieRoot(payload.transactions),
): Header {
  const withdrawalsRoot = withdrawalsRootOf(payload)
  return {
    parentHash: payload.parentHash,
    sha3Uncles: EMPTY_UNCLES_HASH,
    miner: payload.feeRecipient,
    stateRoot: payload.stateRoot,
    transactionsRoot,
    receiptsRoot: payload.receiptsRoot,
    logsBloom: payload.logsBloom,
    difficulty: 0n,
    number: payload.blockNumber,
    gasLimit: payload.gasLimit,
    gasUsed: payload.gasUsed,
    timestamp: payload.timestamp,
    extraData: payload.extraData,
    mixHash: payload.prevRandao,
    nonce: '0x0000000000000000',
    baseFeePerGas: payload.baseFeePerGas,
    ...(withdrawalsRoot !== undefined && { withdrawalsRoot }),
    ...(payload.blobGasUsed !== undefined && { blobGasUsed: payload.blobGasUsed }),
    ...(payload.excessBlobGas !== undefined && { excessBlobGas: payload.excessBlobGas }),
    ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
    // Isthmus brings the root of withdrawals and the (always empty) requests together.
    ...(payload.withdrawalsRoot !== undefined && { requestsHash: EMPTY_REQUESTS_HASH }),
  }
}

/**
 * The block hash that the envelope's fields give: equal to `executionPayload.blockHash` for an honest payload.
 *
 * @throws {CodecError} `badPayload` when fields of different forks are mixed
 */
export function payloadBlockHash(envelope: ExecutionPayloadEnvelope): Hash {
  return headerHash(blockHeaderOf(envelope))
}

/** The envelope of a block known by header and transactions: what {@link blockHeaderOf} takes apart. */
export function envelopeOf(header: Header, hash: Hash, transactions: readonly Uint8Array[]): ExecutionPayloadEnvelope {
  return {
    executionPayload: {
      parentHash: header.parentHash,
      feeRecipient: header.miner,
      stateRoot: header.stateRoot,
      receiptsRoot: header.receiptsRoot,
      logsBloom: header.logsBloom,
      prevRandao: header.mixHash,
      blockNumber: header.number,
      gasLimit: header.gasLimit,
      gasUsed: header.gasUsed,
      timestamp: header.timestamp,
      extraData: header.extraData,
      baseFeePerGas: header.baseFeePerGas ?? 0n,
      blockHash: hash,
      transactions,
      ...(header.withdrawalsRoot !== undefined && { withdrawals: [] }),
      ...(header.blobGasUsed !== undefined && { blobGasUsed: header.blobGasUsed }),
      ...(header.excessBlobGas !== undefined && { excessBlobGas: header.excessBlobGas }),
      ...(header.requestsHash !== undefined &&
        header.withdrawalsRoot !== undefined && { withdrawalsRoot: header.withdrawalsRoot }),
    },
    ...(header.parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot: header.parentBeaconBlockRoot }),
  }
}
