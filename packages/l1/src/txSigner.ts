import type { Address, Hash, Hex } from '@keelson/protocol'
import { parseSignature } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { TxSigner } from './txApi.ts'

/** A signer over one of viem's local accounts. The key is in no property of the object, so no log can show it. */
export function accountSigner(account: {
  readonly address: Address
  sign(request: { hash: Hash }): Promise<Hex>
}): TxSigner {
  return {
    address: account.address.toLowerCase() as Address,
    async sign(digest) {
      const { r, s, yParity } = parseSignature(await account.sign({ hash: digest }))
      return { r: BigInt(r), s: BigInt(s), yParity: yParity === 1 ? 1 : 0 }
    },
  }
}

/** A signer that holds its key. */
export const privateKeySigner = (privateKey: Hex): TxSigner => accountSigner(privateKeyToAccount(privateKey))
