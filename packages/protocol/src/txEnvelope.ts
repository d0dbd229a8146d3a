import { bytesToHex, EMPTY_BYTES } from './bytes.ts'
import { CodecError } from './codecError.ts'
import { type DepositTx, decodeDepositTx, isDepositTx } from './depositTx.ts'
import { keccak256Hex } from './keccak.ts'
import type { Address, Hash } from './primitives.ts'
import { RlpReader } from './rlp.ts'

/** The transaction types of L1 and L2. */
export const TX_TYPE = { legacy: 0, accessList: 1, dynamicFee: 2, blob: 3, setCode: 4, deposit: 0x7e } as const

export type TxSignature = { readonly r: bigint; readonly s: bigint; readonly yParity: 0 | 1 }

/** EIP-2930. */
export type AccessList = readonly { readonly address: Address; readonly storageKeys: readonly Hash[] }[]

/** EIP-7702. `chainId` 0 means any. */
export type Authorization = {
  readonly chainId: bigint
  readonly address: Address
  readonly nonce: bigint
  readonly yParity: bigint
  readonly r: bigint
  readonly s: bigint
}

/** Offsets of the signed fields in the encoding: the signature covers `type? ‖ list(bytes[start, end) ‖ suffix)`. */
type SignedRange = { readonly start: number; readonly end: number }

/** A signed transaction of L1 or L2, its byte fields being views. */
export type SignedTx = {
  readonly type: 0 | 1 | 2 | 3 | 4
  /** `null`: a legacy transaction without replay protection. */
  readonly chainId: bigint | null
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Legacy and EIP-2930: the gas price. */
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  /** `null`: creates a contract. */
  readonly to: Address | null
  readonly value: bigint
  readonly input: Uint8Array
  /** RLP of the access list; empty before EIP-2930. See {@link decodeAccessList}. */
  readonly accessListRlp: Uint8Array
  /** RLP of the authorizations; empty but for EIP-7702. See {@link decodeAuthorizations}. */
  readonly authorizationListRlp: Uint8Array
  readonly maxFeePerBlobGas: bigint
  readonly blobVersionedHashes: readonly Hash[]
  readonly signature: TxSignature
  /** Where in the encoding the signed fields stand. */
  readonly signed: SignedRange
}

/** A deposit as an envelope: the fields that it shares with signed transactions, and the deposit itself. */
export type DepositEnvelope = {
  readonly type: 0x7e
  readonly to: Address | null
  readonly value: bigint
  readonly gasLimit: bigint
  readonly input: Uint8Array
  readonly blobVersionedHashes: readonly Hash[]
  readonly deposit: DepositTx
}

export type TxEnvelope = SignedTx | DepositEnvelope

const NO_HASHES: readonly Hash[] = []

/** keccak256 of the EIP-2718 encoding. */
export const txHash = (tx: Uint8Array): Hash => keccak256Hex(tx)

/** The type of an encoded transaction: 0 for legacy, else its first byte. `null` for no transaction at all. */
export function txType(tx: Uint8Array): number | null {
  const first = tx[0]
  if (first === undefined) return null
  if (first >= 0xc0) return 0
  return first < 0x80 ? first : null
}

function readTo(fields: RlpReader): Address | null {
  const to = fields.string()
  if (to.length === 0) return null
  if (to.length !== 20) throw new CodecError('badTransaction', { reason: `recipient of ${to.length} bytes` })
  return bytesToHex(to)
}

function readParity(fields: RlpReader): 0 | 1 {
  const parity = fields.quantity()
  if (parity > 1n) throw new CodecError('badTransaction', { reason: `y parity ${parity}` })
  return parity === 1n ? 1 : 0
}

function readHashes(fields: RlpReader): readonly Hash[] {
  const list = fields.list()
  const hashes: Hash[] = []
  while (!list.done) hashes.push(bytesToHex(list.fixed(32, 'blob hash')))
  return hashes
}

function decodeLegacy(tx: Uint8Array): SignedTx {
  const outer = new RlpReader(tx)
  const fields = outer.list()
  outer.expectEnd('transaction')
  const start = fields.position
  const nonce = fields.uint64()
  const gasPrice = fields.quantity()
  const gasLimit = fields.uint64()
  const to = readTo(fields)
  const value = fields.quantity()
  const input = fields.string()
  const end = fields.position
  const v = fields.quantity()
  const r = fields.quantity()
  const s = fields.quantity()
  fields.expectEnd('transaction')
  const isProtected = v >= 35n
  if (!isProtected && v !== 27n && v !== 28n) throw new CodecError('badTransaction', { reason: `v is ${v}` })
  return {
    type: 0,
    chainId: isProtected ? (v - 35n) >> 1n : null,
    nonce,
    gasLimit,
    maxFeePerGas: gasPrice,
    maxPriorityFeePerGas: gasPrice,
    to,
    value,
    input,
    accessListRlp: EMPTY_BYTES,
    authorizationListRlp: EMPTY_BYTES,
    maxFeePerBlobGas: 0n,
    blobVersionedHashes: NO_HASHES,
    signature: { r, s, yParity: ((v - (isProtected ? 35n : 27n)) & 1n) === 1n ? 1 : 0 },
    signed: { start, end },
  }
}

