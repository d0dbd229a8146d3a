import { type Address, FORKS, type Fork } from '@keelson/protocol'

/**
 * Precompiles that a simulation changed: what runs at an address instead of what is there, by the address that it comes
 * from; `null` where the precompile is gone.
 */
export type PrecompileMoves = ReadonlyMap<Address, Address | null>

/** The last of the precompiles that lie one after the other from 0x01 on. */
const LAST_OF_ROW: readonly (readonly [since: Fork, low: bigint])[] = [
  ['isthmus', 0x11n],
  ['ecotone', 0x0an],
  ['bedrock', 0x09n],
]
const P256_VERIFY = 0x100n

/** Whether a fork has a precompile at an address. */
export function isPrecompile(fork: Fork, address: Address): boolean {
  const isActive = (since: Fork) => FORKS.indexOf(fork) >= FORKS.indexOf(since)
  const number = BigInt(address)
  if (number === P256_VERIFY) return isActive('fjord')
  const [, last] = LAST_OF_ROW.find(([since]) => isActive(since)) as (typeof LAST_OF_ROW)[number]
  return number > 0n && number <= last
}
