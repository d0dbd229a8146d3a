import { bytesToBigint, bytesToHex, hexToBytes } from './bytes.ts'
import { CodecError } from './codecError.ts'
import { isForkActive } from './forks.ts'
import { keccak256 } from './keccak.ts'
import type { ExecutionPayload, ExecutionPayloadEnvelope, Withdrawal } from './payload.ts'
import type { RollupConfig } from './rollupConfig.ts'

/** 1 Bedrock, 2 Canyon, 3 Ecotone, 4 Isthmus. The version in a gossip topic's name is one less. */
export type PayloadVersion = 1 | 2 | 3 | 4

/** Where the variable part begins. */
const FIXED_SIZE = { 1: 508, 2: 512, 3: 528, 4: 560 } as const
const MAX_EXTRA_DATA = 32
const MAX_TRANSACTIONS = 1 << 20
const MAX_WITHDRAWALS = 16
const WITHDRAWAL_SIZE = 44

/** The payload version of blocks at an L2 time. */
export function payloadVersionAt(config: Pick<RollupConfig, 'forks'>, timestamp: bigint): PayloadVersion {
  if (isForkActive(config, 'isthmus', timestamp)) return 4
  if (isForkActive(config, 'ecotone', timestamp)) return 3
  return isForkActive(config, 'canyon', timestamp) ? 2 : 1
}

/** The version that a payload's fields amount to. */
export function payloadVersionOf(payload: ExecutionPayload): PayloadVersion {
  if (payload.withdrawalsRoot !== undefined) return 4
  if (payload.blobGasUsed !== undefined) return 3
  return payload.withdrawals ? 2 : 1
}

/** Little endian in place: SSZ's only byte order. */
function writeUint(out: Uint8Array, at: number, value: bigint, length: number): void {
  let rest = value
  for (let i = 0; i < length; i++) {
    out[at + i] = Number(rest & 0xffn)
    rest >>= 8n
  }
}

function readUint(bytes: Uint8Array, at: number, length: number): bigint {
  return bytesToBigint(bytes.slice(at, at + length).reverse())
}

/**
 * SSZ of a payload; from Ecotone the parent's beacon root stands before it. That is what is signed, and after the
 * signature what is gossiped.
 *
 * @throws {CodecError} `badPayload` when a field that the version needs is absent
 * @see specs/protocol/rollup-node-p2p.md#block-encoding
 */
export function encodePayloadSsz({
  executionPayload: payload,
  parentBeaconBlockRoot,
}: ExecutionPayloadEnvelope): Uint8Array {
  const version = payloadVersionOf(payload)
  const fixed = FIXED_SIZE[version]
  const extraData = hexToBytes(payload.extraData)
  const withdrawals = payload.withdrawals ?? []
  const head = version >= 3 ? 32 : 0
  let size = fixed + extraData.length + withdrawals.length * WITHDRAWAL_SIZE
  for (const tx of payload.transactions) size += 4 + tx.length
  const all = new Uint8Array(head + size)
  if (head) {
    if (parentBeaconBlockRoot === undefined)
      throw new CodecError('badPayload', { reason: 'no parent beacon block root' })
    all.set(hexToBytes(parentBeaconBlockRoot))
  }
  const out = all.subarray(head)
  const view = new DataView(out.buffer, out.byteOffset, out.length)
  out.set(hexToBytes(payload.parentHash), 0)
  out.set(hexToBytes(payload.feeRecipient), 32)
  out.set(hexToBytes(payload.stateRoot), 52)
  out.set(hexToBytes(payload.receiptsRoot), 84)
  out.set(hexToBytes(payload.logsBloom), 116)
  out.set(hexToBytes(payload.prevRandao), 372)
  view.setBigUint64(404, payload.blockNumber, true)
  view.setBigUint64(412, payload.gasLimit, true)
  view.setBigUint64(420, payload.gasUsed, true)
  view.setBigUint64(428, payload.timestamp, true)
  view.setUint32(436, fixed, true)
  writeUint(out, 440, payload.baseFeePerGas, 32)
  out.set(hexToBytes(payload.blockHash), 472)
  let at: number = fixed
  out.set(extraData, at)
  at += extraData.length
  view.setUint32(504, at, true)
  at = writeTransactions(out, view, at, payload.transactions)
  if (version >= 2) view.setUint32(508, at, true)
  for (const withdrawal of withdrawals) {
    view.setBigUint64(at, withdrawal.index, true)
    view.setBigUint64(at + 8, withdrawal.validatorIndex, true)
    out.set(hexToBytes(withdrawal.address), at + 16)
    view.setBigUint64(at + 36, withdrawal.amount, true)
    at += WITHDRAWAL_SIZE
  }
  if (version >= 3) {
    view.setBigUint64(512, payload.blobGasUsed ?? 0n, true)
    view.setBigUint64(520, payload.excessBlobGas ?? 0n, true)
  }
  if (payload.withdrawalsRoot !== undefined) out.set(hexToBytes(payload.withdrawalsRoot), 528)
  return all
}

function writeTransactions(out: Uint8Array, view: DataView, start: number, txs: readonly Uint8Array[]): number {
  let at = start + 4 * txs.length
  for (const [i, tx] of txs.entries()) {
    view.setUint32(start + 4 * i, at - start, true)
    out.set(tx, at)
    at += tx.length
  }
  return at
}

