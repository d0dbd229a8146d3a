import { bytesToBigint, bytesToHex, bytesToNumber, hexToBytes, isZeroBytes, writeBigint } from './bytes.ts'
import { CodecError } from './codecError.ts'
import { type DepositTx, decodeDepositTx, encodeDepositTx, isDepositTx } from './depositTx.ts'
import { decodeEcotoneScalars, decodeOperatorFeeParams } from './feeScalars.ts'
import { isActivationBlock, isForkActive } from './forks.ts'
import { blobBaseFee, type L1ChainConfig } from './l1ChainConfig.ts'
import type { L1BlockInfo } from './l1Types.ts'
import { L1_ATTRIBUTES_DEPOSITOR, PREDEPLOYS } from './predeploys.ts'
import type { Address, Hash } from './primitives.ts'
import type { RollupConfig } from './rollupConfig.ts'
import { l1InfoSourceHash } from './sourceHash.ts'
import type { SystemConfig } from './systemConfig.ts'

/** The four calldata formats of the L1 attributes deposit, named after the forks that brought them. */
export const L1_INFO_FORMATS = {
  bedrock: { selector: 0x015d8eb9, length: 260 },
  ecotone: { selector: 0x440a5e20, length: 164 },
  isthmus: { selector: 0x098999be, length: 176 },
  jovian: { selector: 0x3db6be2b, length: 178 },
} as const

export type L1InfoFormat = keyof typeof L1_INFO_FORMATS

/** What an L1 attributes deposit says. Fields that its format lacks are absent. */
export type L1InfoValues = {
  readonly format: L1InfoFormat
  readonly number: bigint
  readonly timestamp: bigint
  readonly baseFee: bigint
  readonly blockHash: Hash
  readonly sequenceNumber: bigint
  readonly batcherAddress: Address
  /** Bedrock only: the raw words. */
  readonly overhead?: Hash
  readonly scalar?: Hash
  /** From Ecotone. */
  readonly baseFeeScalar?: number
  readonly blobBaseFeeScalar?: number
  readonly blobBaseFee?: bigint
  /** From Isthmus. */
  readonly operatorFeeScalar?: number
  readonly operatorFeeConstant?: bigint
  /** From Jovian. */
  readonly daFootprintGasScalar?: number
}

/** Used where the system config has 0. */
export const DEFAULT_DA_FOOTPRINT_GAS_SCALAR = 400n

/** Gas of the deposit: before Regolith it was a system transaction outside the block's gas limit. */
export const L1_INFO_GAS = { bedrock: 150_000_000n, regolith: 1_000_000n } as const

/**
 * The format that the block at `timestamp` has. The activation block of a fork keeps the one before: there the L1Block
 * contract is upgraded after the attributes.
 *
 * @see specs/protocol/ecotone/l1-attributes.md#overview
 */
export function l1InfoFormat(config: Pick<RollupConfig, 'forks' | 'blockTime'>, timestamp: bigint): L1InfoFormat {
  for (const fork of ['jovian', 'isthmus', 'ecotone'] as const) {
    if (isForkActive(config, fork, timestamp) && !isActivationBlock(config, fork, timestamp)) return fork
  }
  return 'bedrock'
}

/** Calldata of an L1 attributes deposit; absent fields are written as zero. */
export function encodeL1InfoCalldata(info: L1InfoValues): Uint8Array {
  const { selector, length } = L1_INFO_FORMATS[info.format]
  const data = new Uint8Array(length)
  writeBigint(data, 0, BigInt(selector), 4)
  const hash = hexToBytes(info.blockHash)
  const batcher = hexToBytes(info.batcherAddress)
  if (info.format === 'bedrock') {
    writeBigint(data, 4, info.number, 32)
    writeBigint(data, 36, info.timestamp, 32)
    writeBigint(data, 68, info.baseFee, 32)
    data.set(hash, 100)
    writeBigint(data, 132, info.sequenceNumber, 32)
    data.set(batcher, 164 + 12)
    if (info.overhead) data.set(hexToBytes(info.overhead), 196)
    if (info.scalar) data.set(hexToBytes(info.scalar), 228)
    return data
  }
  writeBigint(data, 4, BigInt(info.baseFeeScalar ?? 0), 4)
  writeBigint(data, 8, BigInt(info.blobBaseFeeScalar ?? 0), 4)
  writeBigint(data, 12, info.sequenceNumber, 8)
  writeBigint(data, 20, info.timestamp, 8)
  writeBigint(data, 28, info.number, 8)
  writeBigint(data, 36, info.baseFee, 32)
  writeBigint(data, 68, info.blobBaseFee ?? 0n, 32)
  data.set(hash, 100)
  data.set(batcher, 132 + 12)
  if (info.format === 'ecotone') return data
  writeBigint(data, 164, BigInt(info.operatorFeeScalar ?? 0), 4)
  writeBigint(data, 168, info.operatorFeeConstant ?? 0n, 8)
  if (info.format === 'jovian') writeBigint(data, 176, BigInt(info.daFootprintGasScalar ?? 0), 2)
  return data
}

function readUint64Word(data: Uint8Array, at: number, name: string): bigint {
  if (!isZeroBytes(data, at, at + 24)) throw new CodecError('badL1Info', { reason: `${name} is above 64 bits` })
  return bytesToBigint(data, at + 24, at + 32)
}

function readAddressWord(data: Uint8Array, at: number): Address {
  if (!isZeroBytes(data, at, at + 12)) throw new CodecError('badL1Info', { reason: 'batcher hash is no address' })
  return bytesToHex(data.subarray(at + 12, at + 32))
}

