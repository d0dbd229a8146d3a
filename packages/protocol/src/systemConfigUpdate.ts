import { bytesToBigint, bytesToHex, bytesToNumber, hexToBytes, isZeroBytes } from './bytes.ts'
import { encodeOperatorFeeParams, isValidEcotoneScalar } from './feeScalars.ts'
import { isForkActive } from './forks.ts'
import type { L1Receipt, Log } from './l1Types.ts'
import { type Address, type Hash, type Hex, ZERO_HASH } from './primitives.ts'
import type { RollupConfig } from './rollupConfig.ts'
import type { SystemConfig } from './systemConfig.ts'

/** keccak256 of `ConfigUpdate(uint256,uint8,bytes)`. */
export const CONFIG_UPDATE_EVENT_TOPIC: Hash = '0x1d2b0bda21d56b8bd12d4f94ebacffdfb35f5e226f84b461103bb8beab6353be'

/** One `ConfigUpdate` log, read. `unsafeBlockSigner` does not concern derivation. */
export type SystemConfigUpdate =
  | { readonly kind: 'batcher'; readonly batcherAddress: Address }
  | { readonly kind: 'feeScalars'; readonly overhead: Hash; readonly scalar: Hash }
  | { readonly kind: 'gasLimit'; readonly gasLimit: bigint }
  | { readonly kind: 'unsafeBlockSigner' }
  | { readonly kind: 'eip1559Params'; readonly eip1559Params: Hex }
  | { readonly kind: 'operatorFeeParams'; readonly operatorFeeParams: Hash }
  | { readonly kind: 'minBaseFee'; readonly minBaseFee: bigint }
  | { readonly kind: 'daFootprintGasScalar'; readonly daFootprintGasScalar: bigint }

/** Words of an ABI `bytes` value that is all of the data: offset 32, length, then exactly `length` bytes. */
function readPayload(data: Uint8Array, length: number): Uint8Array | null {
  if (data.length !== 64 + length) return null
  if (!isZeroBytes(data, 0, 31) || data[31] !== 32) return null
  if (!isZeroBytes(data, 32, 63) || data[63] !== length) return null
  return data.subarray(64)
}

/** A quantity of `size` bytes right-aligned in a word, or `null` when it is larger. */
function readUint(word: Uint8Array, size: number): bigint | null {
  return isZeroBytes(word, 0, 32 - size) ? bytesToBigint(word, 32 - size, 32) : null
}

/**
 * Reads a `ConfigUpdate` log; `null` when it is of an unknown version or type, or its data is not what the type asks
 * for: such an update is skipped alone.
 *
 * @see specs/protocol/system-config.md#system-config-updates
 */
export function decodeSystemConfigUpdate(log: Log): SystemConfigUpdate | null {
  const [event, version, type] = log.topics
  if (log.topics.length !== 3 || event?.toLowerCase() !== CONFIG_UPDATE_EVENT_TOPIC || version !== ZERO_HASH)
    return null
  const number = BigInt(type as Hash)
  if (number === 3n) return { kind: 'unsafeBlockSigner' }
  const word = readPayload(hexToBytes(log.data), number === 1n ? 64 : 32)
  if (!word) return null
  switch (number) {
    case 0n:
      return isZeroBytes(word, 0, 12) ? { kind: 'batcher', batcherAddress: bytesToHex(word.subarray(12)) } : null
    case 1n:
      return { kind: 'feeScalars', overhead: bytesToHex(word.subarray(0, 32)), scalar: bytesToHex(word.subarray(32)) }
    case 2n: {
      const gasLimit = readUint(word, 8)
      return gasLimit === null ? null : { kind: 'gasLimit', gasLimit }
    }
    case 4n: {
      const denominator = bytesToNumber(word, 24, 28)
      // A zero denominator beside an elasticity would have every later block divide by zero.
      if (denominator === 0 && bytesToNumber(word, 28, 32) !== 0) return null
      return { kind: 'eip1559Params', eip1559Params: bytesToHex(word.subarray(24)) }
    }
    case 5n: {
      const operatorFee = { scalar: bytesToNumber(word, 20, 24), constant: bytesToBigint(word, 24, 32) }
      return { kind: 'operatorFeeParams', operatorFeeParams: encodeOperatorFeeParams(operatorFee) }
    }
    case 6n: {
      const minBaseFee = readUint(word, 8)
      return minBaseFee === null ? null : { kind: 'minBaseFee', minBaseFee }
    }
    case 7n: {
      const daFootprintGasScalar = readUint(word, 2)
      return daFootprintGasScalar === null ? null : { kind: 'daFootprintGasScalar', daFootprintGasScalar }
    }
    default:
      return null
  }
}

/**
 * The config after one update. Fee scalars go by the time of the L1 block with the log: from Ecotone the overhead is
 * dropped and a scalar that is not validly encoded changes nothing.
 */
export function applySystemConfigUpdate(
  systemConfig: SystemConfig,
  update: SystemConfigUpdate,
  config: Pick<RollupConfig, 'forks'>,
  l1Timestamp: bigint,
): SystemConfig {
  if (update.kind === 'unsafeBlockSigner') return systemConfig
  const { kind, ...change } = update
  if (kind === 'feeScalars' && isForkActive(config, 'ecotone', l1Timestamp)) {
    if (!isValidEcotoneScalar(hexToBytes(update.scalar))) return systemConfig
    return { ...systemConfig, overhead: ZERO_HASH, scalar: update.scalar }
  }
  return { ...systemConfig, ...change }
}

/**
 * The config after all updates of an L1 block, in log order. Logs of other contracts, of reverted transactions and
 * those that cannot be read change nothing; then the config given comes back as it is.
 *
 * @param l1Timestamp - of the block that the receipts are of
 */
export function applySystemConfigUpdates(
  systemConfig: SystemConfig,
  receipts: readonly L1Receipt[],
  config: Pick<RollupConfig, 'forks' | 'l1SystemConfigAddress'>,
  l1Timestamp: bigint,
): SystemConfig {
  const contract = config.l1SystemConfigAddress.toLowerCase()
  let current = systemConfig
  for (const receipt of receipts) {
    if (!receipt.status) continue
    for (const log of receipt.logs) {
      if (log.topics[0]?.toLowerCase() !== CONFIG_UPDATE_EVENT_TOPIC || log.address.toLowerCase() !== contract) continue
      const update = decodeSystemConfigUpdate(log)
      if (update) current = applySystemConfigUpdate(current, update, config, l1Timestamp)
    }
  }
  return current
}
