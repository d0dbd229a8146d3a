import { bytesToHex, quantityToHex } from './bytes.ts'
import type {
  AccountProof,
  ForkchoiceState,
  ForkchoiceUpdatedResult,
  PayloadStatus,
  PayloadStatusCode,
} from './engineApi.ts'
import type { Header } from './header.ts'
import { JsonNode, jsonNumber } from './json.ts'
import type { ExecutionPayload, ExecutionPayloadEnvelope, PayloadAttributes, Withdrawal } from './payload.ts'

/** An object as it stands on the wire. */
export type JsonObject = Record<string, unknown>

const nodeOf = (json: unknown): JsonNode => (json instanceof JsonNode ? json : new JsonNode(json))
const quantity = (node: JsonNode): bigint => node.quantity()
const hash = (node: JsonNode) => node.hash()

function withdrawalToJson({ index, validatorIndex, address, amount }: Withdrawal): JsonObject {
  return {
    index: quantityToHex(index),
    validatorIndex: quantityToHex(validatorIndex),
    address,
    amount: quantityToHex(amount),
  }
}

function readWithdrawals(node: JsonNode): readonly Withdrawal[] {
  return node.items().map((item) => ({
    index: item.get('index').quantity(),
    validatorIndex: item.get('validatorIndex').quantity(),
    address: item.get('address').address(),
    amount: item.get('amount').quantity(),
  }))
}

/** An execution payload as the Engine API has it. */
export function payloadToJson(payload: ExecutionPayload): JsonObject {
  return {
    parentHash: payload.parentHash,
    feeRecipient: payload.feeRecipient,
    stateRoot: payload.stateRoot,
    receiptsRoot: payload.receiptsRoot,
    logsBloom: payload.logsBloom,
    prevRandao: payload.prevRandao,
    blockNumber: quantityToHex(payload.blockNumber),
    gasLimit: quantityToHex(payload.gasLimit),
    gasUsed: quantityToHex(payload.gasUsed),
    timestamp: quantityToHex(payload.timestamp),
    extraData: payload.extraData,
    baseFeePerGas: quantityToHex(payload.baseFeePerGas),
    blockHash: payload.blockHash,
    transactions: payload.transactions.map(bytesToHex),
    ...(payload.withdrawals && { withdrawals: payload.withdrawals.map(withdrawalToJson) }),
    ...(payload.blobGasUsed !== undefined && { blobGasUsed: quantityToHex(payload.blobGasUsed) }),
    ...(payload.excessBlobGas !== undefined && { excessBlobGas: quantityToHex(payload.excessBlobGas) }),
    ...(payload.withdrawalsRoot !== undefined && { withdrawalsRoot: payload.withdrawalsRoot }),
  }
}

/** @throws {CodecError} `badJson` */
export function payloadFromJson(json: unknown): ExecutionPayload {
  const node = nodeOf(json)
  return {
    parentHash: node.get('parentHash').hash(),
    feeRecipient: node.get('feeRecipient').address(),
    stateRoot: node.get('stateRoot').hash(),
    receiptsRoot: node.get('receiptsRoot').hash(),
    logsBloom: node.get('logsBloom').hex(256),
    prevRandao: node.get('prevRandao').hash(),
    blockNumber: node.get('blockNumber').quantity(),
    gasLimit: node.get('gasLimit').quantity(),
    gasUsed: node.get('gasUsed').quantity(),
    timestamp: node.get('timestamp').quantity(),
    extraData: node.get('extraData').hex(),
    baseFeePerGas: node.get('baseFeePerGas').quantity(),
    blockHash: node.get('blockHash').hash(),
    transactions: node
      .get('transactions')
      .items()
      .map((tx) => tx.bytes()),
    ...node.optional('withdrawals', 'withdrawals', readWithdrawals),
    ...node.optional('blobGasUsed', 'blobGasUsed', quantity),
    ...node.optional('excessBlobGas', 'excessBlobGas', quantity),
    ...node.optional('withdrawalsRoot', 'withdrawalsRoot', hash),
  }
}

