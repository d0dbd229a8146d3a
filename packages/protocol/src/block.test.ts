import { describe, expect, it } from 'vitest'
import { forksUpTo, testEnvelope, testRollupConfig, testTx } from '../testing/index.ts'
import { decodeBlock, encodeBlock } from './block.ts'
import { concatBytes } from './bytes.ts'
import { encodeHeader, headerHash } from './header.ts'
import { blockHeaderOf } from './payloadHeader.ts'
import { decodeRlp, encodeRlp, type RlpItem } from './rlp.ts'

const blockAt = (fork: Parameters<typeof forksUpTo>[0]) => {
  const transactions = ([0, 1, 2, 4] as const).map((type) => testTx({ type, input: Uint8Array.of(1, 2, 3) }))
  const envelope = testEnvelope({ config: testRollupConfig({ forks: forksUpTo(fork) }), transactions })
  return { header: blockHeaderOf(envelope), transactions: envelope.executionPayload.transactions }
}

describe('the RLP of a block', () => {
  it.each(['regolith', 'canyon', 'ecotone', 'isthmus', 'jovian'] as const)('is read back whole (%s)', (fork) => {
    const block = blockAt(fork)
    expect(decodeBlock(encodeBlock(block))).toEqual({ ...block, hash: headerHash(block.header) })
  })

  it('holds legacy transactions as lists, typed ones as strings, and withdrawals from Canyon on', () => {
    const parts = (fork: 'regolith' | 'canyon') => decodeRlp(encodeBlock(blockAt(fork))) as RlpItem[]
    const [header, transactions, ommers] = parts('regolith') as [RlpItem, RlpItem[], RlpItem]
    expect(encodeRlp(header)).toEqual(encodeHeader(blockAt('regolith').header))
    // The deposit comes first.
    expect(transactions.map((tx) => (tx instanceof Uint8Array ? tx[0] : 'list'))).toEqual([0x7e, 'list', 1, 2, 4])
    expect(ommers).toEqual([])
    expect(parts('regolith')).toHaveLength(3)
    expect(parts('canyon')[3]).toEqual([])
  })

  it('passes over the ommers and withdrawals of an L1 block', () => {
    const { header, transactions } = blockAt('canyon')
    const list = encodeRlp(transactions.map((tx) => ((tx[0] as number) >= 0xc0 ? decodeRlp(tx) : tx)))
    const rest = [encodeRlp([[new Uint8Array(3)]]), encodeRlp([[1n, 2n, new Uint8Array(20), 3n]])]
    const content = concatBytes(encodeHeader(header), list, ...rest)
    const length = Uint8Array.of(content.length >> 8, content.length & 0xff)
    expect(decodeBlock(concatBytes(Uint8Array.of(0xf9), length, content))).toMatchObject({ header, transactions })
  })

  it('is refused when the transactions are not those of the header', () => {
    const { header, transactions } = blockAt('ecotone')
    expect(() => decodeBlock(encodeBlock({ header, transactions: transactions.slice(1) }))).toThrow(
      /transactions hash to 0x[0-9a-f]{64}, the header says/,
    )
  })

  it('is refused with bytes behind it, and when cut short', () => {
    const bytes = encodeBlock(blockAt('jovian'))
    expect(() => decodeBlock(concatBytes(bytes, Uint8Array.of(0)))).toThrow('1 bytes after the end')
    expect(() => decodeBlock(bytes.subarray(0, -1))).toThrow('bytes needed')
  })
})
