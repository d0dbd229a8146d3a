import { bytesToBigint, bytesToHex, bytesToNumber, hexToBytes, writeBigint } from './bytes.ts'
import { CodecError } from './codecError.ts'
import { isForkActive } from './forks.ts'
import type { PayloadAttributes } from './payload.ts'
import type { Hex } from './primitives.ts'
import type { RollupConfig } from './rollupConfig.ts'

/** EIP-1559 parameters, each u32. */
export type Eip1559Params = { readonly denominator: number; readonly elasticity: number }

/** What a header says for the base fee of the block after it. `minBaseFee` (wei) is there from Jovian. */
export type FeeExtraData = Eip1559Params & { readonly minBaseFee?: bigint }

/** Constants of OP Mainnet, used where a chain's config has none of its own. */
export const DEFAULT_EIP1559 = { elasticity: 6n, denominator: 50n, denominatorCanyon: 250n } as const

/** Header field length by version: 0 is Holocene's, 1 Jovian's. */
const LENGTHS = [9, 17] as const

/**
 * Writes the header field of Holocene, or with `minBaseFee` that of Jovian.
 *
 *   version   denominator   elasticity   minBaseFee
 *   u8        u32 BE        u32 BE       u64 BE, version 1
 *
 * @see specs/protocol/jovian/exec-engine.md#minimum-base-fee-in-block-header
 */
export function encodeExtraData({ denominator, elasticity, minBaseFee }: FeeExtraData): Hex {
  const version = minBaseFee === undefined ? 0 : 1
  const bytes = new Uint8Array(LENGTHS[version])
  bytes[0] = version
  writeBigint(bytes, 1, BigInt(denominator), 4)
  writeBigint(bytes, 5, BigInt(elasticity), 4)
  if (minBaseFee !== undefined) writeBigint(bytes, 9, minBaseFee, 8)
  return bytesToHex(bytes)
}

/**
 * Reads the header field of Holocene or Jovian, told apart by version and exact length.
 *
 * @throws {CodecError} `badExtraData`, also for parameters that are zero
 */
export function decodeExtraData(extraData: Hex): FeeExtraData {
  const bytes = hexToBytes(extraData)
  const version = bytes[0]
  if ((version !== 0 && version !== 1) || bytes.length !== LENGTHS[version]) {
    throw new CodecError('badExtraData', { reason: `${bytes.length} bytes, version ${version}` })
  }
  const denominator = bytesToNumber(bytes, 1, 5)
  const elasticity = bytesToNumber(bytes, 5, 9)
  if (denominator === 0 || elasticity === 0) {
    throw new CodecError('badExtraData', { reason: `denominator ${denominator}, elasticity ${elasticity}` })
  }
  return { denominator, elasticity, ...(version === 1 && { minBaseFee: bytesToBigint(bytes, 9, 17) }) }
}

/** denominator u32 ‖ elasticity u32: how attributes and the system config hold them. */
export function encodeEip1559Params({ denominator, elasticity }: Eip1559Params): Hex {
  const bytes = new Uint8Array(8)
  writeBigint(bytes, 0, BigInt(denominator), 4)
  writeBigint(bytes, 4, BigInt(elasticity), 4)
  return bytesToHex(bytes)
}

/** @throws {CodecError} `wrongLength` when it is not 8 bytes */
export function decodeEip1559Params(params: Hex): Eip1559Params {
  const bytes = hexToBytes(params)
  if (bytes.length !== 8) {
    throw new CodecError('wrongLength', { what: 'eip1559Params', expected: 8, actual: bytes.length })
  }
  return { denominator: bytesToNumber(bytes, 0, 4), elasticity: bytesToNumber(bytes, 4, 8) }
}

/** The chain's own constants at an L2 time. */
export function chainEip1559Params(
  config: Pick<RollupConfig, 'forks' | 'chainOpConfig'>,
  timestamp: bigint,
): { readonly denominator: bigint; readonly elasticity: bigint } {
  const constants = config.chainOpConfig
  const elasticity = constants?.eip1559Elasticity ?? DEFAULT_EIP1559.elasticity
  if (!isForkActive(config, 'canyon', timestamp)) {
    return { denominator: constants?.eip1559Denominator ?? DEFAULT_EIP1559.denominator, elasticity }
  }
  return { denominator: constants?.eip1559DenominatorCanyon ?? DEFAULT_EIP1559.denominatorCanyon, elasticity }
}

/**
 * The header field that a block built from these attributes has: empty before Holocene; zero parameters stand for the
 * chain's constants.
 *
 * @throws {CodecError} `badExtraData` when the attributes lack what their fork asks for, or one parameter alone is 0
 * @see specs/protocol/holocene/exec-engine.md#payload-attributes-processing
 */
export function extraDataOf(
  config: Pick<RollupConfig, 'forks' | 'chainOpConfig'>,
  attributes: Pick<PayloadAttributes, 'timestamp' | 'eip1559Params' | 'minBaseFee'>,
): Hex {
  const { timestamp, eip1559Params, minBaseFee } = attributes
  if (!isForkActive(config, 'holocene', timestamp)) {
    if (eip1559Params !== undefined) throw new CodecError('badExtraData', { reason: 'eip1559Params before Holocene' })
    return '0x'
  }
  if (eip1559Params === undefined) throw new CodecError('badExtraData', { reason: 'eip1559Params is not set' })
  const given = decodeEip1559Params(eip1559Params)
  if ((given.denominator === 0) !== (given.elasticity === 0)) {
    throw new CodecError('badExtraData', { reason: `eip1559Params ${eip1559Params} has one zero` })
  }
  const constants = chainEip1559Params(config, timestamp)
  const params =
    given.denominator === 0
      ? { denominator: Number(constants.denominator), elasticity: Number(constants.elasticity) }
      : given
  if (!isForkActive(config, 'jovian', timestamp)) {
    if (minBaseFee !== undefined) throw new CodecError('badExtraData', { reason: 'minBaseFee before Jovian' })
    return encodeExtraData(params)
  }
  if (minBaseFee === undefined) throw new CodecError('badExtraData', { reason: 'minBaseFee is not set' })
  return encodeExtraData({ ...params, minBaseFee })
}
