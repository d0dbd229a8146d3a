import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TEST_CHAIN, testBatch, testTx } from '../../testing/batches.ts'
import { bytesToHex, concatBytes, hexToBytes } from '../bytes.ts'
import type { Address, Hash } from '../primitives.ts'
import { encodeRlp } from '../rlp.ts'
import { ChannelError } from './channelError.ts'
import { encodeBits, encodeUvarint } from './columns.ts'
import { deriveSpanBatch, type SpanBatch } from './derivedSpanBatch.ts'
import type { SingularBatch } from './singularBatch.ts'
import { decodeSpanBatch } from './spanBatch.ts'
import { encodeSpanBatch, SpanBatchBuilder } from './spanBatchBuilder.ts'

const PARENT: Hash = `0x${'12'.repeat(32)}`
const ORIGIN: Hash = `0x${'34'.repeat(32)}`

/** The columns of a span batch, each replaceable by bytes of any kind. */
type Columns = Record<
  | 'relTimestamp'
  | 'l1OriginNum'
  | 'parentCheck'
  | 'l1OriginCheck'
  | 'blockCount'
  | 'originBits'
  | 'blockTxCounts'
  | 'creationBits'
  | 'yParityBits'
  | 'sigs'
  | 'tos'
  | 'datas'
  | 'nonces'
  | 'gases'
  | 'protectedBits',
  Uint8Array
>

const ORDER: readonly (keyof Columns)[] = [
  'relTimestamp',
  'l1OriginNum',
  'parentCheck',
  'l1OriginCheck',
  'blockCount',
  'originBits',
  'blockTxCounts',
  'creationBits',
  'yParityBits',
  'sigs',
  'tos',
  'datas',
  'nonces',
  'gases',
  'protectedBits',
]

const u = (value: number | bigint) => encodeUvarint(BigInt(value))
const none = new Uint8Array(0)

/** One block with one legacy transaction: `[value 1, gasPrice 2, data 0x0304]`, nonce 5, gas 6, r 7, s 8. */
const base: Columns = {
  relTimestamp: u(100),
  l1OriginNum: u(50),
  parentCheck: hexToBytes(PARENT).subarray(0, 20),
  l1OriginCheck: hexToBytes(ORIGIN).subarray(0, 20),
  blockCount: u(1),
  originBits: Uint8Array.of(1),
  blockTxCounts: u(1),
  creationBits: Uint8Array.of(0),
  yParityBits: Uint8Array.of(1),
  sigs: concatBytes(encodeWord(7), encodeWord(8)),
  tos: new Uint8Array(20).fill(0x42),
  datas: encodeRlp([1n, 2n, Uint8Array.of(3, 4)]),
  nonces: u(5),
  gases: u(6),
  protectedBits: Uint8Array.of(1),
}

/** The same span without any transaction. */
const empty: Partial<Columns> = {
  blockTxCounts: u(0),
  creationBits: none,
  yParityBits: none,
  sigs: none,
  tos: none,
  datas: none,
  nonces: none,
  gases: none,
  protectedBits: none,
}

function encodeWord(value: number): Uint8Array {
  const word = new Uint8Array(32)
  word[31] = value
  return word
}

const span = (columns: Partial<Columns> = {}) =>
  concatBytes(Uint8Array.of(1), ...ORDER.map((name) => columns[name] ?? base[name]))

function derive(bytes: Uint8Array, chain = TEST_CHAIN): SpanBatch {
  const batch = deriveSpanBatch(decodeSpanBatch(bytes), chain)
  if (batch instanceof ChannelError) throw batch
  return batch
}

/** `valid`, or code and rule of what is wrong. */
function verdictOf(columns: Partial<Columns>): string {
  try {
    derive(span(columns))
    return 'valid'
  } catch (error) {
    return error instanceof ChannelError ? `${error.fault.code} ${error.fault.data.rule}` : String(error)
  }
}