/** `{ parentBeaconBlockRoot?, executionPayload }`: `admin_postUnsafePayload`, `engine_getPayload`, conductor. */
export function envelopeToJson({ executionPayload, parentBeaconBlockRoot }: ExecutionPayloadEnvelope): JsonObject {
  return {
    ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
    executionPayload: payloadToJson(executionPayload),
  }
}

/** Other members, such as `blockValue`, are let pass. @throws {CodecError} `badJson` */
export function envelopeFromJson(json: unknown): ExecutionPayloadEnvelope {
  const node = nodeOf(json)
  return {
    executionPayload: payloadFromJson(node.get('executionPayload')),
    ...node.optional('parentBeaconBlockRoot', 'parentBeaconBlockRoot', hash),
  }
}

/**
 * Payload attributes as op-node sends them: empty transactions and a false `noTxPool` are left out, `minBaseFee` is a
 * JSON number.
 */
export function attributesToJson(attributes: PayloadAttributes): JsonObject {
  const { withdrawals, parentBeaconBlockRoot, transactions, eip1559Params, minBaseFee } = attributes
  return {
    timestamp: quantityToHex(attributes.timestamp),
    prevRandao: attributes.prevRandao,
    suggestedFeeRecipient: attributes.suggestedFeeRecipient,
    ...(withdrawals && { withdrawals: withdrawals.map(withdrawalToJson) }),
    ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
    ...(transactions.length > 0 && { transactions: transactions.map(bytesToHex) }),
    ...(attributes.noTxPool && { noTxPool: true }),
    gasLimit: quantityToHex(attributes.gasLimit),
    ...(eip1559Params !== undefined && { eip1559Params }),
    ...(minBaseFee !== undefined && { minBaseFee: jsonNumber(minBaseFee) }),
  }
}

/** `gasLimit` is required of a rollup's attributes. @throws {CodecError} `badJson` */
export function attributesFromJson(json: unknown): PayloadAttributes {
  const node = nodeOf(json)
  const transactions = node.get('transactions')
  const noTxPool = node.get('noTxPool')
  return {
    timestamp: node.get('timestamp').quantity(),
    prevRandao: node.get('prevRandao').hash(),
    suggestedFeeRecipient: node.get('suggestedFeeRecipient').address(),
    ...node.optional('withdrawals', 'withdrawals', readWithdrawals),
    ...node.optional('parentBeaconBlockRoot', 'parentBeaconBlockRoot', hash),
    transactions: transactions.exists ? transactions.items().map((tx) => tx.bytes()) : [],
    noTxPool: noTxPool.exists && noTxPool.boolean(),
    gasLimit: node.get('gasLimit').quantity(),
    ...node.optional('eip1559Params', 'eip1559Params', (params) => params.hex(8)),
    ...node.optional('minBaseFee', 'minBaseFee', (fee) => fee.uint64()),
  }
}

export function forkchoiceStateToJson(state: ForkchoiceState): JsonObject {
  return {
    headBlockHash: state.headBlockHash,
    safeBlockHash: state.safeBlockHash,
    finalizedBlockHash: state.finalizedBlockHash,
  }
}

/** @throws {CodecError} `badJson` */
export function forkchoiceStateFromJson(json: unknown): ForkchoiceState {
  const node = nodeOf(json)
  return {
    headBlockHash: node.get('headBlockHash').hash(),
    safeBlockHash: node.get('safeBlockHash').hash(),
    finalizedBlockHash: node.get('finalizedBlockHash').hash(),
  }
}

const STATUS_CODES: readonly PayloadStatusCode[] = ['VALID', 'INVALID', 'SYNCING', 'ACCEPTED', 'INVALID_BLOCK_HASH']

export function payloadStatusToJson({ status, latestValidHash, validationError }: PayloadStatus): JsonObject {
  return { status, latestValidHash, validationError }
}

/** @throws {CodecError} `badJson` */
export function payloadStatusFromJson(json: unknown): PayloadStatus {
  const node = nodeOf(json)
  const code = node.get('status').string()
  const status = STATUS_CODES.find((known) => known === code) ?? node.get('status').fail(`unknown status ${code}`)
  const latestValidHash = node.get('latestValidHash')
  const validationError = node.get('validationError')
  return {
    status,
    latestValidHash: latestValidHash.exists ? latestValidHash.hash() : null,
    validationError: validationError.exists ? validationError.string() : null,
  }
}

