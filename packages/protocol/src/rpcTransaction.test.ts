import type { TransactionSerializable } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, it } from 'vitest'
import { testHash } from '../testing/index.ts'
import { bytesToHex, hexToBytes } from './bytes.ts'
import { encodeDepositTx } from './depositTx.ts'
import { decodeRpcTransaction, encodeRpcTransaction, type RpcTransaction } from './rpcTransaction.ts'

const account = privateKeyToAccount(testHash(0x46))
const accessList = [{ address: account.address, storageKeys: [testHash(1), testHash(2)] }]
const authorization = await account.signAuthorization({ contractAddress: account.address, chainId: 10, nonce: 3 })
const base = { nonce: 7, gas: 21_000n, to: account.address, value: 5n, data: '0xdeadbeef' } as const
const fees = { chainId: 10, maxFeePerGas: 9n, maxPriorityFeePerGas: 2n } as const

const signed: Record<string, TransactionSerializable> = {
  'legacy without replay protection': { ...base, type: 'legacy', gasPrice: 9n },
  'legacy with replay protection': { ...base, type: 'legacy', gasPrice: 9n, chainId: 11_155_420 },
  'legacy that creates': { nonce: 0, gas: 1n, gasPrice: 0n, type: 'legacy', chainId: 10, data: '0x00' },
  'EIP-2930': { ...base, type: 'eip2930', chainId: 10, gasPrice: 9n, accessList },
  'EIP-1559': { ...base, ...fees, type: 'eip1559', accessList },
  'EIP-1559 with everything zero': { type: 'eip1559', chainId: 10 },
  'EIP-4844': {
    ...base,
    ...fees,
    type: 'eip4844',
    maxFeePerBlobGas: 4n,
    blobVersionedHashes: [`0x01${testHash(1).slice(4)}`, `0x01${testHash(3).slice(4)}`],
  },
  'EIP-7702': { ...base, ...fees, type: 'eip7702', authorizationList: [authorization] },
}
const sign = async (name: string) => hexToBytes(await account.signTransaction(signed[name] as TransactionSerializable))
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
  for (const name of Object.keys(signed)) {
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