const blocksOf = (batch: SpanBatch) => Array.from({ length: batch.blockCount }, (_, i) => batch.blockTransactions(i))
const typed = (type: number, ...fields: Parameters<typeof encodeRlp>[0][]) => encodeRlp(fields, type)

describe('span batch prefix and payload', () => {
  it('[DER-118] has rel_timestamp, l1_origin_num, parent_check and l1_origin_check', () => {
    const raw = decodeSpanBatch(span({ relTimestamp: u(2n ** 64n - 1n), l1OriginNum: u(2n ** 63n) }))
    expect(raw.relTimestamp).toBe(2n ** 64n - 1n)
    expect(raw.l1OriginNumber).toBe(2n ** 63n)
    expect(raw.parentCheck).toBe(PARENT.slice(0, 42))
    expect(raw.l1OriginCheck).toBe(ORIGIN.slice(0, 42))
  })

  it('[DER-119] [DER-120] is malformed at every length but its own', () => {
    const bytes = span()
    for (let length = 1; length < bytes.length; length++) {
      expect(() => decodeSpanBatch(bytes.subarray(0, length)), `${length} bytes`).toThrow(ChannelError)
    }
    expect(decodeSpanBatch(bytes).end).toBe(bytes.length)
  })

  it('[DER-120] has its columns in the order of the format', () => {
    const [transactions] = blocksOf(derive(span()))
    const expected = testTx({
      type: 0,
      nonce: 5n,
      maxFee: 2n,
      gas: 6n,
      value: 1n,
      input: Uint8Array.of(3, 4),
      yParity: 1,
      r: 7n,
      s: 8n,
    })
    expect(transactions).toEqual([expected])
  })

  it('[DER-110] ignores bytes after its end', () => {
    expect(derive(concatBytes(span(), Uint8Array.of(1, 2, 3))).txCount).toBe(1)
  })

  it('[DER-121] accepts integers that are longer than they need be', () => {
    expect(verdictOf({ blockCount: Uint8Array.of(0x81, 0), nonces: Uint8Array.of(0x85, 0x80, 0) })).toBe('valid')
    expect(verdictOf({ gases: Uint8Array.of(...Array(9).fill(0xff), 2) })).toBe('badSpanBatch DER-121')
  })

  it('[DER-122] has bitlists without bits above their length', () => {
    expect(verdictOf({ originBits: Uint8Array.of(2) })).toBe('badSpanBatch DER-122')
    expect(verdictOf({ creationBits: Uint8Array.of(2) })).toBe('badSpanBatch DER-122')
    expect(verdictOf({ yParityBits: Uint8Array.of(0x80) })).toBe('badSpanBatch DER-122')
    expect(verdictOf({ protectedBits: Uint8Array.of(3) })).toBe('badSpanBatch DER-122')
  })

  it('[DER-123] [DER-124] [DER-125] tells timestamps from the genesis time, and checks hashes by 20 bytes', () => {
    const batch = derive(
      span({ ...empty, blockCount: u(3), originBits: Uint8Array.of(0), blockTxCounts: concatBytes(u(0), u(0), u(0)) }),
    )
    expect([0, 1, 2].map((i) => batch.blockTimestamp(i))).toEqual([1000n, 1002n, 1004n])
    expect(batch.timestamp).toBe(1000n)
    expect(batch.endEpochNumber).toBe(50n)
    expect(batch.checkParentHash(PARENT)).toBe(true)
    expect(batch.checkParentHash(ORIGIN)).toBe(false)
    expect(batch.checkOriginHash(`${ORIGIN.slice(0, 42)}${'ff'.repeat(12)}` as Hash)).toBe(true)
    expect(batch.checkOriginHash(PARENT)).toBe(false)
  })

  it('[DER-123] wraps timestamps at 64 bits as the specification’s integers do', () => {
    expect(derive(span({ relTimestamp: u(2n ** 64n - 1n) })).timestamp).toBe(899n)
  })

  it('[DER-126] has at least one block and at most 10,000,000', () => {
    expect(verdictOf({ ...empty, blockCount: u(0), originBits: none, blockTxCounts: none })).toBe(
      'badSpanBatch DER-126',
    )
    expect(verdictOf({ blockCount: u(10_000_001) })).toBe('badSpanBatch DER-126')
    expect(verdictOf({ blockCount: u(2n ** 64n - 1n) })).toBe('badSpanBatch DER-126')
    const largest = span({
      ...empty,
      blockCount: u(10_000_000),
      originBits: new Uint8Array(1_250_000),
      blockTxCounts: new Uint8Array(10_000_000),
    })
    expect(decodeSpanBatch(largest).blockCount).toBe(10_000_000)
  })

  it('[DER-127] has at most 10,000,000 transactions, in a block and in all', () => {
    expect(verdictOf({ blockTxCounts: u(10_000_001) })).toBe('badSpanBatch DER-127')
    expect(verdictOf({ blockTxCounts: u(2n ** 64n - 1n) })).toBe('badSpanBatch DER-127')
    const two = { blockCount: u(2), originBits: Uint8Array.of(0) }
    expect(verdictOf({ ...two, blockTxCounts: concatBytes(u(10_000_000), u(1)) })).toBe('badSpanBatch DER-127')
    // The sum is in bounds, so it is the bits that are missing.
    expect(verdictOf({ ...two, blockTxCounts: concatBytes(u(9_999_999), u(1)) })).toBe('badSpanBatch DER-122')
  })

  it('[DER-128] [DER-129] counts origins back from the last block; bit 0 enters into none', () => {
    for (const bit0 of [0, 1] as const) {
      const batch = derive(
        span({
          ...empty,
          blockCount: u(5),
          originBits: encodeBits([bit0, 0, 1, 0, 1]),
          blockTxCounts: new Uint8Array(5),
        }),
      )
      expect([0, 1, 2, 3, 4].map((i) => batch.blockEpochNumber(i))).toEqual([48n, 48n, 49n, 49n, 50n])
    }
  })

  it('[DER-130] begins at the last origin less the bits above bit 0', () => {
    const bits = (...values: (0 | 1)[]) =>
      derive(span({ ...empty, blockCount: u(3), originBits: encodeBits(values), blockTxCounts: new Uint8Array(3) }))
    expect(bits(1, 1, 1).startEpochNumber).toBe(48n)
    expect(bits(0, 1, 1).startEpochNumber).toBe(48n)
    expect(bits(1, 0, 0).startEpochNumber).toBe(50n)
  })

  it('[DER-130] with more changes than L1 blocks begins at a number that wraps in 64 bits, as no L1 block has it', () => {
    const originBits = encodeBits([0, 1, 1])
    const counts = new Uint8Array(3)
    const batch = derive(span({ ...empty, blockCount: u(3), l1OriginNum: u(1), originBits, blockTxCounts: counts }))
    expect(batch.startEpochNumber).toBe(2n ** 64n - 1n)
    expect([0, 1, 2].map((i) => batch.blockEpochNumber(i))).toEqual([2n ** 64n - 1n, 0n, 1n])
  })

  it('[DER-146] has no transaction bytes when it has no transaction', () => {
    expect(verdictOf(empty)).toBe('valid')
    const batch = derive(span(empty))
    expect(batch.txCount).toBe(0)
    expect(batch.blockTransactions(0)).toEqual([])
    expect(batch.raw.end).toBe(span(empty).length)
  })
})

