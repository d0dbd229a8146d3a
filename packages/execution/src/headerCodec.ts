import { bytesToHex, type Hash, hexToBytes, keccak256Hex, encodeRlp, RlpReader, type RlpInput } from '@keelson/protocol'
import type { BlockHeader } from './blockHeader.ts'

/** keccak256 of the RLP of an empty list: no L2 block has ommers. */
export const EMPTY_OMMERS_HASH: Hash = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
export const ZERO_NONCE = '0x0000000000000000'

/** RLP of a header: 16 fields, then those of later forks as far as the header has them. */
export function encodeHeader(header: BlockHeader): Uint8Array {
  const fields: RlpInput[] = [
    header.parentHash,
    header.sha3Uncles,
    header.miner,
    header.stateRoot,
    header.transactionsRoot,
    header.receiptsRoot,
    header.logsBloom,
    header.difficulty,
    header.number,
    header.gasLimit,
    header.gasUsed,
    header.timestamp,
    header.extraData,
    header.mixHash,
    header.nonce,
    header.baseFeePerGas,
  ]
  const later = [
    header.withdrawalsRoot,
    header.blobGasUsed,
    header.excessBlobGas,
    header.parentBeaconBlockRoot,
    header.requestsHash,
  ]
  for (const field of later) {
    if (field === undefined) break
    fields.push(field)
  }
  return encodeRlp(fields)
}

/** The block hash. */
export const headerHash = (header: BlockHeader): Hash => keccak256Hex(encodeHeader(header))

/**
 * Reads a header from RLP.
 *
 * @throws {CodecError} `badRlp`, `truncated`, `wrongLength`, `trailingBytes`
 */
export function decodeHeader(rlp: Uint8Array): BlockHeader {
  const fields = new RlpReader(rlp).list()
  const hash = () => bytesToHex(fields.fixed(32))
  const header = {
    parentHash: hash(),
    sha3Uncles: hash(),
    miner: bytesToHex(fields.fixed(20)),
    stateRoot: hash(),
    transactionsRoot: hash(),
    receiptsRoot: hash(),
    logsBloom: bytesToHex(fields.fixed(256)),
    difficulty: fields.quantity(),
    number: fields.uint64(),
    gasLimit: fields.uint64(),
    gasUsed: fields.uint64(),
    timestamp: fields.uint64(),
    extraData: bytesToHex(fields.string()),
    mixHash: hash(),
    nonce: bytesToHex(fields.fixed(8)),
    baseFeePerGas: fields.quantity(),
  }
  const later = {
    ...(!fields.done && { withdrawalsRoot: hash() }),
    ...(!fields.done && { blobGasUsed: fields.uint64() }),
    ...(!fields.done && { excessBlobGas: fields.uint64() }),
    ...(!fields.done && { parentBeaconBlockRoot: hash() }),
    ...(!fields.done && { requestsHash: hash() }),
  }
  fields.expectEnd('header')
  return { ...header, ...later }
}

/** Bytes of a header's extraData. */
export const extraDataOf = (header: BlockHeader): Uint8Array => hexToBytes(header.extraData)
