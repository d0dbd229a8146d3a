import {
  type Address,
  type ExecutionPayloadEnvelope,
  encodePayloadSsz,
  type ForkSchedule,
  hexToBytes,
  type RollupConfig,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@keelson/protocol'
import { ManualClock } from '@keelson/service/testing'
import { describe, expect, it } from 'vitest'
import { GRANITE, signedBody, TEST_SIGNER, testBlock, testConfig, testMessage } from '../testing/index.ts'
import { createLocalSigner } from './blockSigner.ts'
import { type BlockValidatorParts, createBlockValidator } from './blockValidator.ts'
import { findFieldFault } from './payloadRules.ts'
import { encodeSnappy, MAX_GOSSIP_SIZE } from './snappyBlock.ts'
import type { BlockVersion } from './topics.ts'
import { createUnsafeSigner, SIGNER_GRACE_MS } from './unsafeSigner.ts'

const BEDROCK: ForkSchedule = { regolith: 0n }
const CANYON: ForkSchedule = { regolith: 0n, canyon: 0n, delta: 0n }
const ISTHMUS: ForkSchedule = { ...GRANITE, holocene: 0n, isthmus: 0n }
const JOVIAN: ForkSchedule = { ...ISTHMUS, jovian: 0n }
const FORKS: [BlockVersion, ForkSchedule][] = [
  [0, BEDROCK],
  [1, CANYON],
  [2, GRANITE],
  [3, ISTHMUS],
]
const GENESIS_TIME = 1_700_000_000n
const BLOCK_TIME = 1_700_000_002n

function validator(
  version: BlockVersion = 2,
  forks: ForkSchedule = GRANITE,
  parts: Partial<BlockValidatorParts> & { signerAddress?: () => Address | null; nowSeconds?: bigint } = {},
) {
  const config: RollupConfig = testConfig(forks, GENESIS_TIME)
  const clock = new ManualClock(Number(parts.nowSeconds ?? BLOCK_TIME) * 1000)
  const signer = createUnsafeSigner(parts.signerAddress ?? (() => TEST_SIGNER.address), () => clock.now())
  return { config, clock, judge: createBlockValidator({ config, version, signer, clock, ...parts }) }
}

describe('block validation', () => {
  it('[P2P-041] [P2P-080] accepts a good block of each version and delivers its payload', async () => {
    for (const [version, forks] of FORKS) {
      const { config, judge } = validator(version, forks)
      const block = testBlock({ config })
      expect(judge(await testMessage(block))).toEqual({ verdict: 'accept', reason: 'valid', envelope: block })
    }
  })

  it('[P2P-061] rejects bad compression', async () => {
    const { judge } = validator()
    const good = await testMessage(testBlock())
    expect(judge(Uint8Array.of())).toEqual({ verdict: 'reject', reason: 'badSnappyLength' })
    expect(judge(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toEqual({
      verdict: 'reject',
      reason: 'badSnappyLength',
    })
    expect(judge(good.subarray(0, good.length - 5))).toEqual({ verdict: 'reject', reason: 'badSnappy' })
  })

  it('[P2P-025] rejects content that would decompress to more than 10 MiB', () => {
    const { judge } = validator()
    expect(judge(encodeSnappy(new Uint8Array(MAX_GOSSIP_SIZE + 1)))).toEqual({ verdict: 'reject', reason: 'tooLarge' })
  })

  it('[P2P-026] rejects content under 66 bytes', () => {
    const { judge } = validator()
    expect(judge(encodeSnappy(new Uint8Array(65)))).toEqual({ verdict: 'reject', reason: 'tooSmall' })
    expect(judge(encodeSnappy(new Uint8Array(66))).reason).not.toBe('tooSmall')
  })

  it('[P2P-062] rejects a signed payload that does not decode', async () => {
    const { judge } = validator()
    const body = encodePayloadSsz(testBlock())
    expect(judge(encodeSnappy(await signedBody(body.subarray(0, body.length - 600))))).toMatchObject({
      reason: 'badEncoding',
    })
    expect(judge(encodeSnappy(await signedBody(new Uint8Array(700))))).toEqual({
      verdict: 'reject',
      reason: 'badEncoding',
    })
  })

  it('[P2P-063] rejects a block more than 60 s old, takes one of exactly 60 s', async () => {
    const message = await testMessage(testBlock())
    expect(validator(2, GRANITE, { nowSeconds: BLOCK_TIME + 60n }).judge(message).verdict).toBe('accept')
    expect(validator(2, GRANITE, { nowSeconds: BLOCK_TIME + 61n }).judge(message)).toEqual({
      verdict: 'reject',
      reason: 'tooOld',
    })
    expect(validator(2, GRANITE, { nowSeconds: BLOCK_TIME + 61n, maxAgeSeconds: 100n }).judge(message).verdict).toBe(
      'accept',
    )
  })

  it('[P2P-064] rejects a block more than 5 s ahead, takes one of exactly 5 s', async () => {
    const message = await testMessage(testBlock())
    expect(validator(2, GRANITE, { nowSeconds: BLOCK_TIME - 5n }).judge(message).verdict).toBe('accept')
    expect(validator(2, GRANITE, { nowSeconds: BLOCK_TIME - 6n }).judge(message)).toEqual({
      verdict: 'reject',
      reason: 'tooNew',
    })
  })

  it('[P2P-065] rejects a block whose hash is not that of its header, in every version', async () => {
    for (const [version, forks] of FORKS) {
      const { config, judge } = validator(version, forks)
      const message = await testMessage(testBlock({ config, overrides: { blockHash: `0x${'ab'.repeat(32)}` } }))
      expect(judge(message)).toEqual({ verdict: 'reject', reason: 'badBlockHash' })
    }
  })

  it('[P2P-067] rejects withdrawals that are not empty from Canyon on', async () => {
    const withdrawals = [{ index: 0n, validatorIndex: 0n, address: ZERO_ADDRESS, amount: 1n }]
    for (const [version, forks] of FORKS.slice(1, 3)) {
      const { config, judge } = validator(version, forks)
      const message = await testMessage(testBlock({ config, overrides: { withdrawals } }))
      expect(judge(message)).toEqual({ verdict: 'reject', reason: 'withdrawalsNotEmpty' })
    }
  })

  it('[P2P-071] rejects blob gas used before Jovian', async () => {
    for (const [version, forks] of FORKS.slice(2)) {
      const { config, judge } = validator(version, forks)
      const message = await testMessage(testBlock({ config, overrides: { blobGasUsed: 1n } }))
      expect(judge(message)).toEqual({ verdict: 'reject', reason: 'blobGasUsedNotZero' })
    }
  })

  it('[P2P-072] takes blob gas used from Jovian on: it is the DA footprint', async () => {
    const { config, judge } = validator(3, JOVIAN)
    expect(judge(await testMessage(testBlock({ config, overrides: { blobGasUsed: 123n } }))).verdict).toBe('accept')
  })

  it('[P2P-073] rejects excess blob gas, Jovian too', async () => {
    for (const [version, forks] of [...FORKS.slice(2), [3, JOVIAN]] as typeof FORKS) {
      const { config, judge } = validator(version, forks)
      const message = await testMessage(testBlock({ config, overrides: { excessBlobGas: 1n } }))
      expect(judge(message)).toEqual({ verdict: 'reject', reason: 'excessBlobGasNotZero' })
    }
  })

  it('[P2P-077] takes six different blocks of a height and rejects the seventh', async () => {
    const { judge } = validator()
    const at = (i: number) => testMessage(testBlock({ overrides: { gasUsed: BigInt(i) } }))
    for (let i = 0; i < 6; i++) expect(judge(await at(i)).verdict).toBe('accept')
    expect(judge(await at(6))).toEqual({ verdict: 'reject', reason: 'tooManyAtHeight' })
    // The count is looked at before the hash: even a known block is rejected there.
    expect(judge(await at(0))).toEqual({ verdict: 'reject', reason: 'tooManyAtHeight' })
    expect(judge(await testMessage(testBlock({ number: 2n }))).verdict).toBe('accept')
  })

  it('[P2P-078] ignores a block that it has seen', async () => {
    const { judge } = validator()
    const message = await testMessage(testBlock())
    expect(judge(message).verdict).toBe('accept')
    expect(judge(message)).toEqual({ verdict: 'ignore', reason: 'alreadySeen' })
  })

  it('[P2P-080] remembers 1000 heights, each topic for itself', async () => {
    const { judge } = validator(2, GRANITE, { maxAgeSeconds: 1_000_000n, nowSeconds: BLOCK_TIME + 2100n })
    const first = await testMessage(testBlock())
    expect(judge(first).verdict).toBe('accept')
    for (let number = 2n; number <= 1000n; number++) judge(await testMessage(testBlock({ number })))
    expect(judge(first).reason).toBe('alreadySeen')
    // Looking at height 1 has made it the newest: two more push out height 2.
    judge(await testMessage(testBlock({ number: 1001n })))
    expect(judge(await testMessage(testBlock({ number: 2n }))).verdict).toBe('accept')
  })

  it('[P2P-079] rejects another signer, before the payload is decoded', async () => {
    const { judge } = validator()
    const stranger = createLocalSigner(new Uint8Array(32).fill(9))
    expect(judge(await testMessage(testBlock(), 901n, stranger))).toEqual({ verdict: 'reject', reason: 'wrongSigner' })
    expect(judge(encodeSnappy(await signedBody(new Uint8Array(700), 901n, stranger)))).toMatchObject({
      reason: 'wrongSigner',
    })
  })

  it('[P2P-056] rejects a signature for another chain', async () => {
    expect(validator().judge(await testMessage(testBlock(), 10n))).toEqual({ verdict: 'reject', reason: 'wrongSigner' })
  })

  it('[P2P-057] rejects when anything after the signature is changed, the beacon root too', async () => {
    const data = await signedBody(encodePayloadSsz(testBlock()))
    for (const at of [65, 96, 97, data.length - 1]) {
      const changed = Uint8Array.from(data)
      changed[at] = (changed[at] as number) ^ 1
      expect(validator().judge(encodeSnappy(changed))).toEqual({ verdict: 'reject', reason: 'wrongSigner' })
    }
  })

  it('[P2P-049] takes y parity 0 and 1 only', async () => {
    const data = await signedBody(encodePayloadSsz(testBlock()))
    for (const parity of [2, 27, 28, 255]) {
      const changed = Uint8Array.from(data)
      changed[64] = parity
      expect(validator().judge(encodeSnappy(changed))).toEqual({ verdict: 'reject', reason: 'wrongSigner' })
    }
  })

  it('[P2P-059] ignores every block while no signer is known', async () => {
    const message = await testMessage(testBlock())
    for (const address of [null, ZERO_ADDRESS]) {
      expect(validator(2, GRANITE, { signerAddress: () => address }).judge(message)).toEqual({
        verdict: 'ignore',
        reason: 'unknownSigner',
      })
    }
  })

  it('[P2P-058] takes the signer as it stands now', async () => {
    let address: Address = ZERO_ADDRESS
    const { judge } = validator(2, GRANITE, { signerAddress: () => address })
    const message = await testMessage(testBlock())
    expect(judge(message).verdict).toBe('ignore')
    address = TEST_SIGNER.address
    expect(judge(message).verdict).toBe('accept')
  })

  it('[P2P-060] takes blocks of the signer before for 3 hours, unless the new one is seen', async () => {
    const next = createLocalSigner(new Uint8Array(32).fill(5))
    let address = TEST_SIGNER.address
    const { judge, clock } = validator(2, GRANITE, { signerAddress: () => address, maxAgeSeconds: 1_000_000n })
    const old = async (number: bigint) => judge(await testMessage(testBlock({ number }))).verdict
    expect(await old(1n)).toBe('accept')
    address = next.address
    expect(await old(2n)).toBe('accept')
    clock.setNow(clock.now() + SIGNER_GRACE_MS)
    expect(await old(3n)).toBe('reject')
  })

  it('[P2P-060] stops taking the signer before when the new one has been seen', async () => {
    const next = createLocalSigner(new Uint8Array(32).fill(5))
    let address = TEST_SIGNER.address
    const { judge } = validator(2, GRANITE, { signerAddress: () => address })
    expect(judge(await testMessage(testBlock({ number: 1n }))).verdict).toBe('accept')
    address = next.address
    expect(judge(await testMessage(testBlock({ number: 2n }), 901n, next)).verdict).toBe('accept')
    expect(judge(await testMessage(testBlock({ number: 3n })))).toEqual({ verdict: 'reject', reason: 'wrongSigner' })
  })

  it('[P2P-081] judges by the topic: a Bedrock block of a later time is taken on the first topic', async () => {
    const { judge } = validator(0, GRANITE)
    const old = testBlock({ config: testConfig(BEDROCK, GENESIS_TIME) })
    expect(judge(await testMessage(old)).verdict).toBe('accept')
  })

  it('[P2P-082] asks no engine: a block on an unknown parent is relayed', async () => {
    const { judge } = validator()
    expect(judge(await testMessage(testBlock({ parentHash: `0x${'99'.repeat(32)}` }))).verdict).toBe('accept')
  })

  it('rejects, and does not throw, when validation itself fails', async () => {
    const { config, clock } = validator()
    const signer = {
      judge: () => {
        throw new Error('broken')
      },
    }
    const judge = createBlockValidator({ config, version: 2, signer, clock })
    expect(judge(await testMessage(testBlock()))).toEqual({ verdict: 'reject', reason: 'crashed' })
  })
})

describe('field rules', () => {
  const config = testConfig(JOVIAN, GENESIS_TIME)
  const check = (
    version: BlockVersion,
    forks: ForkSchedule,
    change: { [K in keyof ExecutionPayloadEnvelope['executionPayload']]?: unknown },
    root?: ExecutionPayloadEnvelope['parentBeaconBlockRoot'] | null,
  ) => {
    const chain = testConfig(forks, GENESIS_TIME)
    const { parentBeaconBlockRoot: _, ...bare } = testBlock({ config: chain })
    const kept = root === undefined ? testBlock({ config: chain }).parentBeaconBlockRoot : root
    const block = kept ? { ...bare, parentBeaconBlockRoot: kept } : bare
    const entries = Object.entries({ ...block.executionPayload, ...change }).filter(([, value]) => value !== undefined)
    const executionPayload = Object.fromEntries(entries) as ExecutionPayloadEnvelope['executionPayload']
    return findFieldFault(chain, version, { ...block, executionPayload })
  }

  it('[P2P-066] V1 must not have withdrawals, not even an empty list', () => {
    expect(check(0, BEDROCK, { withdrawals: [] })).toBe('withdrawalsBeforeCanyon')
  })

  it('[P2P-067] V2 and later must have a list of withdrawals', () => {
    for (const [version, forks] of FORKS.slice(1)) {
      expect(check(version, forks, { withdrawals: undefined })).toBe('withdrawalsMissing')
    }
  })

  it('[P2P-068] V1 and V2 must not have blob gas used', () => {
    expect(check(0, BEDROCK, { blobGasUsed: 0n })).toBe('blobGasUsedBeforeEcotone')
    expect(check(1, CANYON, { blobGasUsed: 0n })).toBe('blobGasUsedBeforeEcotone')
  })

  it('[P2P-069] V1 and V2 must not have excess blob gas', () => {
    expect(check(0, BEDROCK, { excessBlobGas: 0n })).toBe('excessBlobGasBeforeEcotone')
    expect(check(1, CANYON, { excessBlobGas: 0n })).toBe('excessBlobGasBeforeEcotone')
  })

  it('[P2P-070] V1 and V2 must not have a parent beacon block root', () => {
    expect(check(0, BEDROCK, {}, ZERO_HASH)).toBe('beaconRootBeforeEcotone')
    expect(check(1, CANYON, {}, ZERO_HASH)).toBe('beaconRootBeforeEcotone')
  })

  it('[P2P-071] V3 and V4 must have blob gas used, zero before Jovian', () => {
    expect(check(2, GRANITE, { blobGasUsed: undefined })).toBe('blobGasUsedMissing')
    expect(check(3, ISTHMUS, { blobGasUsed: 5n })).toBe('blobGasUsedNotZero')
    expect(findFieldFault(config, 3, testBlock({ config, overrides: { blobGasUsed: 5n } }))).toBeNull()
  })

  it('[P2P-073] V3 and V4 must have excess blob gas of zero', () => {
    expect(check(2, GRANITE, { excessBlobGas: undefined })).toBe('excessBlobGasMissing')
    expect(check(3, ISTHMUS, { excessBlobGas: 5n })).toBe('excessBlobGasNotZero')
  })

  it('[P2P-074] V3 and V4 must have a parent beacon block root', () => {
    expect(check(2, GRANITE, {}, null)).toBe('beaconRootMissing')
    const { parentBeaconBlockRoot: _, ...without } = testBlock({ config })
    expect(findFieldFault(config, 3, without)).toBe('beaconRootMissing')
  })

  it('[P2P-075] V1 to V3 must not have a withdrawals root', () => {
    for (const [version, forks] of FORKS.slice(0, 3)) {
      expect(check(version, forks, { withdrawalsRoot: ZERO_HASH })).toBe('withdrawalsRootBeforeIsthmus')
    }
  })

  it('[P2P-076] V4 must have a withdrawals root', () => {
    expect(check(3, ISTHMUS, { withdrawalsRoot: undefined })).toBe('withdrawalsRootMissing')
  })
})

describe('encoding of a gossiped block', () => {
  it('[P2P-047] [P2P-048] [P2P-050] is signature, beacon root from V3 on, SSZ payload; compressed last', async () => {
    const sizes = { 0: 508, 1: 512, 2: 528, 3: 560 } as const
    for (const [version, forks] of FORKS) {
      const block = testBlock({
        config: testConfig(forks, GENESIS_TIME),
        beaconRoot: version >= 2 ? `0x${'cd'.repeat(32)}` : null,
      })
      const data = await signedBody(encodePayloadSsz(block))
      const tx = block.executionPayload.transactions[0] as Uint8Array
      expect(data.length).toBe(65 + (version >= 2 ? 32 : 0) + sizes[version] + 4 + tx.length)
      if (version >= 2) expect(data.subarray(65, 97)).toEqual(hexToBytes(`0x${'cd'.repeat(32)}`))
    }
  })
})
