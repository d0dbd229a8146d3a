import { bytesToBigint, bytesToNumber, hexToBytes, isZeroBytes } from './bytes.ts'
import { CodecError } from './codecError.ts'
import type { DepositTx } from './depositTx.ts'
import type { L1Receipt, Log } from './l1Types.ts'
import { type Address, type Hash, ZERO_HASH } from './primitives.ts'
import { userDepositSourceHash } from './sourceHash.ts'

/** keccak256 of `TransactionDeposited(address,address,uint256,bytes)`. */
export const DEPOSIT_EVENT_TOPIC: Hash = '0xb3813568d9991fc951961fcb4c784893574240a28925604d09fc577c55bb7c32'

/** Fixed part of the opaque data: mint, value, gas limit, creation flag. */
const OPAQUE_HEAD = 32 + 32 + 8 + 1

const refuse = (reason: string): never => {
  throw new CodecError('badDeposit', { reason })
}

function topicAddress(topic: Hash, name: string): Address {
  if (!topic.startsWith('0x000000000000000000000000') || topic.length !== 66) refuse(`${name} is no address: ${topic}`)
  return `0x${topic.slice(26).toLowerCase()}`
}

/** The `bytes` value that is all of an event's data: offset 32, length, bytes, zeros up to a whole word. */
function readOpaqueData(data: Uint8Array): Uint8Array {
  if (data.length < 64) refuse(`data of ${data.length} bytes`)
  if (!isZeroBytes(data, 0, 26) || bytesToNumber(data, 26, 32) !== 32) refuse('offset of the opaque data is not 32')
  if (!isZeroBytes(data, 32, 58)) refuse('length of the opaque data is out of range')
  const length = bytesToNumber(data, 58, 64)
  const end = 64 + length
  if (end > data.length) refuse(`opaque data of ${length} bytes, ${data.length - 64} there`)
  if (data.length - end > 31 || data.length % 32 !== 0) refuse('padding is not up to a whole word')
  if (!isZeroBytes(data, end)) refuse('padding is not zero')
  return data.subarray(64, end)
}

/**
 * Reads a `TransactionDeposited` log of the portal. The sender in it is already aliased; nothing is added here.
 *
 *   mint   value   gasLimit   isCreation   data
 *   u256   u256    u64        u8           rest
 *
 * @param logIndex - over all logs of the L1 block
 * @throws {CodecError} `badDeposit`; `badHex` when the data is not hex
 * @see specs/protocol/deposits.md#user-deposited-transactions
 */
export function decodeDepositLog(log: Log, l1BlockHash: Hash, logIndex: number): DepositTx {
  const [event, from, to, version] = log.topics
  if (log.topics.length !== 4 || !event || !from || !to || !version) {
    throw new CodecError('badDeposit', { reason: `${log.topics.length} topics instead of 4` })
  }
  if (event.toLowerCase() !== DEPOSIT_EVENT_TOPIC) refuse(`event ${event}`)
  if (version !== ZERO_HASH) refuse(`unknown version ${version}`)
  const opaque = readOpaqueData(hexToBytes(log.data))
  if (opaque.length < OPAQUE_HEAD) refuse(`opaque data of ${opaque.length} bytes, at least ${OPAQUE_HEAD}`)
  const sender = topicAddress(from, 'from')
  const recipient = topicAddress(to, 'to')
  return {
    sourceHash: userDepositSourceHash(l1BlockHash, logIndex),
    from: sender,
    to: opaque[72] === 0 ? recipient : null,
    mint: bytesToBigint(opaque, 0, 32),
    value: bytesToBigint(opaque, 32, 64),
    gas: bytesToBigint(opaque, 64, 72),
    isSystemTx: false,
    data: opaque.subarray(OPAQUE_HEAD),
  }
}

/**
 * The user deposits of an L1 block, in log order.
 *
 * @param receipts - all of the block's, in order: they number the logs
 * @param depositContract - the portal
 * @throws {CodecError} `badDeposit`: a log of the portal that cannot be read. Deposits are never skipped.
 * @see specs/protocol/derivation.md#deriving-the-transaction-list
 */
export function depositsFromReceipts(
  receipts: readonly L1Receipt[],
  depositContract: Address,
  l1BlockHash: Hash,
): DepositTx[] {
  const portal = depositContract.toLowerCase()
  const deposits: DepositTx[] = []
  let logIndex = 0
  for (const receipt of receipts) {
    if (receipt.status) {
      for (const [i, log] of receipt.logs.entries()) {
        if (log.topics[0]?.toLowerCase() === DEPOSIT_EVENT_TOPIC && log.address.toLowerCase() === portal) {
          deposits.push(decodeDepositLog(log, l1BlockHash, logIndex + i))
        }
      }
    }
    logIndex += receipt.logs.length
  }
  return deposits
}

/** Offset between an L1 contract's address and the sender that its deposits have on L2. */
const ALIAS_OFFSET = 0x1111000000000000000000000000000000001111n

/** The sender on L2 of deposits that an L1 contract makes. */
export function applyL1ToL2Alias(address: Address): Address {
  return `0x${BigInt.asUintN(160, BigInt(address) + ALIAS_OFFSET)
    .toString(16)
    .padStart(40, '0')}`
}

/** The L1 contract behind an aliased sender. */
export function undoL1ToL2Alias(address: Address): Address {
  return `0x${BigInt.asUintN(160, BigInt(address) - ALIAS_OFFSET)
    .toString(16)
    .padStart(40, '0')}`
}
