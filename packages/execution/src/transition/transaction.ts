import {
  type Address,
  bytesToHex,
  decodeAccessList,
  decodeAuthorizations,
  decodeTxEnvelope,
  encodeRlp,
  type Hash,
  isCanonicalSignature,
  keccak256,
  keccak256Hex,
  recoverAddress,
  type SignedTx,
  senderOf,
  setSecp256k1,
  signatureBytes,
} from '@keelson/protocol'
import { fastSecp256k1 } from '#secp256k1'
import { rememberedSender, rememberSender } from '../senders/rememberedSenders.ts'
import { ExecutionError } from './executionError.ts'
import type { AccessListEntry, Authorization, ExecutionTx } from './types.ts'

const NO_ACCESS: readonly AccessListEntry[] = []
const NO_AUTHORIZATIONS: readonly Authorization[] = []

let isCurveChosen = false

/** Native recovery, where there is one, from the first sender on. */
function chooseCurve(): void {
  if (isCurveChosen) return
  isCurveChosen = true
  if (fastSecp256k1) setSecp256k1(fastSecp256k1)
}

function findSender(hash: Hash, bytes: Uint8Array, tx: SignedTx): Address | null {
  const known = rememberedSender(hash)
  if (known) return known
  chooseCurve()
  const sender = senderOf(bytes, tx)
  if (sender) rememberSender(hash, sender)
  return sender
}

/** First byte of what an authorisation signs (EIP-7702). */
const AUTHORIZATION_MAGIC = 0x05

function authorityOf(auth: Omit<Authorization, 'authority'>): Address | null {
  const { chainId, address, nonce, yParity, r, s } = auth
  if (yParity > 1n || !isCanonicalSignature(r, s)) return null
  const hash = keccak256(encodeRlp([chainId, address, nonce], AUTHORIZATION_MAGIC))
  return recoverAddress(hash, signatureBytes({ r, s }), yParity === 1n ? 1 : 0)
}

function readAuthorizations(rlp: Uint8Array): readonly Authorization[] {
  return decodeAuthorizations(rlp).map((auth) => ({ ...auth, authority: authorityOf(auth) }))
}

/** `v` as JSON-RPC shows it. */
function vOf({ type, chainId, signature: { yParity } }: SignedTx): bigint {
  const parity = BigInt(yParity)
  if (type !== 0) return parity
  return chainId === null ? 27n + parity : 35n + 2n * chainId + parity
}

/**
 * Reads a transaction of a block or of a sender: all but blob transactions.
 *
 * @param bytes - EIP-2718 encoding; kept, and viewed by the result
 * @throws {ExecutionError} `badTransaction`, also when the signature is of nobody
 */
export function decodeTransaction(bytes: Uint8Array): ExecutionTx {
  const hash = keccak256Hex(bytes)
  try {
    return readTransaction(bytes, hash)
  } catch (cause) {
    if (cause instanceof ExecutionError) throw cause
    throw new ExecutionError('badTransaction', { hash, reason: (cause as Error).message }, { cause })
  }
}

function readTransaction(bytes: Uint8Array, hash: Hash): ExecutionTx {
  const tx = decodeTxEnvelope(bytes)
  if (tx.type === 0x7e) {
    const { sourceHash, from, mint, isSystemTx } = tx.deposit
    return {
      bytes,
      hash,
      type: 0x7e,
      sender: from,
      nonce: 0n,
      gasLimit: tx.gasLimit,
      to: tx.to,
      value: tx.value,
      data: tx.input,
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
      accessList: NO_ACCESS,
      authorizations: NO_AUTHORIZATIONS,
      deposit: { sourceHash, mint, isSystemTx },
    }
  }
  if (tx.type === 3)
    throw new ExecutionError('badTransaction', { hash, reason: 'blob transactions do not exist on L2' })
  const sender = findSender(hash, bytes, tx)
  if (!sender) throw new ExecutionError('badTransaction', { hash, reason: 'invalid signature' })
  return {
    bytes,
    hash,
    type: tx.type,
    sender,
    nonce: tx.nonce,
    gasLimit: tx.gasLimit,
    to: tx.to,
    value: tx.value,
    data: tx.input,
    maxFeePerGas: tx.maxFeePerGas,
    maxPriorityFeePerGas: tx.maxPriorityFeePerGas,
    accessList: tx.accessListRlp.length > 1 ? decodeAccessList(tx.accessListRlp) : NO_ACCESS,
    authorizations:
      tx.authorizationListRlp.length > 1 ? readAuthorizations(tx.authorizationListRlp) : NO_AUTHORIZATIONS,
    ...(tx.chainId !== null && { chainId: tx.chainId }),
    signature: { v: vOf(tx), r: tx.signature.r, s: tx.signature.s },
  }
}

/** Address of the contract that `sender` creates with its transaction of this nonce. */
export function createdAddress(sender: Address, nonce: bigint): Address {
  return bytesToHex(keccak256(encodeRlp([sender, nonce])).subarray(12))
}
