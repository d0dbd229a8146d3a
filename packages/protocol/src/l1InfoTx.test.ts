import { describe, expect, it } from 'vitest'
import { forksUpTo, testAddress, testHash, testL1Info, testRollupConfig, testSystemConfig } from '../testing/index.ts'
import { bytesToHex, hexToBytes } from './bytes.ts'
import { decodeDepositTx } from './depositTx.ts'
import { encodeEcotoneScalars, encodeOperatorFeeParams } from './feeScalars.ts'
import { FORKS, type ForkSchedule, type TimedFork } from './forks.ts'
import { CANCUN_BASE_FEE_UPDATE_FRACTION, fakeExponential, L1_CHAIN_CONFIGS } from './l1ChainConfig.ts'
import { decodeL1InfoTx, l1InfoDepositTx, l1InfoFormat } from './l1InfoTx.ts'
import { L1_ATTRIBUTES_DEPOSITOR, PREDEPLOYS } from './predeploys.ts'
import { l1InfoSourceHash } from './sourceHash.ts'
import type { SystemConfig } from './systemConfig.ts'

const l1 = testL1Info({ number: 0x0102n, timestamp: 0x0304n, baseFee: 0x0506n })
const T = 1_000_002n

function build(forks: ForkSchedule, systemConfig: SystemConfig = testSystemConfig(), timestamp = T, sequence = 9n) {
  const tx = l1InfoDepositTx(testRollupConfig({ forks }), systemConfig, sequence, l1, timestamp)
  const deposit = decodeDepositTx(tx)
  return { deposit, data: bytesToHex(deposit.data), info: decodeL1InfoTx(tx) }
}

const slice = (data: string, from: number, to: number) => data.slice(2 + 2 * from, 2 + 2 * to)
const word = (value: bigint) => value.toString(16).padStart(64, '0')

