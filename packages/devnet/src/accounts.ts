import { type HDAccount, mnemonicToAccount } from 'viem/accounts'

/** The mnemonic that anvil and hardhat use: its keys are public, never put value on them. */
export const DEV_MNEMONIC = 'test test test test test test test test test test test junk'

/** How many accounts of {@link DEV_MNEMONIC} are for users; the roles come after them. */
export const DEV_ACCOUNT_COUNT = 10

const ROLES = ['admin', 'batcher', 'proposer', 'sequencer', 'challenger'] as const

/** Who does what on a devnet: `admin` owns the contracts, `sequencer` signs unsafe blocks. */
export type Role = (typeof ROLES)[number]

/** The account at `index` of the dev mnemonic. */
export function devAccount(index: number): HDAccount {
  return mnemonicToAccount(DEV_MNEMONIC, { addressIndex: index })
}

/** The account of a role; none of them is one of the users' accounts, so nonces never clash. */
export function roleAccount(role: Role): HDAccount {
  return devAccount(DEV_ACCOUNT_COUNT + ROLES.indexOf(role))
}

/** How many accounts L1 must fund: users and roles. */
export const FUNDED_ACCOUNT_COUNT = DEV_ACCOUNT_COUNT + ROLES.length

/** The private key of an account of the mnemonic, 32 bytes. */
export function privateKeyOf(account: HDAccount): Uint8Array {
  const { privateKey } = account.getHdKey()
  if (!privateKey) throw new Error(`account ${account.address} has no private key`)
  return privateKey
}
