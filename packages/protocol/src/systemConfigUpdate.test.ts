import { describe, expect, it } from 'vitest'
import { testAddress, testConfigUpdateLog, testHash, testRollupConfig, testSystemConfig } from '../testing/index.ts'
import { utf8Bytes } from './bytes.ts'
import { encodeEcotoneScalars } from './feeScalars.ts'
import { keccak256Hex } from './keccak.ts'
import type { Log } from './l1Types.ts'
import { ZERO_HASH } from './primitives.ts'
import { applySystemConfigUpdates, CONFIG_UPDATE_EVENT_TOPIC, decodeSystemConfigUpdate } from './systemConfigUpdate.ts'

const config = testRollupConfig({ forks: { regolith: 0n, canyon: 0n, delta: 0n, ecotone: 1000n } })
const before = testSystemConfig({ overhead: testHash(0x07) })
const update = (type: number, ...words: bigint[]) => testConfigUpdateLog(config, type, ...words)

/** The config after these logs of one L1 block. */
function apply(logs: Log | Log[], { time = 2000n, status = true } = {}) {
  return applySystemConfigUpdates(before, [{ status, logs: [logs].flat() }], config, time)
}

const word = (value: bigint) => `0x${value.toString(16).padStart(64, '0')}` as const
const gasLimit = update(2, 123n)

