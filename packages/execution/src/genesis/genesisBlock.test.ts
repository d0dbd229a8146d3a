import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { EMPTY_TRIE_ROOT } from '@keelson/protocol'
import { FIXTURES_ABSENT, fixtureFolder, readFixture, reportExactHash } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { L2_TO_L1_MESSAGE_PASSER } from '../transition/constants.ts'
import { type ChainSpec, chainSpecFromGenesis } from './chainSpec.ts'
import { genesisBlock } from './genesisBlock.ts'
import type { GenesisJson } from './genesisJson.ts'

type GenesisFixture = {
  readonly chainId: number
  readonly hardforks: Record<string, number>
  readonly genesis: GenesisJson
  readonly expected: { readonly hash: string }
}

function specOf({ chainId, hardforks }: GenesisFixture): ChainSpec {
  const forks = Object.entries(hardforks)
    .filter(([key]) => key.endsWith('_time'))
    .map(([key, time]) => [key.slice(0, -'_time'.length), BigInt(time)])
  return {
    chainId: BigInt(chainId),
    forks: { regolith: 0n, ...Object.fromEntries(forks) },
  }
}

const folder = fixtureFolder()
const names = folder ? readdirSync(join(folder, 'genesis')) : []

describe.skipIf(!folder)(`real geneses (${folder ? names.length : FIXTURES_ABSENT})`, () => {
  it.each(names)("[EXE-093] [EXE-175] hashes the genesis of %s to the registry's hash", (name) => {
    const fixture = readFixture<GenesisFixture>(`genesis/${name}`)
    expect(genesisBlock(fixture.genesis, specOf(fixture)).hash).toBe(fixture.expected.hash)
    reportExactHash(`genesis/${name}`)
  })

  it("[EXE-093] puts the message passer's storage root into the header of an Isthmus genesis", () => {
    const { genesis } = readFixture<GenesisFixture>('genesis/sepolia-devnet-2-sepolia-devnet-2.json.gz')
    const { header } = genesisBlock(genesis)
    expect(header.withdrawalsRoot).not.toBe(EMPTY_TRIE_ROOT)
    expect(Object.keys(genesis.alloc).map((key) => key.toLowerCase())).toContain(L2_TO_L1_MESSAGE_PASSER.slice(2))
    expect(chainSpecFromGenesis(genesis).forks.karst).toBe(0n)
  })
})
