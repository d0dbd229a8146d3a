import { type PayloadAttributes, privateKeyToAddress } from '@keelson/protocol'
import { testAddress, testTx } from '@keelson/protocol/testing'

/** The key that signs the batcher's blob transactions. */
export const BATCHER_KEY = new Uint8Array(32).fill(7)
/** The batcher at genesis. */
export const BATCHER = privateKeyToAddress(BATCHER_KEY)
/** Another account, to which a config update may give the batcher's role. */
export const OTHER_BATCHER = testAddress(0xb2)

/** Transactions with this last byte are refused by the engine. */
const POISON = 0xee
export const isValidInHistories = (attributes: PayloadAttributes): boolean =>
  !attributes.transactions.some((tx) => tx[0] !== 0x7e && tx.at(-1) === POISON)

/** A sequenced transaction; `isPoisoned`: the engine refuses it. */
export function sequencedTx(nonce: number, type: 0 | 1 | 2 | 4, isPoisoned = false): Uint8Array {
  const authorizations = [[1n, testAddress(9), 1n, 0n, 3n, 4n] as const]
  const s = 0x1000n + (isPoisoned ? BigInt(POISON) : 0x11n)
  const to = nonce % 5 === 0 && type !== 4 ? '0x' : testAddress(nonce % 200)
  const fields = { type, chainId: 901n, nonce: BigInt(nonce), isProtected: nonce % 3 !== 0, to, s } as const
  return testTx(type === 4 ? { ...fields, authorizations } : fields)
}
