import { describe, expect, it } from 'vitest'
import { testAddress, testHash } from '../testing/index.ts'
import { CodecError } from './codecError.ts'
import { type DepositTx, decodeDepositTx, encodeDepositTx } from './depositTx.ts'
import { keccak256Hex } from './keccak.ts'
import { encodeRlp, type RlpInput, RlpReader } from './rlp.ts'
import { txHash } from './txEnvelope.ts'

const deposit: DepositTx = {
  sourceHash: testHash(1),
  from: testAddress(2),
  to: testAddress(3),
  mint: 2n ** 128n - 1n,
  value: 2n ** 256n - 1n,
  gas: 2n ** 64n - 1n,
  isSystemTx: true,
  data: new Uint8Array(100).fill(7),
}
const fields: RlpInput[] = [testHash(1), testAddress(2), testAddress(3), 1n, 2n, 3n, 0, '0xabcd']

describe('deposits', () => {
  it('[DER-277][EXE-001] go there and back', () => {
    for (const tx of [deposit, { ...deposit, to: null, mint: 0n, value: 0n, gas: 0n, isSystemTx: false }]) {
      expect(decodeDepositTx(encodeDepositTx(tx))).toEqual(tx)
    }
  })

  it('[EXE-001][EXE-002] are the type byte and a list of eight fields, hashed as one', () => {
    const encoded = encodeDepositTx({ ...deposit, to: null, mint: 0n, isSystemTx: false })
    expect(encoded[0]).toBe(0x7e)
    const list = new RlpReader(encoded, 1).item() as Uint8Array[]
    expect(list.map((field) => field.length)).toEqual([32, 20, 0, 0, 32, 8, 0, 100])
    expect(txHash(encoded)).toBe(keccak256Hex(encoded))
  })

  it('[DER-277] are refused when a field is missing, too many, too long or out of range', () => {
    expect(decodeDepositTx(encodeRlp(fields, 0x7e)).gas).toBe(3n)
    const bad: RlpInput[] = [
      fields.slice(0, 7),
      [...fields, 1n],
      fields.with(0, testAddress(1)),
      fields.with(1, '0x'),
      fields.with(2, testHash(1)),
      fields.with(5, 2n ** 64n),
      fields.with(6, 2),
      fields.with(3, '0x0001'),
      'not a list',
    ].map((entry) => (entry === 'not a list' ? '0x01' : entry))
    for (const entry of bad) expect(() => decodeDepositTx(encodeRlp(entry, 0x7e))).toThrow(CodecError)
    expect(() => decodeDepositTx(encodeRlp(fields, 0x02))).toThrow('first byte')
    expect(() => decodeDepositTx(new Uint8Array(0))).toThrow(CodecError)
  })
})
