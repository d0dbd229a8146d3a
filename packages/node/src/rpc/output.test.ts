import {
  type AccountProof,
  bytesToHex,
  concatBytes,
  EMPTY_TRIE_ROOT,
  type ExecutionClient,
  encodeRlp,
  hexToBytes,
  keccak256,
  keccak256Hex,
  outputRoot,
  PREDEPLOYS,
  type SyncStatus,
} from '@keelson/protocol'
import { forksUpTo, testEnvelope, testHash, testRollupConfig } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { outputAtBlock } from './output.ts'

/** The message passer as the only account of a state. */
const STORAGE_ROOT = testHash(0x5a)
const CODE_HASH = testHash(0xc0)
const leaf = encodeRlp([
  concatBytes(Uint8Array.of(0x20), keccak256(hexToBytes(PREDEPLOYS.l2ToL1MessagePasser))),
  encodeRlp([1n, 0n, STORAGE_ROOT, CODE_HASH]),
])
const proof: AccountProof = {
  address: PREDEPLOYS.l2ToL1MessagePasser,
  balance: 0n,
  nonce: 1n,
  codeHash: CODE_HASH,
  storageHash: STORAGE_ROOT,
  accountProof: [bytesToHex(leaf)],
  storageProof: [],
}
const engine = { getProof: async () => proof } as unknown as ExecutionClient

const blockOf = (fork: 'regolith' | 'canyon' | 'ecotone' | 'holocene' | 'isthmus') => {
  const config = testRollupConfig({ forks: forksUpTo(fork) })
  const { executionPayload, ...rest } = testEnvelope({ config })
  const withdrawalsRoot = fork === 'isthmus' ? testHash(0x4d) : EMPTY_TRIE_ROOT
  const payload = { ...executionPayload, stateRoot: keccak256Hex(leaf), withdrawalsRoot, blockHash: testHash(0xb1) }
  return { config, envelope: { ...rest, executionPayload: payload } }
}
const status = {} as SyncStatus

describe('an output', () => {
  it.each(['regolith', 'canyon', 'ecotone', 'holocene'] as const)(
    "[PRO-005] has the message passer's storage root of the state, never of the header, in %s",
    async (fork) => {
      const { config, envelope } = blockOf(fork)
      const output = await outputAtBlock({ config, engine, fromState: false }, envelope, status)
      const { stateRoot, blockHash } = envelope.executionPayload
      expect(output.withdrawalStorageRoot).toBe(STORAGE_ROOT)
      expect(output.outputRoot).toBe(outputRoot({ stateRoot, messagePasserStorageRoot: STORAGE_ROOT, blockHash }))
    },
  )

  it("[PRO-005] has the header's from Isthmus", async () => {
    const { config, envelope } = blockOf('isthmus')
    const output = await outputAtBlock({ config, engine, fromState: false }, envelope, status)
    expect(output.withdrawalStorageRoot).toBe(testHash(0x4d))
    expect((await outputAtBlock({ config, engine, fromState: true }, envelope, status)).withdrawalStorageRoot).toBe(
      STORAGE_ROOT,
    )
  })

  it('[PRO-005] is not made from a proof that does not lead to the state root', async () => {
    const { config, envelope } = blockOf('canyon')
    const lying = { getProof: async () => ({ ...proof, storageHash: testHash(0x66) }) } as unknown as ExecutionClient
    await expect(outputAtBlock({ config, engine: lying, fromState: false }, envelope, status)).rejects.toThrow()
  })
})