const refuse = (reason: string): never => {
  throw new CodecError('badPayload', { reason })
}

/** A list of byte lists: offsets first, each relative to the start; the first says how many there are. */
function readTransactions(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0) return []
  if (bytes.length < 4) refuse('transactions are cut short')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const first = view.getUint32(0, true)
  const count = first / 4
  if (first === 0 || first % 4 !== 0 || first > bytes.length) refuse(`first transaction offset is ${first}`)
  if (count > MAX_TRANSACTIONS) refuse(`${count} transactions`)
  const txs: Uint8Array[] = new Array(count)
  let start = first
  for (let i = 0; i < count; i++) {
    const end = i + 1 < count ? view.getUint32(4 * (i + 1), true) : bytes.length
    if (end < start || end > bytes.length) refuse(`transaction ${i} ends at ${end}`)
    txs[i] = bytes.subarray(start, end)
    start = end
  }
  return txs
}

function readWithdrawals(bytes: Uint8Array): Withdrawal[] {
  if (bytes.length % WITHDRAWAL_SIZE !== 0) refuse(`withdrawals of ${bytes.length} bytes`)
  const count = bytes.length / WITHDRAWAL_SIZE
  if (count > MAX_WITHDRAWALS) refuse(`${count} withdrawals`)
  return Array.from({ length: count }, (_, i) => {
    const at = i * WITHDRAWAL_SIZE
    return {
      index: readUint(bytes, at, 8),
      validatorIndex: readUint(bytes, at + 8, 8),
      address: bytesToHex(bytes.subarray(at + 16, at + 36)),
      amount: readUint(bytes, at + 36, 8),
    }
  })
}

/**
 * Reads what {@link encodePayloadSsz} writes. Transactions are views of `bytes`.
 *
 * @throws {CodecError} `badPayload`, `truncated`
 */
export function decodePayloadSsz(bytes: Uint8Array, version: PayloadVersion): ExecutionPayloadEnvelope {
  const head = version >= 3 ? 32 : 0
  const fixed = FIXED_SIZE[version]
  const body = bytes.subarray(head)
  if (bytes.length < head + fixed) {
    throw new CodecError('truncated', { what: `payload V${version}`, need: head + fixed, have: bytes.length })
  }
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  const extraDataAt = view.getUint32(436, true)
  const transactionsAt = view.getUint32(504, true)
  const withdrawalsAt = version >= 2 ? view.getUint32(508, true) : body.length
  if (extraDataAt !== fixed) refuse(`extra data offset is ${extraDataAt} instead of ${fixed}`)
  if (transactionsAt < extraDataAt || withdrawalsAt < transactionsAt || withdrawalsAt > body.length) {
    refuse(`offsets ${extraDataAt}, ${transactionsAt}, ${withdrawalsAt} of ${body.length}`)
  }
  if (transactionsAt - extraDataAt > MAX_EXTRA_DATA) refuse(`extra data of ${transactionsAt - extraDataAt} bytes`)
  const hex = (at: number, length: number) => bytesToHex(body.subarray(at, at + length))
  return {
    executionPayload: {
      parentHash: hex(0, 32),
      feeRecipient: hex(32, 20),
      stateRoot: hex(52, 32),
      receiptsRoot: hex(84, 32),
      logsBloom: hex(116, 256),
      prevRandao: hex(372, 32),
      blockNumber: view.getBigUint64(404, true),
      gasLimit: view.getBigUint64(412, true),
      gasUsed: view.getBigUint64(420, true),
      timestamp: view.getBigUint64(428, true),
      extraData: hex(extraDataAt, transactionsAt - extraDataAt),
      baseFeePerGas: readUint(body, 440, 32),
      blockHash: hex(472, 32),
      transactions: readTransactions(body.subarray(transactionsAt, withdrawalsAt)),
      ...(version >= 2 && { withdrawals: readWithdrawals(body.subarray(withdrawalsAt)) }),
      ...(version >= 3 && {
        blobGasUsed: view.getBigUint64(512, true),
        excessBlobGas: view.getBigUint64(520, true),
      }),
      ...(version === 4 && { withdrawalsRoot: hex(528, 32) }),
    },
    ...(head && { parentBeaconBlockRoot: bytesToHex(bytes.subarray(0, 32)) }),
  }
}

/** keccak256 of all that follows the signature: what {@link encodePayloadSsz} gives. */
export function payloadHash(payloadBytes: Uint8Array): Uint8Array {
  return keccak256(payloadBytes)
}

/**
 * The hash that the sequencer signs for a block: keccak256(domain ‖ chain id ‖ payload hash). 32 bytes.
 *
 * @param payloadBytes - as {@link encodePayloadSsz} gives them
 * @see specs/protocol/rollup-node-p2p.md#block-signatures
 */
export function payloadSigningHash(l2ChainId: bigint, payloadBytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(96)
  const id = hexToBytes(`0x${l2ChainId.toString(16).padStart(64, '0')}`)
  message.set(id, 32)
  message.set(payloadHash(payloadBytes), 64)
  return keccak256(message)
}
