import { bytesToHex, keccak256Hex } from '@keelson/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { DEV_ACCOUNTS, DEV_KEYS, devL1InfoTx, devTx } from '../../testing/devChain.ts'
import { decodeTransaction } from '../transition/transaction.ts'
import { prepareSenders } from './prepareSenders.node.ts'
import { forgetSenders, rememberedSender } from './rememberedSenders.ts'

describe('prepareSenders', () => {
  beforeEach(forgetSenders)

  const batch = (count: number) =>
    Array.from({ length: count }, (_, i) => devTx({ key: DEV_KEYS[i % DEV_KEYS.length]!, nonce: BigInt(i) }))
  const remembered = (transactions: readonly Uint8Array[]) =>
    transactions.map((tx) => rememberedSender(keccak256Hex(tx)))

  it('recovers the senders of many transactions, as decoding does', async () => {
    const transactions = batch(40)
    await prepareSenders(transactions)
    const senders = remembered(transactions)
    expect(senders).toEqual(transactions.map((_, i) => DEV_ACCOUNTS[i % DEV_ACCOUNTS.length]?.toLowerCase()))
    forgetSenders()
    expect(transactions.map((tx) => decodeTransaction(tx).sender)).toEqual(senders)
  })

  it('puts together what is asked for in one turn, also for single transactions', async () => {
    const transactions = batch(20)
    await Promise.all(transactions.map((tx) => prepareSenders([tx])))
    expect(remembered(transactions)).not.toContain(undefined)
  })

  it('leaves a few to whoever decodes them', async () => {
    const transactions = batch(3)
    await prepareSenders(transactions)
    expect(remembered(transactions)).toEqual([undefined, undefined, undefined])
  })

  it('passes over deposits and garbage, which decoding judges', async () => {
    const good = batch(10)
    const unsigned = Uint8Array.from(good[0]!)
    // The last byte is one of s: it is another key's signature, or nobody's.
    unsigned.fill(0xff, -32)
    const garbage = [Uint8Array.of(2, 0xc0), new Uint8Array(0), Uint8Array.of(0xff), unsigned]
    await prepareSenders([devL1InfoTx(1n), ...garbage, ...good])
    expect(remembered(good)).not.toContain(undefined)
    expect(remembered([devL1InfoTx(1n), ...garbage])).toEqual(Array(5).fill(undefined))
    for (const tx of garbage) expect(() => decodeTransaction(tx), bytesToHex(tx)).toThrow()
  })
})