describe('span batch transactions', () => {
  it('[DER-131] has a creation bit and a parity bit for each transaction of the span', () => {
    expect(verdictOf({ creationBits: none })).not.toBe('valid')
    expect(verdictOf({ yParityBits: none })).not.toBe('valid')
  })

  it('[DER-132] has 64 bytes of signature each; leading zeros of r and s do not go into the transaction', () => {
    expect(verdictOf({ sigs: new Uint8Array(63) })).not.toBe('valid')
    const sigs = concatBytes(new Uint8Array(32), new Uint8Array(32).fill(0xff))
    const [tx] = derive(span({ sigs })).blockTransactions(0)
    expect(tx).toEqual(
      testTx({
        type: 0,
        nonce: 5n,
        maxFee: 2n,
        gas: 6n,
        value: 1n,
        input: Uint8Array.of(3, 4),
        yParity: 1,
        r: 0n,
        s: 2n ** 256n - 1n,
      }),
    )
  })

  it('[DER-133] has recipients only for transactions that create no contract', () => {
    const creation = { creationBits: Uint8Array.of(1), tos: none }
    expect(verdictOf(creation)).toBe('valid')
    expect(derive(span(creation)).blockTransactions(0)).toEqual([
      testTx({
        type: 0,
        nonce: 5n,
        maxFee: 2n,
        gas: 6n,
        to: '0x',
        value: 1n,
        input: Uint8Array.of(3, 4),
        yParity: 1,
        r: 7n,
        s: 8n,
      }),
    ])
  })

  it('[DER-134] has an RLP list as data, after the type byte if there is one', () => {
    expect(verdictOf({ datas: Uint8Array.of(0x82, 1, 2) })).toBe('badSpanBatch DER-134')
    expect(verdictOf({ datas: Uint8Array.of(2, 0x82, 1, 2) })).toBe('badSpanBatch DER-134')
    expect(verdictOf({ datas: Uint8Array.of(0xf8, 10) })).toBe('badSpanBatch DER-134')
    expect(verdictOf({ datas: Uint8Array.of(0xf9, 0, 60) })).toBe('badSpanBatch DER-134')
  })

  it('[DER-135] has value, gas price and data of a legacy transaction', () => {
    expect(verdictOf({ datas: encodeRlp([1n, 2n]) })).toBe('badSpanTransaction DER-135')
    expect(verdictOf({ datas: encodeRlp([1n, 2n, none, none]) })).toBe('badSpanTransaction DER-135')
    expect(verdictOf({ datas: encodeRlp([Uint8Array.of(0, 1), 2n, none]) })).toBe('badSpanTransaction DER-135')
    expect(verdictOf({ datas: encodeRlp([1n, [], none]) })).toBe('badSpanTransaction DER-135')
    expect(verdictOf({ datas: encodeRlp([2n ** 256n, 2n, none]) })).toBe('valid')
  })

  const typedColumns = { protectedBits: none }
  const access = [[`0x${'42'.repeat(20)}`, [PARENT, ORIGIN]]]

  it('[DER-136] has value, gas price, data and access list of a type 1 transaction', () => {
    expect(verdictOf({ ...typedColumns, datas: typed(1, 1n, 2n, none, access) })).toBe('valid')
    expect(verdictOf({ ...typedColumns, datas: typed(1, 1n, 2n, none, none) })).toBe('badSpanTransaction DER-136')
    expect(verdictOf({ ...typedColumns, datas: typed(1, 1n, 2n, none, [[PARENT, []]]) })).toBe(
      'badSpanTransaction DER-136',
    )
    expect(verdictOf({ ...typedColumns, datas: typed(1, 1n, 2n, none, [[`0x${'42'.repeat(20)}`, ['0x01']]]) })).toBe(
      'badSpanTransaction DER-136',
    )
    expect(verdictOf({ ...typedColumns, datas: typed(1, 1n, 2n, none, [[`0x${'42'.repeat(20)}`, [], none]]) })).toBe(
      'badSpanTransaction DER-136',
    )
  })

  it('[DER-137] has value, two fees, data and access list of a type 2 transaction', () => {
    expect(verdictOf({ ...typedColumns, datas: typed(2, 1n, 2n, 3n, none, access) })).toBe('valid')
    expect(verdictOf({ ...typedColumns, datas: typed(2, 1n, 2n, none, access) })).toBe('badSpanTransaction DER-137')
    expect(verdictOf({ ...typedColumns, datas: typed(2, 1n, 2n, 3n, none, access, []) })).toBe(
      'badSpanTransaction DER-137',
    )
  })

  const authorization = [10n, `0x${'42'.repeat(20)}`, 1n, 1n, 2n, 3n]

  it('[DER-138] [BAT-019] has an authorization list besides in a type 4 transaction', () => {
    expect(verdictOf({ ...typedColumns, datas: typed(4, 1n, 2n, 3n, none, access, [authorization]) })).toBe('valid')
    expect(verdictOf({ ...typedColumns, datas: typed(4, 1n, 2n, 3n, none, access) })).toBe('badSpanTransaction DER-138')
    const wrong = [
      [10n, `0x${'42'.repeat(20)}`, 1n, 1n, 2n],
      [10n, `0x${'42'.repeat(20)}`, 1n, 1n, 2n, 3n, 4n],
      [10n, '0x42', 1n, 1n, 2n, 3n],
      [10n, `0x${'42'.repeat(20)}`, 2n ** 64n, 1n, 2n, 3n],
      [10n, `0x${'42'.repeat(20)}`, 1n, 256n, 2n, 3n],
      [2n ** 256n, `0x${'42'.repeat(20)}`, 1n, 1n, 2n, 3n],
    ]
    for (const entry of wrong) {
      expect(verdictOf({ ...typedColumns, datas: typed(4, 1n, 2n, 3n, none, access, [entry]) })).toBe(
        'badSpanTransaction DER-138',
      )
    }
    expect(verdictOf({ ...typedColumns, datas: typed(4, 2n ** 256n, 2n, 3n, none, access, []) })).toBe(
      'badSpanTransaction DER-138',
    )
  })

  it('[DER-139] cannot create a contract with a type 4 transaction', () => {
    const datas = typed(4, 1n, 2n, 3n, none, access, [authorization])
    expect(verdictOf({ ...typedColumns, datas, creationBits: Uint8Array.of(1), tos: none })).toBe(
      'badSpanTransaction DER-139',
    )
  })

  it('[DER-140] has no other transaction types', () => {
    for (const type of [3, 5, 0x7e, 0x7f]) {
      expect(verdictOf({ ...typedColumns, datas: typed(type, 1n, 2n, 3n, none, access) })).toBe(
        'badSpanTransaction DER-140',
      )
    }
    // A type byte 0 counts as legacy for the protected bits, and cannot be rebuilt.
    expect(verdictOf({ datas: typed(0, 1n, 2n, none) })).toBe('badSpanTransaction DER-140')
  })

  it('[DER-141] has at most 10,000,000 bytes of data in one transaction', () => {
    const listOf = (length: number) => encodeRlp([1n, 2n, new Uint8Array(length - 10)])
    expect(listOf(10_000_000)).toHaveLength(10_000_000)
    expect(verdictOf({ datas: listOf(10_000_000) })).toBe('valid')
    expect(verdictOf({ datas: listOf(10_000_001) })).toBe('badSpanBatch DER-141')
  })

  it('[DER-142] has nonces and gas limits of 64 bits', () => {
    const largest = 2n ** 64n - 1n
    for (const value of [0n, 1n, 127n, 128n, 255n, 256n, 65_535n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 40n, largest]) {
      expect(derive(span({ nonces: u(value), gases: u(largest - value) })).blockTransactions(0)).toEqual([
        testTx({
          type: 0,
          nonce: value,
          maxFee: 2n,
          gas: largest - value,
          value: 1n,
          input: Uint8Array.of(3, 4),
          yParity: 1,
          r: 7n,
          s: 8n,
        }),
      ])
    }
  })

  it('[DER-143] [DER-144] has protected bits for legacy transactions only, in their order', () => {
    const transactions = [
      testTx({ type: 0, isProtected: false, yParity: 1 }),
      testTx({ type: 2, yParity: 1 }),
      testTx({ type: 0, isProtected: true, yParity: 1 }),
      testTx({ type: 1, yParity: 0 }),
      testTx({ type: 0, isProtected: false, yParity: 0 }),
    ]
    const raw = decodeSpanBatch(encodeSpanBatch([testBatch({ transactions })], TEST_CHAIN, 1n))
    expect(raw.txs.protectedBits).toEqual({ bytes: Uint8Array.of(0b010), length: 3 })
    expect(derive(encodeSpanBatch([testBatch({ transactions })], TEST_CHAIN, 1n)).blockTransactions(0)).toEqual(
      transactions,
    )
  })

  it('[DER-144] takes the chain id of the L2 chain, also a large one', () => {
    const l2ChainId = 2n ** 63n + 5n
    const chain = { ...TEST_CHAIN, l2ChainId }
    const transactions = ([0, 1, 2, 4] as const).flatMap((type) => [
      testTx({ type, chainId: l2ChainId, yParity: 0 }),
      testTx({ type, chainId: l2ChainId, yParity: 1 }),
    ])
    expect(derive(encodeSpanBatch([testBatch({ transactions })], chain, 0n), chain).blockTransactions(0)).toEqual(
      transactions,
    )
  })

  it('tells the types of a block without rebuilding anything', () => {
    const blocks = [
      testBatch({ transactions: [testTx({ type: 4 })] }),
      testBatch({ timestamp: 1_002n, transactions: [testTx(), testTx({ type: 0 })] }),
    ]
    const batch = derive(encodeSpanBatch(blocks, TEST_CHAIN, 0n))
    expect([...batch.blockTxTypes(0)]).toEqual([4])
    expect([...batch.blockTxTypes(1)]).toEqual([2, 0])
  })
})