describe('system config updates', () => {
  it('[DER-281] are ConfigUpdate logs, version 0, of the SystemConfig contract in successful transactions', () => {
    expect(keccak256Hex(utf8Bytes('ConfigUpdate(uint256,uint8,bytes)'))).toBe(CONFIG_UPDATE_EVENT_TOPIC)
    expect(apply(gasLimit).gasLimit).toBe(123n)
    expect(apply(gasLimit, { status: false })).toBe(before)
    expect(apply({ ...gasLimit, address: testAddress(1) })).toBe(before)
    expect(apply({ ...gasLimit, topics: gasLimit.topics.with(0, testHash(1)) })).toBe(before)
    expect(apply({ ...gasLimit, topics: [] })).toBe(before)
  })

  it('[DER-282] have exactly three topics', () => {
    expect(apply({ ...gasLimit, topics: gasLimit.topics.slice(0, 2) })).toBe(before)
    expect(apply({ ...gasLimit, topics: [...gasLimit.topics, ZERO_HASH] })).toBe(before)
  })

  it('[DER-283] that cannot be read are skipped alone', () => {
    const bad = { ...gasLimit, data: '0x' as const }
    expect(apply([bad, update(0, BigInt(testAddress(5))), bad, gasLimit])).toEqual({
      ...before,
      batcherAddress: testAddress(5),
      gasLimit: 123n,
    })
  })

  it('[DER-284] are offset, length and payload, not a byte more or less', () => {
    const { data } = gasLimit
    const bad = [
      `${data}00`,
      data.slice(0, -2),
      `${data}${'00'.repeat(32)}`,
      data.replace(/20/, '40'),
      `0x${data.slice(2, 128)}1f${data.slice(130)}`,
    ]
    for (const wrong of bad) expect(apply({ ...gasLimit, data: wrong as `0x${string}` })).toBe(before)
    // The words of offset and length are 256 bits wide, each byte of which counts.
    for (const at of [0, 1, 30, 31, 32, 33, 62, 63]) {
      const digits = data.slice(2, 2 + 2 * at)
      const byte = Number(`0x${data.slice(2 + 2 * at, 4 + 2 * at)}`) ^ 1
      const wrong = `0x${digits}${byte.toString(16).padStart(2, '0')}${data.slice(4 + 2 * at)}` as const
      expect(apply({ ...gasLimit, data: wrong }), `byte ${at}`).toBe(before)
    }
    expect(apply(update(1, 5n))).toBe(before)
    expect(apply(update(2, 5n, 6n))).toBe(before)
  })

  it('[DER-285] of type 0 set the batcher, a left-padded address', () => {
    expect(apply(update(0, BigInt(testAddress(0x5a)))).batcherAddress).toBe(testAddress(0x5a))
    for (const bit of [160n, 248n, 255n]) expect(apply(update(0, 1n << bit))).toBe(before)
  })

  it('[DER-286] of type 1 set overhead and scalar before Ecotone', () => {
    expect(apply(update(1, 11n, 12n), { time: 999n })).toEqual({ ...before, overhead: word(11n), scalar: word(12n) })
  })

  it('[DER-287] of type 1 drop the overhead from Ecotone of the L1 block on, and keep a valid scalar as it is', () => {
    for (const scalar of [12n, BigInt(encodeEcotoneScalars({ baseFeeScalar: 1, blobBaseFeeScalar: 2 }))]) {
      expect(apply(update(1, 11n, scalar), { time: 1000n })).toEqual({
        ...before,
        overhead: ZERO_HASH,
        scalar: word(scalar),
      })
    }
  })

  it('[DER-287] of type 1 change nothing from Ecotone on when the scalar is not valid', () => {
    const invalid = [2n << 248n, 1n << 32n, (1n << 248n) | (1n << 64n), 0xffn << 248n]
    // The padding reaches from the version byte to the scalars: four bytes in version 0, eight in version 1.
    invalid.push(1n << 240n, (1n << 248n) | (1n << 240n))
    expect(apply(update(1, 11n, 0xffff_ffffn), { time: 1000n }).scalar).toBe(word(0xffff_ffffn))
    const full = (1n << 248n) | 0xffff_ffff_ffff_ffffn
    expect(apply(update(1, 11n, full), { time: 1000n }).scalar).toBe(word(full))
    for (const scalar of invalid) expect(apply(update(1, 11n, scalar), { time: 1000n })).toBe(before)
    expect(apply(update(1, 11n, 2n << 248n), { time: 999n }).scalar).toBe(word(2n << 248n))
  })

  it('[DER-288] of type 2 set the gas limit, 64 bits', () => {
    expect(apply(update(2, 2n ** 64n - 1n)).gasLimit).toBe(2n ** 64n - 1n)
    for (const bit of [64n, 248n, 255n]) expect(apply(update(2, 1n << bit))).toBe(before)
  })

  it('[DER-289] of type 3 change nothing', () => {
    expect(apply(update(3, BigInt(testAddress(1))))).toBe(before)
    expect(decodeSystemConfigUpdate(update(3, 1n))).toEqual({ kind: 'unsafeBlockSigner' })
  })

  it('[DER-290] of type 4 set denominator and elasticity', () => {
    expect(apply(update(4, (250n << 32n) + 6n)).eip1559Params).toBe('0x000000fa00000006')
    expect(apply(update(4, 0n)).eip1559Params).toBe('0x0000000000000000')
    // What stands above them in the word has no say.
    expect(apply(update(4, (1n << 64n) + (250n << 32n) + 6n)).eip1559Params).toBe('0x000000fa00000006')
  })

  it('[DER-291] of type 4 are refused with a zero denominator beside an elasticity', () => {
    for (const elasticity of [1n, 6n, 1n << 24n, 2n ** 32n - 1n]) expect(apply(update(4, elasticity))).toBe(before)
    for (const denominator of [1n, 1n << 24n]) {
      const params = (denominator << 32n) + 6n
      expect(apply(update(4, params)).eip1559Params).toBe(`0x${params.toString(16).padStart(16, '0')}`)
    }
    // The other way round nothing divides by zero.
    expect(apply(update(4, 250n << 32n)).eip1559Params).toBe('0x000000fa00000000')
  })

  it('[DER-292] of type 5 set the operator fee: scalar from bytes 20-24, constant from bytes 24-32', () => {
    const value = (0xaabbccddn << 64n) + 0x0102030405060708n
    expect(apply(update(5, value)).operatorFeeParams).toBe(word(value))
  })

  it('[DER-293] of type 6 set the minimum base fee, 64 bits', () => {
    expect(apply(update(6, 1_000_000_000n)).minBaseFee).toBe(1_000_000_000n)
    for (const bit of [64n, 248n, 255n]) expect(apply(update(6, 1n << bit))).toBe(before)
  })

  it('[DER-294] of type 7 set the DA footprint scalar, 16 bits', () => {
    expect(apply(update(7, 0n)).daFootprintGasScalar).toBe(0n)
    expect(apply(update(7, 65_535n)).daFootprintGasScalar).toBe(65_535n)
    for (const bit of [16n, 248n, 255n]) expect(apply(update(7, 1n << bit))).toBe(before)
  })

  it('[DER-295] of an unknown type or version are skipped', () => {
    expect(apply(update(8, 1n))).toBe(before)
    expect(apply({ ...gasLimit, topics: gasLimit.topics.with(1, word(1n)) })).toBe(before)
    expect(apply({ ...gasLimit, topics: gasLimit.topics.with(2, testHash(0xff)) })).toBe(before)
  })

  it('[DER-296] take effect in full, the last of a block winning', () => {
    expect(apply([update(2, 1n), update(2, 500_000_000n)]).gasLimit).toBe(500_000_000n)
  })

  it('[DER-297] of the contract initialisation leave the EIP-1559 parameters and the minimum base fee unset', () => {
    const batcher = update(0, BigInt(testAddress(1)))
    const initial = [batcher, update(1, 0n, 5n), update(2, 30_000_000n), update(3, BigInt(testAddress(2)))]
    expect(apply(initial)).toMatchObject({ eip1559Params: '0x0000000000000000', minBaseFee: 0n, gasLimit: 30_000_000n })
  })
})
