import { type Address, ZERO_ADDRESS } from '@keelson/protocol'

/** How long blocks of the signer before are still taken after a change, unless the new one is seen first. */
export const SIGNER_GRACE_MS = 3 * 60 * 60 * 1000

export type SignerVerdict = 'current' | 'previous' | 'unknownSigner' | 'wrongSigner'

/** Knows which account may sign unsafe blocks, through a change of it. */
export interface UnsafeSigner {
  /** `unknownSigner`: none is configured yet, so nothing can be said of the block. */
  judge(signer: Address | null): SignerVerdict
}

/**
 * @param current - the signer in the L1 SystemConfig as last read, `null` or zero while unknown
 * @see specs/protocol/system-config.md#unsafe-block-signer
 */
export function createUnsafeSigner(current: () => Address | null, now: () => number): UnsafeSigner {
  let known: Address | null = null
  let previous: { address: Address; until: number } | null = null
  return {
    judge(signer) {
      const address = current()?.toLowerCase() as Address | undefined
      if (address === undefined || address === ZERO_ADDRESS) return 'unknownSigner'
      if (known !== address) {
        if (known !== null) previous = { address: known, until: now() + SIGNER_GRACE_MS }
        known = address
      }
      if (signer === null) return 'wrongSigner'
      if (signer === known) {
        // The new signer is at work: what the old one still sends is of no use.
        previous = null
        return 'current'
      }
      if (previous && now() >= previous.until) previous = null
      return previous?.address === signer ? 'previous' : 'wrongSigner'
    },
  }
}