function decodeBedrock(data: Uint8Array): L1InfoValues {
  return {
    format: 'bedrock',
    number: readUint64Word(data, 4, 'number'),
    timestamp: readUint64Word(data, 36, 'timestamp'),
    baseFee: bytesToBigint(data, 68, 100),
    blockHash: bytesToHex(data.subarray(100, 132)),
    sequenceNumber: readUint64Word(data, 132, 'sequence number'),
    batcherAddress: readAddressWord(data, 164),
    overhead: bytesToHex(data.subarray(196, 228)),
    scalar: bytesToHex(data.subarray(228, 260)),
  }
}

function decodePacked(data: Uint8Array, format: Exclude<L1InfoFormat, 'bedrock'>): L1InfoValues {
  return {
    format,
    baseFeeScalar: bytesToNumber(data, 4, 8),
    blobBaseFeeScalar: bytesToNumber(data, 8, 12),
    sequenceNumber: bytesToBigint(data, 12, 20),
    timestamp: bytesToBigint(data, 20, 28),
    number: bytesToBigint(data, 28, 36),
    baseFee: bytesToBigint(data, 36, 68),
    blobBaseFee: bytesToBigint(data, 68, 100),
    blockHash: bytesToHex(data.subarray(100, 132)),
    batcherAddress: readAddressWord(data, 132),
    ...(format !== 'ecotone' && {
      operatorFeeScalar: bytesToNumber(data, 164, 168),
      operatorFeeConstant: bytesToBigint(data, 168, 176),
    }),
    ...(format === 'jovian' && { daFootprintGasScalar: bytesToNumber(data, 176, 178) }),
  }
}

/**
 * Reads an L1 attributes deposit, or its calldata alone. The selector says the format, whose length must be exact.
 *
 * @throws {CodecError} `badL1Info`, `wrongLength`; those of {@link decodeDepositTx}
 */
export function decodeL1InfoTx(bytes: Uint8Array): L1InfoValues {
  // No selector begins with the deposit's type byte.
  const data = isDepositTx(bytes) ? decodeDepositTx(bytes).data : bytes
  const selector = data.length < 4 ? -1 : bytesToNumber(data, 0, 4)
  for (const format of Object.keys(L1_INFO_FORMATS) as L1InfoFormat[]) {
    const { selector: expected, length } = L1_INFO_FORMATS[format]
    if (selector !== expected) continue
    if (data.length !== length) {
      throw new CodecError('wrongLength', { what: `${format} L1 attributes`, expected: length, actual: data.length })
    }
    return format === 'bedrock' ? decodeBedrock(data) : decodePacked(data, format)
  }
  throw new CodecError('badL1Info', { reason: `selector ${bytesToHex(data.subarray(0, 4))}` })
}

/** The values that the attributes of an L2 block hold. See {@link l1InfoDepositTx} for the parameters. */
export function l1InfoValues(
  config: Pick<RollupConfig, 'forks' | 'blockTime' | 'l1ChainId'>,
  systemConfig: SystemConfig,
  sequenceNumber: bigint,
  l1Info: L1BlockInfo,
  l2Timestamp: bigint,
  l1ChainConfig: L1ChainConfig | null = null,
): L1InfoValues {
  const format = l1InfoFormat(config, l2Timestamp)
  const common = {
    format,
    number: l1Info.number,
    timestamp: l1Info.timestamp,
    baseFee: l1Info.baseFee,
    blockHash: l1Info.hash,
    sequenceNumber,
    batcherAddress: systemConfig.batcherAddress,
  }
  if (format === 'bedrock') return { ...common, overhead: systemConfig.overhead, scalar: systemConfig.scalar }
  const operatorFee = decodeOperatorFeeParams(systemConfig.operatorFeeParams)
  const daScalar = systemConfig.daFootprintGasScalar || DEFAULT_DA_FOOTPRINT_GAS_SCALAR
  return {
    ...common,
    ...decodeEcotoneScalars(systemConfig.scalar),
    blobBaseFee: blobBaseFee(l1ChainConfig ?? config.l1ChainId, l1Info, config.forks.pectraBlobSchedule),
    ...(format !== 'ecotone' && {
      operatorFeeScalar: operatorFee.scalar,
      operatorFeeConstant: operatorFee.constant,
    }),
    ...(format === 'jovian' && { daFootprintGasScalar: Number(daScalar) }),
  }
}

/**
 * The L1 attributes deposit, encoded: first transaction of every L2 block.
 *
 * @param systemConfig - as of this block's L1 origin, its updates applied
 * @param sequenceNumber - distance to the first block of the epoch
 * @param l1Info - the L1 origin
 * @param l1ChainConfig - needed for an L1 that is not built in and has blobs
 * @see specs/protocol/deposits.md#l1-attributes-deposited-transaction
 */
export function l1InfoDepositTx(
  config: Pick<RollupConfig, 'forks' | 'blockTime' | 'l1ChainId'>,
  systemConfig: SystemConfig,
  sequenceNumber: bigint,
  l1Info: L1BlockInfo,
  l2Timestamp: bigint,
  l1ChainConfig: L1ChainConfig | null = null,
): Uint8Array {
  const values = l1InfoValues(config, systemConfig, sequenceNumber, l1Info, l2Timestamp, l1ChainConfig)
  const isRegolith = isForkActive(config, 'regolith', l2Timestamp)
  const deposit: DepositTx = {
    sourceHash: l1InfoSourceHash(l1Info.hash, sequenceNumber),
    from: L1_ATTRIBUTES_DEPOSITOR,
    to: PREDEPLOYS.l1Block,
    mint: 0n,
    value: 0n,
    gas: isRegolith ? L1_INFO_GAS.regolith : L1_INFO_GAS.bedrock,
    isSystemTx: !isRegolith,
    data: encodeL1InfoCalldata(values),
  }
  return encodeDepositTx(deposit)
}