describe('L1 attributes deposit', () => {
  it('[DER-248][DER-251] goes from the depositor to L1Block, with the source hash of block and sequence number', () => {
    const { deposit } = build(forksUpTo('jovian'))
    expect(deposit).toMatchObject({
      from: L1_ATTRIBUTES_DEPOSITOR,
      to: PREDEPLOYS.l1Block,
      mint: 0n,
      value: 0n,
      sourceHash: l1InfoSourceHash(l1.hash, 9n),
    })
    expect([L1_ATTRIBUTES_DEPOSITOR, PREDEPLOYS.l1Block]).toEqual([
      '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001',
      '0x4200000000000000000000000000000000000015',
    ])
  })

  it('[DER-249] is a system transaction with 150M gas before Regolith', () => {
    expect(build({ regolith: T + 1n }).deposit).toMatchObject({ gas: 150_000_000n, isSystemTx: true })
  })

  it('[DER-250] has 1M gas of the block from Regolith on', () => {
    expect(build({ regolith: T }).deposit).toMatchObject({ gas: 1_000_000n, isSystemTx: false })
  })

  it('[DER-252] is 260 bytes of words up to Delta', () => {
    const overhead = testHash(0x0b)
    const scalar = testHash(0x0c)
    const { data } = build(forksUpTo('delta'), testSystemConfig({ overhead, scalar }))
    expect(data).toBe(
      `0x015d8eb9${word(l1.number)}${word(l1.timestamp)}${word(l1.baseFee)}${l1.hash.slice(2)}${word(9n)}` +
        `${word(BigInt(testAddress(0xba)))}${overhead.slice(2)}${scalar.slice(2)}`,
    )
  })

  const packed = testSystemConfig({
    scalar: encodeEcotoneScalars({ baseFeeScalar: 0x11223344, blobBaseFeeScalar: 0x55667788 }),
    operatorFeeParams: encodeOperatorFeeParams({ scalar: 0xaabbccdd, constant: 0x0102030405060708n }),
    daFootprintGasScalar: 0x1234n,
  })
  const ecotoneFields =
    `1122334455667788${9n.toString(16).padStart(16, '0')}0000000000000304` +
    `0000000000000102${word(0x0506n)}${word(1n)}${l1.hash.slice(2)}${word(BigInt(testAddress(0xba)))}`

  it('[DER-253][DER-264] is 164 packed bytes from Ecotone', () => {
    expect(build(forksUpTo('ecotone'), packed).data).toBe(`0x440a5e20${ecotoneFields}`)
  })

  it('[DER-254] has the operator fee behind the Ecotone fields from Isthmus: 176 bytes', () => {
    expect(build(forksUpTo('isthmus'), packed).data).toBe(`0x098999be${ecotoneFields}aabbccdd0102030405060708`)
  })

  it('[DER-255] has the DA footprint scalar behind those from Jovian: 178 bytes', () => {
    expect(build(forksUpTo('jovian'), packed).data).toBe(`0x3db6be2b${ecotoneFields}aabbccdd01020304050607081234`)
  })

  it('[DER-256] keeps the format before in the activation block of Ecotone, Isthmus and Jovian', () => {
    const formats = (forks: ForkSchedule) =>
      [T - 2n, T, T + 2n].map((timestamp) => l1InfoFormat(testRollupConfig({ forks }), timestamp))
    expect(formats({ ...forksUpTo('delta'), ecotone: T })).toEqual(['bedrock', 'bedrock', 'ecotone'])
    expect(formats({ ...forksUpTo('holocene'), isthmus: T })).toEqual(['ecotone', 'ecotone', 'isthmus'])
    expect(formats({ ...forksUpTo('isthmus'), jovian: T })).toEqual(['isthmus', 'isthmus', 'jovian'])
    expect(formats({ ...forksUpTo('delta'), ecotone: T, fjord: T, granite: T, holocene: T, isthmus: T })).toEqual([
      'bedrock',
      'bedrock',
      'isthmus',
    ])
  })

  it('[DER-257] is not changed by the other forks', () => {
    const others: TimedFork[] = ['canyon', 'delta', 'fjord', 'granite', 'holocene', 'karst']
    for (const fork of others) {
      const before = FORKS[FORKS.indexOf(fork) - 1] as TimedFork
      const forks = { ...forksUpTo(before), [fork]: T }
      const formats = [T - 2n, T, T + 2n].map((timestamp) => l1InfoFormat(testRollupConfig({ forks }), timestamp))
      expect(new Set(formats).size).toBe(1)
    }
  })

  it('[DER-258] has the new format from block 1 when the fork is active at genesis', () => {
    expect(l1InfoFormat(testRollupConfig({ forks: forksUpTo('karst') }), T)).toBe('jovian')
    expect(l1InfoFormat(testRollupConfig({ forks: forksUpTo('ecotone') }), T)).toBe('ecotone')
  })

  it('[DER-259] takes both scalars from a version 1 word, the base scalar alone from version 0', () => {
    expect(build(forksUpTo('ecotone'), packed).info).toMatchObject({
      baseFeeScalar: 0x11223344,
      blobBaseFeeScalar: 0x55667788,
    })
    const version0 = testSystemConfig({ scalar: `0x${word(0xa6fe0n)}` })
    expect(build(forksUpTo('ecotone'), version0).info).toMatchObject({ baseFeeScalar: 0xa6fe0, blobBaseFeeScalar: 0 })
  })

  it('[DER-260] takes the largest base scalar for version 0 with bytes in the padding', () => {
    for (const at of [1, 15, 27]) {
      const bytes = new Uint8Array(32)
      bytes[at] = 1
      bytes[31] = 5
      const info = build(forksUpTo('ecotone'), testSystemConfig({ scalar: bytesToHex(bytes) })).info
      expect(info).toMatchObject({ baseFeeScalar: 2 ** 32 - 1, blobBaseFeeScalar: 0 })
    }
  })

  it('refuses a stored scalar of another version', () => {
    const scalar = `0x02${'00'.repeat(31)}` as const
    expect(() => build(forksUpTo('ecotone'), testSystemConfig({ scalar }))).toThrow('scalar')
  })

  it('[DER-261] prices blobs by the L1 fork at the origin, 1 without blob fields', () => {
    const excessBlobGas = 100_000_000n
    const config = testRollupConfig({ l1ChainId: 1n, forks: forksUpTo('jovian') })
    const priceAt = (timestamp: bigint) => {
      const tx = l1InfoDepositTx(config, testSystemConfig(), 0n, testL1Info({ timestamp, excessBlobGas }), T)
      return decodeL1InfoTx(tx).blobBaseFee
    }
    for (const { time, baseFeeUpdateFraction } of L1_CHAIN_CONFIGS.mainnet.blobSchedule) {
      expect(priceAt(time)).toBe(fakeExponential(1n, excessBlobGas, baseFeeUpdateFraction))
    }
    const { excessBlobGas: _excess, blobGasUsed: _used, ...before } = testL1Info()
    expect(decodeL1InfoTx(l1InfoDepositTx(config, testSystemConfig(), 0n, before, T)).blobBaseFee).toBe(1n)
  })

  it('[DER-262] goes on with the fraction of Cancun until the Pectra blob schedule time of the origin', () => {
    const excessBlobGas = 100_000_000n
    const { forks } = testRollupConfig()
    const time = 1_742_486_400n
    const priceAt = (timestamp: bigint, pectraBlobSchedule?: bigint) => {
      const schedule = { ...forks, ...(pectraBlobSchedule !== undefined && { pectraBlobSchedule }) }
      const config = testRollupConfig({ l1ChainId: 11_155_111n, forks: schedule })
      const tx = l1InfoDepositTx(config, testSystemConfig(), 0n, testL1Info({ timestamp, excessBlobGas }), T)
      return decodeL1InfoTx(tx).blobBaseFee
    }
    const cancun = fakeExponential(1n, excessBlobGas, CANCUN_BASE_FEE_UPDATE_FRACTION)
    const prague = fakeExponential(1n, excessBlobGas, 5_007_716n)
    expect([priceAt(time - 1n, time), priceAt(time, time), priceAt(time - 1n)]).toEqual([cancun, prague, prague])
  })

  it('needs the chain config of an L1 that is not built in once blobs have a price', () => {
    const info = testL1Info({ excessBlobGas: 10_000_000n })
    const config = testRollupConfig()
    expect(() => l1InfoDepositTx(config, testSystemConfig(), 0n, info, T)).toThrow('chain config')
    const tx = l1InfoDepositTx(config, testSystemConfig(), 0n, info, T, L1_CHAIN_CONFIGS.hoodi)
    expect(decodeL1InfoTx(tx).blobBaseFee).toBe(fakeExponential(1n, 10_000_000n, CANCUN_BASE_FEE_UPDATE_FRACTION))
  })

  it('[DER-263] writes a DA footprint scalar of 400 where the config has 0', () => {
    const scalarOf = (daFootprintGasScalar: bigint) =>
      build(forksUpTo('jovian'), testSystemConfig({ daFootprintGasScalar })).info.daFootprintGasScalar
    expect([scalarOf(0n), scalarOf(1n), scalarOf(65_535n)]).toEqual([400, 1, 65_535])
  })

  it('[DER-264] has the batcher as an address behind 12 zero bytes', () => {
    const { data, info } = build(forksUpTo('jovian'), testSystemConfig({ batcherAddress: testAddress(0xcc) }))
    expect(slice(data, 132, 164)).toBe(`${'00'.repeat(12)}${'cc'.repeat(20)}`)
    expect(info.batcherAddress).toBe(testAddress(0xcc))
  })

  it('[DER-265] is read only at the exact length of its selector', () => {
    for (const fork of ['delta', 'ecotone', 'isthmus', 'jovian'] as const) {
      const data = hexToBytes(build(forksUpTo(fork)).data)
      expect(decodeL1InfoTx(data).number).toBe(l1.number)
      expect(() => decodeL1InfoTx(data.subarray(0, -1))).toThrow('L1 attributes')
      expect(() => decodeL1InfoTx(new Uint8Array([...data, 0]))).toThrow('L1 attributes')
    }
    expect(() => decodeL1InfoTx(hexToBytes('0x12345678'))).toThrow('selector')
    expect(() => decodeL1InfoTx(new Uint8Array(0))).toThrow('selector')
  })

  it('[DER-265] is not read when a word of the first format does not fit its type', () => {
    const data = hexToBytes(build(forksUpTo('delta')).data)
    for (const at of [4, 36, 132, 164]) {
      const bad = data.slice()
      bad[at] = 1
      expect(() => decodeL1InfoTx(bad)).toThrow('bad L1 attributes')
    }
  })

  it('[DER-240] carries the sequence number', () => {
    expect(build(forksUpTo('jovian'), testSystemConfig(), T, 0n).info.sequenceNumber).toBe(0n)
    expect(build(forksUpTo('jovian'), testSystemConfig(), T, 77n).info.sequenceNumber).toBe(77n)
  })
})
