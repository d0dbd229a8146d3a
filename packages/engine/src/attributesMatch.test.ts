import { type ExecutionPayload, encodeExtraData, type PayloadAttributes, ZERO_HASH } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { engineHarness, forksThrough, userTx } from '../testing/index.ts'
import { findAttributesMismatch } from './attributesMatch.ts'

/** The field named when `attributes` or `block` are changed, for a chain with these forks. */
function mismatchAfter(
  last: Parameters<typeof forksThrough>[0],
  change: { attributes?: Partial<PayloadAttributes>; block?: Partial<ExecutionPayload>; root?: `0x${string}` } = {},
): string | null {
  const h = engineHarness({ config: { forks: forksThrough(last) } })
  const derived = h.derivedOn(h.genesisRef, { transactions: [userTx('a')] })
  const built = h.engine.makeBlock(h.genesis.executionPayload, derived.attributes)
  const envelope = {
    ...built,
    ...(change.root ? { parentBeaconBlockRoot: change.root } : {}),
    executionPayload: { ...built.executionPayload, ...change.block },
  }
  const attributes = { ...derived.attributes, ...change.attributes }
  return findAttributesMismatch(h.config, attributes, h.genesisRef.hash, envelope)?.field ?? null
}

describe('comparing attributes with a block', () => {
  for (const fork of ['regolith', 'granite', 'holocene', 'isthmus', 'jovian'] as const) {
    it(`finds nothing in what was built from them (${fork})`, () => expect(mismatchAfter(fork)).toBeNull())
  }

  it('[DER-341] looks at parent, time, randao, recipient, gas limit and every transaction', () => {
    const hash = `0x${'11'.repeat(32)}` as const
    expect(mismatchAfter('regolith', { block: { parentHash: hash } })).toBe('parentHash')
    expect(mismatchAfter('regolith', { block: { timestamp: 1n } })).toBe('timestamp')
    expect(mismatchAfter('regolith', { block: { prevRandao: hash } })).toBe('prevRandao')
    expect(mismatchAfter('regolith', { block: { feeRecipient: `0x${'11'.repeat(20)}` } })).toBe('feeRecipient')
    expect(mismatchAfter('regolith', { block: { gasLimit: 1n } })).toBe('gasLimit')
    expect(mismatchAfter('regolith', { block: { transactions: [] } })).toBe('transactions')
    const { transactions } = engineHarness().derivedOn(engineHarness().genesisRef).attributes
    expect(mismatchAfter('granite', { block: { transactions: [...transactions, userTx('b')] } })).toBe(
      'transactions[1]',
    )
  })

  it('[DER-341] looks at the number of transactions and at each byte string, deposits included', () => {
    const { transactions } = engineHarness().derivedOn(engineHarness().genesisRef, {
      transactions: [userTx('a')],
    }).attributes
    const [deposit, sequenced] = transactions as [Uint8Array, Uint8Array]
    const found = (...list: Uint8Array[]) => mismatchAfter('granite', { block: { transactions: list } })
    expect(found(deposit, sequenced)).toBeNull()
    expect(found(deposit, sequenced, userTx('b'))).toBe('transactions')
    expect(found(deposit)).toBe('transactions')
    expect(found(sequenced, deposit)).toBe('transactions[0]')
    expect(found(deposit.with(-1, 0xff), sequenced)).toBe('transactions[0]')
    expect(found(deposit, sequenced.slice(0, -1))).toBe('transactions[1]')
  })

  it('[DER-342] looks at withdrawals (Canyon)', () => {
    const withdrawal = { index: 0n, validatorIndex: 0n, address: `0x${'11'.repeat(20)}`, amount: 1n } as const
    expect(mismatchAfter('granite', { block: { withdrawals: [withdrawal] } })).toBe('withdrawals')
    expect(mismatchAfter('regolith', { block: { withdrawals: [] } })).toBe('withdrawals')
    expect(mismatchAfter('regolith', { attributes: { withdrawals: [] } })).toBe('withdrawals')
    const attributes = { withdrawals: [withdrawal] }
    expect(mismatchAfter('granite', { attributes, block: { withdrawals: [{ ...withdrawal }] } })).toBeNull()
    const others = [{ index: 1n }, { validatorIndex: 1n }, { address: `0x${'22'.repeat(20)}` as const }, { amount: 2n }]
    for (const other of others) {
      const block = { withdrawals: [{ ...withdrawal, ...other }] }
      expect(mismatchAfter('granite', { attributes, block })).toBe('withdrawals[0]')
    }
  })

  it('[DER-343] looks at the parent beacon block root (Ecotone)', () => {
    expect(mismatchAfter('granite', { root: ZERO_HASH })).toBe('parentBeaconBlockRoot')
  })

  it('[DER-344] looks at the EIP-1559 parameters, zero standing for the chain constants (Holocene)', () => {
    expect(mismatchAfter('granite', { block: { extraData: '0x00' } })).toBe('extraData')
    expect(mismatchAfter('holocene', { block: { extraData: '0x' } })).toBe('extraData')
    const found = (denominator: number, elasticity: number) =>
      mismatchAfter('holocene', { block: { extraData: encodeExtraData({ denominator, elasticity }) } })
    expect(found(250, 6)).toBeNull()
    expect([found(50, 6), found(250, 2), found(50, 2)]).toEqual(['extraData', 'extraData', 'extraData'])
    const explicit = { attributes: { eip1559Params: '0x000000fa00000006' } } as const
    expect(mismatchAfter('holocene', explicit)).toBeNull()
  })

  it('[DER-345] looks at the minimum base fee (Jovian)', () => {
    expect(mismatchAfter('jovian', { attributes: { minBaseFee: 5n } })).toBe('minBaseFee')
  })

  it('[DER-346] wants a withdrawals root from Isthmus on, and before at most the empty one', () => {
    const hash = `0x${'11'.repeat(32)}` as const
    expect(mismatchAfter('granite', { block: { withdrawalsRoot: hash } })).toBe('withdrawalsRoot')
    expect(mismatchAfter('isthmus', { block: { withdrawalsRoot: hash } })).toBeNull()
  })
})