function decodeTyped(tx: Uint8Array, type: 1 | 2 | 3 | 4): SignedTx {
  const outer = new RlpReader(tx, 1)
  const fields = outer.list()
  outer.expectEnd('transaction')
  const start = fields.position
  const chainId = fields.quantity()
  const nonce = fields.uint64()
  const maxPriorityFeePerGas = fields.quantity()
  const maxFeePerGas = type === 1 ? maxPriorityFeePerGas : fields.quantity()
  const gasLimit = fields.uint64()
  const to = readTo(fields)
  if (to === null && type >= 3) throw new CodecError('badTransaction', { reason: `type ${type} without recipient` })
  const value = fields.quantity()
  const input = fields.string()
  if (!fields.atList) throw new CodecError('badTransaction', { reason: 'access list is no list' })
  const accessListRlp = fields.raw()
  const maxFeePerBlobGas = type === 3 ? fields.quantity() : 0n
  const blobVersionedHashes = type === 3 ? readHashes(fields) : NO_HASHES
  if (type === 4 && !fields.atList) throw new CodecError('badTransaction', { reason: 'authorizations are no list' })
  const authorizationListRlp = type === 4 ? fields.raw() : EMPTY_BYTES
  const end = fields.position
  const yParity = readParity(fields)
  const r = fields.quantity()
  const s = fields.quantity()
  fields.expectEnd('transaction')
  return {
    type,
    chainId,
    nonce,
    gasLimit,
    maxFeePerGas,
    maxPriorityFeePerGas,
    to,
    value,
    input,
    accessListRlp,
    authorizationListRlp,
    maxFeePerBlobGas,
    blobVersionedHashes,
    signature: { r, s, yParity },
    signed: { start, end },
  }
}

/**
 * Reads an EIP-2718 transaction as it stands in a block: legacy, EIP-2930, 1559, 4844 (without blobs), 7702, deposit.
 *
 * @throws {CodecError} `unknownTxType` for another type; `badTransaction`, `badRlp`, `truncated`, `trailingBytes`,
 * `wrongLength`, `badDeposit` for bytes that are not what their type says
 */
export function decodeTxEnvelope(tx: Uint8Array): TxEnvelope {
  const type = txType(tx)
  if (type === 0 && tx[0] !== 0) return decodeLegacy(tx)
  if (type === 1 || type === 2 || type === 3 || type === 4) return decodeTyped(tx, type)
  if (isDepositTx(tx)) {
    const deposit = decodeDepositTx(tx)
    const { to, value, gas, data } = deposit
    return { type: 0x7e, to, value, gasLimit: gas, input: data, blobVersionedHashes: NO_HASHES, deposit }
  }
  throw new CodecError('unknownTxType', { type: tx[0] ?? -1 })
}

/** As {@link decodeTxEnvelope}; `null` for bytes that cannot be read, which is normal for foreign ones. */
export function tryDecodeTxEnvelope(tx: Uint8Array): TxEnvelope | null {
  try {
    return decodeTxEnvelope(tx)
  } catch {
    return null
  }
}

/** @throws {CodecError} `badRlp`, `truncated`, `wrongLength` */
export function decodeAccessList(rlp: Uint8Array): AccessList {
  if (rlp.length === 0) return []
  const list = new RlpReader(rlp).list()
  const entries: { address: Address; storageKeys: Hash[] }[] = []
  while (!list.done) {
    const entry = list.list()
    const address = bytesToHex(entry.fixed(20, 'access list address'))
    const keys = entry.list()
    const storageKeys: Hash[] = []
    while (!keys.done) storageKeys.push(bytesToHex(keys.fixed(32, 'storage key')))
    entry.expectEnd('access list entry')
    entries.push({ address, storageKeys })
  }
  return entries
}

/** @throws {CodecError} `badRlp`, `truncated`, `wrongLength` */
export function decodeAuthorizations(rlp: Uint8Array): readonly Authorization[] {
  if (rlp.length === 0) return []
  const list = new RlpReader(rlp).list()
  const authorizations: Authorization[] = []
  while (!list.done) {
    const tuple = list.list()
    authorizations.push({
      chainId: tuple.quantity(),
      address: bytesToHex(tuple.fixed(20, 'authorization address')),
      nonce: tuple.uint64(),
      yParity: tuple.quantity(1),
      r: tuple.quantity(),
      s: tuple.quantity(),
    })
    tuple.expectEnd('authorization')
  }
  return authorizations
}
