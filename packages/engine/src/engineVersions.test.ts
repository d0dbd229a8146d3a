import { expect, it } from 'vitest'
import { forkchoiceUpdatedMethod, getPayloadMethod, newPayloadMethod } from './engineVersions.ts'

const config = {
  forks: {
    regolith: 0n,
    canyon: 10n,
    delta: 10n,
    ecotone: 20n,
    fjord: 20n,
    granite: 20n,
    holocene: 20n,
    isthmus: 30n,
    jovian: 30n,
    karst: 40n,
  },
}

it('[DER-333] asks with V2 before Ecotone; attributes before Canyon go as V1, forkchoice alone as V3', () => {
  expect(forkchoiceUpdatedMethod(config, 5n)).toBe('engine_forkchoiceUpdatedV1')
  expect(forkchoiceUpdatedMethod(config, 10n)).toBe('engine_forkchoiceUpdatedV2')
  expect(forkchoiceUpdatedMethod(config, null)).toBe('engine_forkchoiceUpdatedV3')
  expect(getPayloadMethod(config, 19n)).toBe('engine_getPayloadV2')
  expect(newPayloadMethod(config, 5n)).toBe('engine_newPayloadV2')
})

it('[DER-334] asks with V3 from Ecotone on', () => {
  expect(forkchoiceUpdatedMethod(config, 20n)).toBe('engine_forkchoiceUpdatedV3')
  expect(getPayloadMethod(config, 20n)).toBe('engine_getPayloadV3')
  expect(newPayloadMethod(config, 29n)).toBe('engine_newPayloadV3')
})

it('[DER-335] asks for and gives payloads with V4 from Isthmus on; forkchoice stays V3', () => {
  expect(forkchoiceUpdatedMethod(config, 30n)).toBe('engine_forkchoiceUpdatedV3')
  expect(getPayloadMethod(config, 30n)).toBe('engine_getPayloadV4')
  expect(newPayloadMethod(config, 40n)).toBe('engine_newPayloadV4')
})

it('asks for payloads with V5 from Karst on', () => expect(getPayloadMethod(config, 40n)).toBe('engine_getPayloadV5'))
