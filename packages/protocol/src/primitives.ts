import type { Address, Hash, Hex } from 'viem'

export type { Address, Hash, Hex }

/** 32 zero bytes: the hash of nothing, used for unknown refs on the wire. */
export const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`

/** 20 zero bytes. */
export const ZERO_ADDRESS: Address = `0x${'00'.repeat(20)}`
