import { bytesToHex } from './bytes.ts'
import { CodecError } from './codecError.ts'
import { keccak256Hex } from './keccak.ts'
import type { L1BlockInfo } from './l1Types.ts'
import type { Address, Hash, Hex } from './primitives.ts'
import { encodeRlp, type RlpInput, RlpReader } from './rlp.ts'

/** A block header of L1 or L2. The optional fields came fork by fork; each needs those before it. */
export type Header = {
  readonly parentHash: Hash
  readonly sha3Uncles: Hash
  readonly miner: Address
  readonly stateRoot: Hash
  readonly transactionsRoot: Hash
  readonly receiptsRoot: Hash
  /** 256 bytes. */
  readonly logsBloom: Hex
  readonly difficulty: bigint
  readonly number: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  readonly timestamp: bigint
  readonly extraData: Hex
  readonly mixHash: Hash
  /** 8 bytes. */
  readonly nonce: Hex
  /** London. */
  readonly baseFeePerGas?: bigint
  /** Shanghai, Canyon. */
  readonly withdrawalsRoot?: Hash
  /** Cancun, Ecotone. */
  readonly blobGasUsed?: bigint
  readonly excessBlobGas?: bigint
  readonly parentBeaconBlockRoot?: Hash
  /** Prague, Isthmus. */
  readonly requestsHash?: Hash
  /** Amsterdam. */
  readonly blockAccessListHash?: Hash
  readonly slotNumber?: bigint
}

/** keccak256 of the RLP of an empty list: there are no uncles. */
export const EMPTY_UNCLES_HASH: Hash = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'

/** sha256 of nothing: the requests hash of every L2 block. */
export const EMPTY_REQUESTS_HASH: Hash = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const OPTIONAL = [
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
  'blockAccessListHash',
  'slotNumber',
] as const satisfies readonly (keyof Header)[]

/**
 * RLP of a header.
 *
 * @throws {CodecError} `badPayload` when a field of a later fork is there and one before it is not
 */
export function encodeHeader(header: Header): Uint8Array {
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
  ]
  let missing: string | null = null
  for (const name of OPTIONAL) {
    const value = header[name]
    if (value === undefined) {
      missing ??= name
    } else {
      if (missing) throw new CodecError('badPayload', { reason: `header has ${name} but not ${missing}` })
      fields.push(value)
    }
  }
  return encodeRlp(fields)
}

/** The block hash of a header. */
export function headerHash(header: Header): Hash {
  return keccak256Hex(encodeHeader(header))
}

const hash = (fields: RlpReader, what: string): Hash => bytesToHex(fields.fixed(32, what))

/**
 * Reads the RLP of a header, with the fields of any fork.
 *
 * @throws {CodecError} `badRlp`, `truncated`, `trailingBytes`, `wrongLength`
 */
export function decodeHeader(bytes: Uint8Array): Header {
  const outer = new RlpReader(bytes)
  const fields = outer.list()
  outer.expectEnd('header')
  const header = {
    parentHash: hash(fields, 'parent hash'),
    sha3Uncles: hash(fields, 'uncles hash'),
    miner: bytesToHex(fields.fixed(20, 'miner')),
    stateRoot: hash(fields, 'state root'),
    transactionsRoot: hash(fields, 'transactions root'),
    receiptsRoot: hash(fields, 'receipts root'),
    logsBloom: bytesToHex(fields.fixed(256, 'logs bloom')),
    difficulty: fields.quantity(),
    number: fields.uint64(),
    gasLimit: fields.uint64(),
    gasUsed: fields.uint64(),
    timestamp: fields.uint64(),
    extraData: bytesToHex(fields.string()),
    mixHash: hash(fields, 'mix hash'),
    nonce: bytesToHex(fields.fixed(8, 'nonce')),
    ...(!fields.done && { baseFeePerGas: fields.quantity() }),
    ...(!fields.done && { withdrawalsRoot: hash(fields, 'withdrawals root') }),
    ...(!fields.done && { blobGasUsed: fields.uint64() }),
    ...(!fields.done && { excessBlobGas: fields.uint64() }),
    ...(!fields.done && { parentBeaconBlockRoot: hash(fields, 'beacon root') }),
    ...(!fields.done && { requestsHash: hash(fields, 'requests hash') }),
    ...(!fields.done && { blockAccessListHash: hash(fields, 'block access list hash') }),
    ...(!fields.done && { slotNumber: fields.uint64() }),
  }
  fields.expectEnd('header')
  return header
}

/** What derivation reads of an L1 header. `hash` is taken as it is: check it with {@link headerHash} first. */
export function headerToL1BlockInfo(header: Header, hash: Hash = headerHash(header)): L1BlockInfo {
  return {
    hash,
    number: header.number,
    parentHash: header.parentHash,
    timestamp: header.timestamp,
    baseFee: header.baseFeePerGas ?? 0n,
    mixHash: header.mixHash,
    ...(header.excessBlobGas !== undefined && { excessBlobGas: header.excessBlobGas }),
    ...(header.blobGasUsed !== undefined && { blobGasUsed: header.blobGasUsed }),
    ...(header.parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot: header.parentBeaconBlockRoot }),
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: header.logsBloom,
  }
}
