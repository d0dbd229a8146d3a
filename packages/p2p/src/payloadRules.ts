import {
  decodePayloadSsz,
  type ExecutionPayloadEnvelope,
  isForkActive,
  type PayloadVersion,
  type RollupConfig,
} from '@keelson/protocol'
import type { BlockVersion } from './topics.ts'

/** The rule that a gossiped block broke; also the `reason` of metrics and logs. */
export type FieldFault =
  | 'withdrawalsBeforeCanyon'
  | 'withdrawalsMissing'
  | 'withdrawalsNotEmpty'
  | 'blobGasUsedBeforeEcotone'
  | 'excessBlobGasBeforeEcotone'
  | 'beaconRootBeforeEcotone'
  | 'blobGasUsedMissing'
  | 'blobGasUsedNotZero'
  | 'excessBlobGasMissing'
  | 'excessBlobGasNotZero'
  | 'beaconRootMissing'
  | 'withdrawalsRootBeforeIsthmus'
  | 'withdrawalsRootMissing'

/** Version of the payload format on a topic: the topic counts from 0, the format from 1. */
export const payloadVersionOfTopic = (version: BlockVersion): PayloadVersion => (version + 1) as PayloadVersion

/** Decodes what stands after the signature; `null` when it is malformed. */
export function tryDecodePayload(body: Uint8Array, version: BlockVersion): ExecutionPayloadEnvelope | null {
  try {
    return decodePayloadSsz(body, payloadVersionOfTopic(version))
  } catch {
    return null
  }
}

/**
 * Which fields a payload must and must not have on its topic, checked in the order of the text; `null`: all is well.
 *
 * From Jovian, by the payload's time, blob gas used is the DA footprint and may be anything.
 *
 * @see specs/protocol/rollup-node-p2p.md#block-validation
 */
export function findFieldFault(
  config: Pick<RollupConfig, 'forks'>,
  version: BlockVersion,
  { executionPayload: payload, parentBeaconBlockRoot }: ExecutionPayloadEnvelope,
): FieldFault | null {
  if (version === 0 && payload.withdrawals !== undefined) return 'withdrawalsBeforeCanyon'
  if (version >= 1) {
    if (payload.withdrawals === undefined) return 'withdrawalsMissing'
    if (payload.withdrawals.length > 0) return 'withdrawalsNotEmpty'
  }
  if (version <= 1) {
    if (payload.blobGasUsed !== undefined) return 'blobGasUsedBeforeEcotone'
    if (payload.excessBlobGas !== undefined) return 'excessBlobGasBeforeEcotone'
    if (parentBeaconBlockRoot !== undefined) return 'beaconRootBeforeEcotone'
  } else {
    if (payload.blobGasUsed === undefined) return 'blobGasUsedMissing'
    if (payload.blobGasUsed !== 0n && !isForkActive(config, 'jovian', payload.timestamp)) return 'blobGasUsedNotZero'
    if (payload.excessBlobGas === undefined) return 'excessBlobGasMissing'
    if (payload.excessBlobGas !== 0n) return 'excessBlobGasNotZero'
    if (parentBeaconBlockRoot === undefined) return 'beaconRootMissing'
  }
  if (version <= 2 && payload.withdrawalsRoot !== undefined) return 'withdrawalsRootBeforeIsthmus'
  return version === 3 && payload.withdrawalsRoot === undefined ? 'withdrawalsRootMissing' : null
}