describe('span batch builder', () => {
  const second = testBatch({ timestamp: 1_002n, epochNumber: 101n, epochHash: ORIGIN })

  it('[BAT-017] writes parent_check, l1_origin_check and origin bits from real hashes and numbers', () => {
    const raw = decodeSpanBatch(encodeSpanBatch([testBatch({ parentHash: PARENT }), second], TEST_CHAIN, 4n))
    expect(raw.parentCheck).toBe(PARENT.slice(0, 42))
    expect(raw.l1OriginCheck).toBe(ORIGIN.slice(0, 42))
    expect(raw.l1OriginNumber).toBe(101n)
    expect(raw.originBits).toEqual({ bytes: Uint8Array.of(0b10), length: 2 })
    const first = decodeSpanBatch(encodeSpanBatch([testBatch()], TEST_CHAIN, 0n))
    expect(first.originBits).toEqual({ bytes: Uint8Array.of(1), length: 1 })
  })

  const refused = (blocks: SingularBatch[]) => {
    try {
      encodeSpanBatch(blocks, TEST_CHAIN, 1n)
      return 'written'
    } catch (error) {
      return error instanceof ChannelError ? error.fault.data.rule : String(error)
    }
  }

  it('[BAT-016] refuses blocks that are not consecutive and transactions of another chain', () => {
    expect(refused([testBatch(), testBatch({ timestamp: 1_004n })])).toBe('BAT-016')
    expect(refused([testBatch(), testBatch({ timestamp: 1_002n, epochNumber: 102n })])).toBe('BAT-017')
    expect(refused([testBatch({ transactions: [testTx({ chainId: 11n })] })])).toBe('BAT-016')
    expect(refused([testBatch({ transactions: [testTx({ type: 0, chainId: 11n })] })])).toBe('BAT-016')
    expect(refused([])).toBe('BAT-017')
  })

  it('refuses deposits, blob transactions and bytes that are no transaction', () => {
    for (const tx of [
      Uint8Array.of(0x7e, 0xc0),
      Uint8Array.of(3, 0xc0),
      none,
      Uint8Array.of(2, 0xc0),
      Uint8Array.of(0x80),
    ]) {
      expect(refused([testBatch({ transactions: [tx] })])).toMatch(/^(DER|BAT)-/)
    }
  })

  it('stays as it was when a block is refused, and can take the last one out', () => {
    const builder = new SpanBatchBuilder(TEST_CHAIN)
    builder.append(testBatch({ transactions: [testTx()] }), 0n)
    const one = builder.encode()
    expect(() =>
      builder.append(testBatch({ timestamp: 1_002n, transactions: [testTx(), Uint8Array.of(3)] }), 1n),
    ).toThrow()
    expect(builder.encode()).toEqual(one)
    builder.append(testBatch({ timestamp: 1_002n, epochNumber: 101n, transactions: [testTx({ type: 0 })] }), 0n)
    expect(builder.blockCount).toBe(2)
    builder.removeLast()
    expect(builder.encode()).toEqual(one)
    expect(builder.byteLength - one.length).toBeGreaterThanOrEqual(0)
    expect(builder.byteLength - one.length).toBeLessThanOrEqual(30)
  })
})