export function forkchoiceUpdatedToJson({ payloadStatus, payloadId }: ForkchoiceUpdatedResult): JsonObject {
  return { payloadStatus: payloadStatusToJson(payloadStatus), payloadId }
}

/** @throws {CodecError} `badJson` */
export function forkchoiceUpdatedFromJson(json: unknown): ForkchoiceUpdatedResult {
  const node = nodeOf(json)
  const payloadId = node.get('payloadId')
  return {
    payloadStatus: payloadStatusFromJson(node.get('payloadStatus')),
    payloadId: payloadId.exists ? payloadId.hex(8) : null,
  }
}

/** The answer of `eth_getProof`. @throws {CodecError} `badJson` */
export function accountProofFromJson(json: unknown): AccountProof {
  const node = nodeOf(json)
  const storageProof = node.get('storageProof')
  return {
    address: node.get('address').address(),
    balance: node.get('balance').quantity(),
    codeHash: node.get('codeHash').hash(),
    nonce: node.get('nonce').quantity(),
    storageHash: node.get('storageHash').hash(),
    accountProof: node
      .get('accountProof')
      .items()
      .map((item) => item.hex()),
    storageProof: (storageProof.exists ? storageProof.items() : []).map((entry) => ({
      // Clients give the key as a word or without its leading zeros.
      key: `0x${entry.get('key').string().slice(2).toLowerCase().padStart(64, '0')}` as const,
      value: entry.get('value').quantity(),
      proof: entry
        .get('proof')
        .items()
        .map((item) => item.hex()),
    })),
  }
}

export function accountProofToJson(proof: AccountProof): JsonObject {
  return {
    address: proof.address,
    balance: quantityToHex(proof.balance),
    codeHash: proof.codeHash,
    nonce: quantityToHex(proof.nonce),
    storageHash: proof.storageHash,
    accountProof: proof.accountProof,
    storageProof: proof.storageProof.map((entry) => ({
      key: entry.key,
      value: quantityToHex(entry.value),
      proof: entry.proof,
    })),
  }
}

/** The header part of an `eth_getBlockBy…` answer, of any fork. @throws {CodecError} `badJson` */
export function headerFromJson(json: unknown): Header {
  const node = nodeOf(json)
  const difficulty = node.get('difficulty')
  return {
    parentHash: node.get('parentHash').hash(),
    sha3Uncles: node.get('sha3Uncles').hash(),
    miner: node.get('miner').address(),
    stateRoot: node.get('stateRoot').hash(),
    transactionsRoot: node.get('transactionsRoot').hash(),
    receiptsRoot: node.get('receiptsRoot').hash(),
    logsBloom: node.get('logsBloom').hex(256),
    difficulty: difficulty.exists ? difficulty.quantity() : 0n,
    number: node.get('number').quantity(),
    gasLimit: node.get('gasLimit').quantity(),
    gasUsed: node.get('gasUsed').quantity(),
    timestamp: node.get('timestamp').quantity(),
    extraData: node.get('extraData').hex(),
    mixHash: node.get('mixHash').hash(),
    nonce: node.get('nonce').hex(8),
    ...node.optional('baseFeePerGas', 'baseFeePerGas', quantity),
    ...node.optional('withdrawalsRoot', 'withdrawalsRoot', hash),
    ...node.optional('blobGasUsed', 'blobGasUsed', quantity),
    ...node.optional('excessBlobGas', 'excessBlobGas', quantity),
    ...node.optional('parentBeaconBlockRoot', 'parentBeaconBlockRoot', hash),
    ...node.optional('requestsHash', 'requestsHash', hash),
    ...node.optional('blockAccessListHash', 'blockAccessListHash', hash),
    ...node.optional('slotNumber', 'slotNumber', quantity),
  }
}

/** The header part of an `eth_getBlockBy…` answer. */
export function headerToJson(header: Header): JsonObject {
  const json: JsonObject = {}
  for (const [key, value] of Object.entries(header))
    json[key] = typeof value === 'bigint' ? quantityToHex(value) : value
  return json
}
