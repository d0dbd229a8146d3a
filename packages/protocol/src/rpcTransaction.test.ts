import type { TransactionSerializable } from 'viem'
import { describe, expect, it } from 'vitest'
import { testHash } from '../testing/index.ts'
import { account, transactions } from '../testing/transactionsOfAllTypes.ts'
import { bytesToHex, hexToBytes } from './bytes.ts'
import { encodeDepositTx } from './depositTx.ts'
import { decodeRpcTransaction, encodeRpcTransaction, type RpcTransaction } from './rpcTransaction.ts'

const sign = async (name: string) =>
  hexToBytes(await account.signTransaction(transactions[name] as TransactionSerializable))
const deposit = encodeDepositTx({
  sourceHash: testHash(9),
  from: account.address,
  to: null,
  mint: 3n,
  value: 1n,
  gas: 50_000n,
  isSystemTx: true,
  data: Uint8Array.of(1, 2, 3),
})
const overTheWire = (tx: RpcTransaction): RpcTransaction => JSON.parse(JSON.stringify(tx))
const encoded = (tx: RpcTransaction) => bytesToHex(encodeRpcTransaction(tx) ?? new Uint8Array(0))

describe('transactions over RPC', () => {
  for (const name of Object.keys(transactions)) {
    it(`go there and back: ${name}`, async () => {
      const bytes = await sign(name)
      expect(encoded(overTheWire(decodeRpcTransaction(bytes)))).toBe(bytesToHex(bytes))
    })
  }

  it('go there and back: a deposit', () => {
    const json = overTheWire(decodeRpcTransaction(deposit))
    expect(json).toMatchObject({ type: '0x7e', sourceHash: testHash(9), mint: '0x3', isSystemTx: true, to: null })
    expect(encoded(json)).toBe(bytesToHex(deposit))
  })

  it('are read from older nodes, which leave the type of legacy out and give the parity as v', async () => {
    const legacy = await sign('legacy with replay protection')
    const { type: _, ...untyped } = decodeRpcTransaction(legacy)
    expect(encoded(untyped)).toBe(bytesToHex(legacy))
    const typed = await sign('EIP-1559')
    const { yParity: __, ...withV } = decodeRpcTransaction(typed)
    expect(encoded(withV)).toBe(bytesToHex(typed))
  })

  it('are read where members of other types are null', async () => {
    const bytes = await sign('EIP-1559')
    const nulls = { maxFeePerBlobGas: null, blobVersionedHashes: null, authorizationList: null, mint: null }
    expect(encoded({ ...decodeRpcTransaction(bytes), ...nulls })).toBe(bytesToHex(bytes))
  })

  it('of an unknown type are null', async () => {
    expect(encodeRpcTransaction({ ...decodeRpcTransaction(await sign('EIP-1559')), type: '0x65' })).toBeNull()
  })

  it('with a member that is no number are an error', async () => {
    const tx = decodeRpcTransaction(await sign('EIP-1559'))
    expect(() => encodeRpcTransaction({ ...tx, value: '0xzz' })).toThrow()
  })
})
