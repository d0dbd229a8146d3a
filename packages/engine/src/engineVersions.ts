import { isForkActive, type RollupConfig } from '@keelson/protocol'

type ForkConfig = Pick<RollupConfig, 'forks'>

/** With attributes by their timestamp; without, V3 is understood at any time. Before Canyon V1, as op-node does. */
export function forkchoiceUpdatedMethod(config: ForkConfig, attributesTimestamp: bigint | null): string {
  if (attributesTimestamp === null || isForkActive(config, 'ecotone', attributesTimestamp))
    return 'engine_forkchoiceUpdatedV3'
  return isForkActive(config, 'canyon', attributesTimestamp)
    ? 'engine_forkchoiceUpdatedV2'
    : 'engine_forkchoiceUpdatedV1'
}

/** By the payload's timestamp. */
export function newPayloadMethod(
  config: ForkConfig,
  timestamp: bigint,
): 'engine_newPayloadV2' | 'engine_newPayloadV3' | 'engine_newPayloadV4' {
  if (isForkActive(config, 'isthmus', timestamp)) return 'engine_newPayloadV4'
  return isForkActive(config, 'ecotone', timestamp) ? 'engine_newPayloadV3' : 'engine_newPayloadV2'
}

/** By the timestamp of the attributes that the payload was started with. Karst asks for V5 (same body as V4). */
export function getPayloadMethod(config: ForkConfig, timestamp: bigint): string {
  if (isForkActive(config, 'karst', timestamp)) return 'engine_getPayloadV5'
  if (isForkActive(config, 'isthmus', timestamp)) return 'engine_getPayloadV4'
  return isForkActive(config, 'ecotone', timestamp) ? 'engine_getPayloadV3' : 'engine_getPayloadV2'
}
