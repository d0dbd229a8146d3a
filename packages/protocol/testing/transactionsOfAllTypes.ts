import type { TransactionSerializable } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { testHash } from './configs.ts'

export const privateKey = testHash(0x46)
/** Who signs them. */
export const account = privateKeyToAccount(privateKey)
const accessList = [{ address: account.address, storageKeys: [testHash(1), testHash(2)] }]
export const authorization = await account.signAuthorization({
  contractAddress: account.address,
  chainId: 10,
  nonce: 3,
})
const blobHash = (byte: number) => `0x01${testHash(byte).slice(4)}` as const
const base = { nonce: 7, gas: 21_000n, to: account.address, value: 5n, data: '0xdeadbeef' } as const
const fees = { chainId: 10, maxFeePerGas: 9n, maxPriorityFeePerGas: 2n } as const

/** A transaction of every type that accounts can sign, and of the forms that a type has. */
export const transactions: Record<string, TransactionSerializable> = {
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
    blobVersionedHashes: [blobHash(1), blobHash(3)],
  },
  'EIP-7702': { ...base, ...fees, type: 'eip7702', authorizationList: [authorization] },
}
