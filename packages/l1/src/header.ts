import { type Hash, headerFromJson, headerHash, headerToL1BlockInfo, type L1BlockInfo } from '@keelson/protocol'
import { L1Error } from './errors.ts'
import type { RpcBlock } from './rpcTypes.ts'

/** What derivation reads of a block's header. @throws {CodecError} `badJson` */
export function blockInfoOf(block: RpcBlock): L1BlockInfo {
  return headerToL1BlockInfo(headerFromJson(block), block.hash.toLowerCase() as Hash)
}

/**
 * Checks that the fields of a header, of whatever fork, hash to the hash that stands beside them and to the one asked for.
 *
 * @throws {L1Error} `badHeader`
 */
export function verifyRpcHeader(block: RpcBlock, expected: Hash = block.hash): void {
  let actual: string
  try {
    actual = headerHash(headerFromJson(block))
  } catch (cause) {
    throw new L1Error('badHeader', { expected, actual: 'nothing: a field is missing or unreadable' }, { cause })
  }
  if (actual !== expected.toLowerCase() || actual !== block.hash.toLowerCase())
    throw new L1Error('badHeader', { expected, actual })
}
