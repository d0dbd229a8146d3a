import { ENGINE_ERROR, EngineApiError, isForkActive, type PayloadAttributes } from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import type { ChainSpec } from '../genesis/chainSpec.ts'

const refuse = (reason: string): never => {
  throw new EngineApiError(ENGINE_ERROR.invalidPayloadAttributes, reason)
}

/**
 * Checks that payload attributes have exactly the fields of the fork at their timestamp, and can stand on `parent`.
 *
 * @throws {EngineApiError} -38003
 * @see specs/protocol/exec-engine.md#extended-payloadattributesv2
 */
export function checkAttributes(
  spec: ChainSpec,
  parent: Pick<BlockHeader, 'timestamp'>,
  attributes: PayloadAttributes,
): void {
  const { timestamp, withdrawals, parentBeaconBlockRoot, eip1559Params, minBaseFee } = attributes
  const active = (fork: 'canyon' | 'ecotone' | 'holocene' | 'jovian') => isForkActive(spec, fork, timestamp)

  if (timestamp <= parent.timestamp) {
    refuse(`invalid timestamp: ${timestamp} is not after the parent's ${parent.timestamp}`)
  }
  if (active('canyon') && !withdrawals) refuse('missing withdrawals')
  if (!active('canyon') && withdrawals) refuse('withdrawals before Canyon')
  if (withdrawals && withdrawals.length > 0) refuse('withdrawals must be empty')
  if (active('ecotone') && parentBeaconBlockRoot === undefined) refuse('missing beacon root')
  if (!active('ecotone') && parentBeaconBlockRoot !== undefined) refuse('unexpected beacon root')
  if (active('holocene')) checkEip1559Params(eip1559Params)
  else if (eip1559Params !== undefined) refuse('got eip1559Params before Holocene')
  if (active('jovian') && minBaseFee === undefined) refuse('missing minBaseFee')
  if (!active('jovian') && minBaseFee !== undefined) refuse('got minBaseFee before Jovian')
}

function checkEip1559Params(params: PayloadAttributes['eip1559Params']): void {
  if (params === undefined) {
    refuse('missing eip1559Params')
    return
  }
  if (params.length !== 18) refuse(`eip1559Params must have 8 bytes, not ${(params.length - 2) / 2}`)
  const denominator = Number(params.slice(0, 10))
  const elasticity = Number(`0x${params.slice(10)}`)
  // Zero for both means the chain's constants.
  if ((denominator === 0) !== (elasticity === 0)) {
    refuse(`eip1559Params with denominator ${denominator} and elasticity ${elasticity}`)
  }
}
