import type { TimedFork } from '@keelson/protocol'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '@keelson/protocol/testing'
import type { Address, Hex } from 'viem'
import { describe, expect, it } from 'vitest'
import type { GenesisAccount } from './alloc.ts'
import { createL2Genesis } from './l2Genesis.ts'
import { predeploy } from './predeploys.ts'

const GRANITE: Partial<Record<TimedFork, bigint>> = {
  ...{ regolith: 0n, canyon: 0n, delta: 0n, ecotone: 0n, fjord: 0n, granite: 0n },
}
const JOVIAN = { ...GRANITE, holocene: 0n, isthmus: 0n, jovian: 0n }
const address = (digit: string): Address => `0x${digit.repeat(40)}`
const options = {
  l1ChainId: 900n,
  l2ChainId: 901n,
  l1: { L1CrossDomainMessenger: address('1'), L1StandardBridge: address('2'), L1ERC721Bridge: address('3') },
  admin: address('a'),
  fundedAccounts: [address('b')],
  timestamp: 1000n,
  gasLimit: 60_000_000n,
  forks: JOVIAN,
  eip1559: { elasticity: 6n, denominator: 50n, denominatorCanyon: 250n },
}

describe('L2 genesis', () => {
  it('holds 2,046 proxies and two predeploys without one', async () => {
    const { alloc } = await createL2Genesis(options)
    const predeploys = Object.keys(alloc).filter((key) => key.startsWith('0x42000000000000000000000000000000000'))
    expect(predeploys).toHaveLength(2048)
    expect(alloc[predeploy(0x06)]?.storage).toBeUndefined()
  })

  it('writes extraData as the newest fork has it', async () => {
    const of = async (forks: typeof GRANITE) => (await createL2Genesis({ ...options, forks })).extraData
    expect(await of(GRANITE)).toBe('0x')
    expect(await of({ ...GRANITE, holocene: 0n })).toBe('0x00000000fa00000006')
    expect(await of(JOVIAN)).toBe('0x01000000fa000000060000000000000000')
  })

  it('tells the gas price oracle which forks are active', async () => {
    const of = async (forks: typeof GRANITE) => {
      const { alloc } = await createL2Genesis({ ...options, forks })
      return BigInt(alloc[predeploy(0x0f)]?.storage?.[`0x${'0'.repeat(64)}`] ?? 0)
    }
    expect(await of(GRANITE)).toBe(0x0101n)
    expect(await of(JOVIAN)).toBe(0x01010101n)
  })

  it('refuses a fork whose contracts only its upgrade transactions can make', async () => {
    await expect(createL2Genesis({ ...options, forks: { ...JOVIAN, karst: 0n } })).rejects.toThrow(/--fork karst=\+20s/)
  })
})

/** Implementations that the public chain took from a younger release of the contracts. */
const YOUNGER_CODE = ['07', '10', '11', '12', '15', '19', '1a'].map((number) => `0x${'c0d3'.repeat(9)}00${number}`)
/** At most so many bytes of a code change with a contract's version: its version string and the hash of its source. */
const VERSION_BYTES = 64
/** The account that deployed the public chain's genesis; it is no part of it. */
const DEPLOYER = '0xae0bdc4eeac5e950b67c6819b118761caaf61946'

describe.skipIf(!fixtureFolder())(
  `L2 genesis against a public chain${fixtureFolder() ? '' : ` (${FIXTURES_ABSENT})`}`,
  () => {
    it('equals the genesis of Ink Sepolia in every balance, nonce and storage slot, and in code but for its version', async () => {
      const fixture = readFixture<{ genesis: { alloc: Record<string, GenesisAccount> } }>('genesis/sepolia-ink.json.gz')
      const theirs = new Map(
        Object.entries(fixture.genesis.alloc).map(([key, value]) => [
          `0x${key.toLowerCase().replace(/^0x/, '')}`,
          value,
        ]),
      )
      const slot = (number: number, at: string): Address =>
        `0x${theirs.get(predeploy(number))?.storage?.[`0x${at.padStart(64, '0')}`]?.slice(26)}`
      const { alloc } = await createL2Genesis({
        ...options,
        l1ChainId: 11155111n,
        l2ChainId: 763373n,
        l1: {
          L1CrossDomainMessenger: slot(0x07, 'cf'),
          L1StandardBridge: slot(0x10, '4'),
          L1ERC721Bridge: slot(0x14, '2'),
        },
        admin: address('0'),
        fundedAccounts: [],
        forks: GRANITE,
      })
      theirs.delete(DEPLOYER)
      expect(Object.keys(alloc).sort()).toEqual([...theirs.keys()].sort())
      for (const [key, account] of theirs) {
        const ours = alloc[key as Address] as GenesisAccount
        expect(withoutCode(ours), key).toEqual(withoutCode(account))
        const length = account.code?.length ?? 0
        if (length !== (ours.code?.length ?? 0)) expect(YOUNGER_CODE, key).toContain(key)
        else expect(differingBytes(ours.code, account.code), key).toBeLessThanOrEqual(VERSION_BYTES)
      }
    })
  },
)

function withoutCode(account: GenesisAccount) {
  const storage = Object.entries(account.storage ?? {}).filter(([, value]) => BigInt(value) !== 0n)
  return {
    balance: BigInt(account.balance),
    nonce: BigInt(account.nonce ?? 0),
    storage: storage.sort(([a], [b]) => (a < b ? -1 : 1)),
  }
}

/** Bytes that differ between two codes of one length. */
function differingBytes(a: Hex = '0x', b: Hex = '0x'): number {
  let count = 0
  for (let i = 2; i < a.length; i += 2) if (a.slice(i, i + 2) !== b.slice(i, i + 2)) count += 1
  return count
}