const hex = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(bytesToHex)
const quantity = (bits: number) =>
  fc
    .tuple(fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }), fc.integer({ min: 0, max: bits }))
    .map(([n, s]) => n >> BigInt(s))
const address = hex(20) as fc.Arbitrary<Address>
const hash = hex(32) as fc.Arbitrary<Hash>
const word = quantity(256)

/** Transactions of every type that a span batch can hold, for chain 10. */
const transactions = fc
  .record({
    type: fc.constantFrom<0 | 1 | 2 | 4>(0, 1, 2, 4),
    nonce: quantity(64),
    tip: word,
    maxFee: word,
    gas: quantity(64),
    to: fc.oneof(address, fc.constant('0x' as const)),
    value: word,
    input: fc.uint8Array({ maxLength: 120 }),
    accessList: fc.array(fc.tuple(address, fc.array(hash, { maxLength: 3 })), { maxLength: 3 }),
    authorizations: fc.array(fc.tuple(word, address, quantity(64), quantity(8), word, word), { maxLength: 2 }),
    isProtected: fc.boolean(),
    yParity: fc.constantFrom<0 | 1>(0, 1),
    r: word,
    s: word,
  })
  .map((fields) => testTx(fields.type === 4 && fields.to === '0x' ? { ...fields, to: `0x${'01'.repeat(20)}` } : fields))

