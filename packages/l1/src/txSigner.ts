import type { Hex } from '@keelson/protocol'
import { parseSignature } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { TxSigner } from './txApi.ts'

/** A signer that holds its key. The key is in no property of the object, so no log can show it. */
export function privateKeySigner(privateKey: Hex): TxSigner {
  const account = privateKeyToAccount(privateKey)
  return {
    address: account.address.toLowerCase() as Hex,
    async sign(digest) {
      const { r, s, yParity } = parseSignature(await account.sign({ hash: digest }))
      return { r: BigInt(r), s: BigInt(s), yParity: yParity === 1 ? 1 : 0 }
    },
  }
}
