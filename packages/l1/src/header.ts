import { encodeRlp, type Hash, hexToBytes, keccak256Hex, type L1BlockInfo, type RlpInput } from '@keelson/protocol'
import { L1Error } from './errors.ts'
import type { RpcBlock } from './rpcTypes.ts'

/** The header fields that forks appended, in the order of their coming. A later one is never there without the earlier ones. */
const FORK_FIELDS = [
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
] as const

const QUANTITY_FIELDS = new Set<string>(['baseFeePerGas', 'blobGasUsed', 'excessBlobGas'])

/** The hash that a header of these fields has, of whatever fork. */
export function rpcHeaderHash(block: RpcBlock): Hash {
  const fields: RlpInput[] = [
    hexToBytes(block.parentHash),
    hexToBytes(block.sha3Uncles),
    hexToBytes(block.miner),
    hexToBytes(block.stateRoot),
    hexToBytes(block.transactionsRoot),
    hexToBytes(block.receiptsRoot),
    hexToBytes(block.logsBloom),
    BigInt(block.difficulty),
    BigInt(block.number),
    BigInt(block.gasLimit),
    BigInt(block.gasUsed),
    BigInt(block.timestamp),
    hexToBytes(block.extraData),
    hexToBytes(block.mixHash),
    hexToBytes(block.nonce),
  ]
  for (const name of FORK_FIELDS) {
    const value = block[name]
    if (value === undefined || value === null) break
    fields.push(QUANTITY_FIELDS.has(name) ? BigInt(value) : hexToBytes(value))
  }
  return keccak256Hex(encodeRlp(fields))
}

/** What derivation reads of a block's header. */
export function blockInfoOf(block: RpcBlock): L1BlockInfo {
  return {
    hash: lower(block.hash),
    number: BigInt(block.number),
    parentHash: lower(block.parentHash),
    timestamp: BigInt(block.timestamp),
    baseFee: BigInt(block.baseFeePerGas ?? 0),
    mixHash: lower(block.mixHash),
    transactionsRoot: lower(block.transactionsRoot),
    receiptsRoot: lower(block.receiptsRoot),
    logsBloom: lower(block.logsBloom),
    ...(block.excessBlobGas ? { excessBlobGas: BigInt(block.excessBlobGas) } : {}),
    ...(block.blobGasUsed ? { blobGasUsed: BigInt(block.blobGasUsed) } : {}),
    ...(block.parentBeaconBlockRoot ? { parentBeaconBlockRoot: lower(block.parentBeaconBlockRoot) } : {}),
  }
}

const lower = <T extends string>(hex: T): T => hex.toLowerCase() as T

/**
 * Checks that the fields of a header hash to the hash that stands beside them, and to the one asked for.
 *
 * @throws {L1Error} `badHeader`
 */
export function verifyRpcHeader(block: RpcBlock, expected: Hash = block.hash): void {
  let actual: string
  try {
    actual = rpcHeaderHash(block)
  } catch (cause) {
    throw new L1Error('badHeader', { expected, actual: 'nothing: a field is missing or unreadable' }, { cause })
  }
  if (actual !== expected.toLowerCase() || actual !== block.hash.toLowerCase())
    throw new L1Error('badHeader', { expected, actual })
}