const blocks = fc
  .array(fc.tuple(fc.array(transactions, { maxLength: 5 }), fc.boolean()), { minLength: 1, maxLength: 12 })
  .map((list) => {
    let epochNumber = 100n
    return list.map(([txs, newOrigin], i) => {
      if (newOrigin && i > 0) epochNumber++
      return testBatch({ timestamp: 1_000n + 2n * BigInt(i), epochNumber, transactions: txs })
    })
  })

describe('span batch, both ways', () => {
  it('[DER-145] [DER-137] [DER-138] gives every block, origin and transaction back, byte by byte', () => {
    fc.assert(
      fc.property(blocks, quantity(3), (list, sequenceNumber) => {
        const bytes = encodeSpanBatch(list, TEST_CHAIN, sequenceNumber)
        const batch = derive(bytes)
        expect(blocksOf(batch)).toEqual(list.map((block) => block.transactions))
        expect(list.map((_, i) => batch.blockEpochNumber(i))).toEqual(list.map((block) => block.epochNumber))
        expect(list.map((_, i) => batch.blockTimestamp(i))).toEqual(list.map((block) => block.timestamp))
        expect(batch.startEpochNumber).toBe(list[0]?.epochNumber)
        expect(batch.raw.end).toBe(bytes.length)
      }),
      { numRuns: 200 },
    )
  })

  it('never throws anything but its own error, whatever the bytes', () => {
    fc.assert(
      fc.property(
        blocks,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        (list, changes) => {
          const bytes = encodeSpanBatch(list, TEST_CHAIN, 0n)
          for (const [at, value] of changes) bytes[1 + (at % (bytes.length - 1))] = value
          try {
            const batch = deriveSpanBatch(decodeSpanBatch(bytes), TEST_CHAIN)
            if (!(batch instanceof ChannelError)) blocksOf(batch)
          } catch (error) {
            expect(error).toBeInstanceOf(ChannelError)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
