import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testBatch, testTx } from '../../testing/batches.ts'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '../../testing/fixtures.ts'
import { bytesToHex, concatBytes, hexToBytes } from '../bytes.ts'
import type { Hash, Hex } from '../primitives.ts'
import { encodeRlp, type RlpInput } from '../rlp.ts'
import { ChannelError } from './channelError.ts'
import { decodeSingularBatch, encodeSingularBatch } from './singularBatch.ts'

const HASH: Hash = `0x${'11'.repeat(32)}`
const raw = (...fields: RlpInput[]) => encodeRlp(fields, 0)

function codeOf(bytes: Uint8Array): string {
  try {
    decodeSingularBatch(bytes)
    return 'valid'
  } catch (error) {
    return error instanceof ChannelError ? `${error.fault.code} ${error.fault.data.rule}` : String(error)
  }
}

describe('singular batch', () => {
  it('[DER-114] is a list of exactly five fields', () => {
    const fields: RlpInput[] = [HASH, 5n, HASH, 6n, []]
    expect(codeOf(raw(...fields))).toBe('valid')
    expect(codeOf(raw(...fields.slice(0, 4)))).toBe('badSingularBatch DER-115')
    expect(codeOf(raw(...fields, 0n))).toBe('badSingularBatch DER-114')
    expect(codeOf(concatBytes(Uint8Array.of(0), encodeRlp(new Uint8Array(60))))).toBe('badSingularBatch DER-115')
  })

  it('[DER-115] has hashes of 32 bytes and canonical integers of at most 64 bits', () => {
    expect(codeOf(raw(HASH, 2n ** 64n - 1n, HASH, 2n ** 64n - 1n, []))).toBe('valid')
    const wrong: RlpInput[][] = [
      [`${HASH}00`, 5n, HASH, 6n, []],
      [HASH, 5n, `0x${'11'.repeat(31)}`, 6n, []],
      [HASH, 2n ** 64n, HASH, 6n, []],
      [HASH, 5n, HASH, 2n ** 64n, []],
      [HASH, '0x0005', HASH, 6n, []],
      [HASH, Uint8Array.of(0), HASH, 6n, []],
      [HASH, [], HASH, 6n, []],
      [HASH, 5n, HASH, 6n, new Uint8Array(3)],
      [HASH, 5n, HASH, 6n, [[]]],
      [[HASH], 5n, HASH, 6n, []],
    ]
    for (const fields of wrong) expect(codeOf(raw(...fields))).toBe('badSingularBatch DER-115')
    const longByte = concatBytes(
      Uint8Array.of(0, 0xf8, 70),
      encodeRlp(HASH),
      Uint8Array.of(0x81, 5),
      encodeRlp(HASH),
      Uint8Array.of(6, 0xc0),
    )
    expect(codeOf(longByte)).toBe('badSingularBatch DER-115')
  })

  it('[DER-116] carries each transaction as an RLP string around its EIP-2718 bytes', () => {
    const transactions = [testTx({ type: 0 }), testTx({ type: 1 }), testTx({ type: 2 }), testTx({ type: 4 })]
    const bytes = raw(HASH, 5n, HASH, 6n, transactions)
    expect(decodeSingularBatch(bytes).transactions).toEqual(transactions)
    expect(decodeSingularBatch(bytes).transactions[0]?.buffer).toBe(bytes.buffer)
  })

  it('[DER-117] hands on whatever a transaction is: that it is no deposit is checked with the batch', () => {
    const deposit = Uint8Array.of(0x7e, 0xc0)
    expect(decodeSingularBatch(raw(HASH, 5n, HASH, 6n, [deposit, new Uint8Array(0)])).transactions).toEqual([
      deposit,
      new Uint8Array(0),
    ])
  })

  it('[DER-110] ignores what follows the list', () => {
    expect(codeOf(concatBytes(encodeSingularBatch(testBatch()), Uint8Array.of(1, 2, 3)))).toBe('valid')
  })

  it('[DER-109] begins with version 0', () => {
    expect(codeOf(new Uint8Array(0))).toBe('emptyBatch DER-109')
    expect(codeOf(Uint8Array.of(2, 0xc0))).toBe('unknownBatchType DER-109')
  })

  it('[DER-114] comes back as it was written', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex)
    const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    const transactions = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 6 })
    const batches = fc.record({
      parentHash: hash,
      epochNumber: uint64,
      epochHash: hash,
      timestamp: uint64,
      transactions,
    })
    fc.assert(
      fc.property(batches, (batch) => {
        expect(decodeSingularBatch(encodeSingularBatch(batch))).toEqual(batch)
      }),
    )
  })
})

type Vector = {
  name: string
  input: { batch: { parentHash: Hash; epochNum: number; epochHash: Hash; timestamp: number; transactions: Hex[] } }
  expected: { encoding: Hex }
}

describe.skipIf(!fixtureFolder())(`vectors/batch-encoding.json (${FIXTURES_ABSENT} otherwise)`, () => {
  const { vectors } = fixtureFolder()
    ? readFixture<{ vectors: Vector[] }>('vectors/batch-encoding.json')
    : { vectors: [] }
  for (const { name, input, expected } of vectors) {
    it(`[DER-114] [DER-116] ${name}`, () => {
      const { epochNum, transactions, timestamp, ...hashes } = input.batch
      const batch = {
        ...hashes,
        epochNumber: BigInt(epochNum),
        timestamp: BigInt(timestamp),
        transactions: transactions.map(hexToBytes),
      }
      expect(bytesToHex(encodeSingularBatch(batch))).toBe(expected.encoding)
      expect(decodeSingularBatch(hexToBytes(expected.encoding))).toEqual(batch)
    })
  }
})
