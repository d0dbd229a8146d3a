import {
  type Address,
  bytesToBigint,
  concatBytes,
  encodeBlob,
  encodeDepositTx,
  encodeRlp,
  type Hash,
  keccak256,
  privateKeyToAddress,
  type RlpInput,
  signHash,
} from '@keelson/protocol'
import { testAddress, testSystemConfig } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import {
  drain,
  fakeHash,
  fedStage,
  l1Block,
  l1Ref,
  MemoryL1,
  shown,
  stageConfig,
  testContext,
  withForks,
} from '../../testing/index.ts'
import { l1Retrieval } from './l1Retrieval.ts'
import type { L1Step } from './l1Traversal.ts'

const KEY = new Uint8Array(32).fill(5)
const BATCHER = privateKeyToAddress(KEY)
const STRANGER_KEY = new Uint8Array(32).fill(6)
const granite = stageConfig('granite')
const INBOX = granite.batchInboxAddress
const data = (n: number) => Uint8Array.of(0, n, n)

type Kind = 'unprotected' | 'legacy' | 'accessList' | 'dynamicFee' | 'blob' | 'setCode'

/** A signed L1 transaction. */
function l1Tx(
  kind: Kind,
  input: Uint8Array,
  { to = INBOX, key = KEY, blobs = [] }: { to?: Address | '0x'; key?: Uint8Array; blobs?: readonly Hash[] } = {},
): Uint8Array {
  const sign = (fields: RlpInput[], type?: number) => {
    const signature = signHash(keccak256(type === undefined ? encodeRlp(fields) : encodeRlp(fields, type)), key)
    return [signature[64] as number, bytesToBigint(signature, 0, 32), bytesToBigint(signature, 32, 64)] as const
  }
  const plain: RlpInput[] = [3n, 7n, 21_000n, to, 0n, input]
  if (kind === 'unprotected' || kind === 'legacy') {
    const chainId = kind === 'legacy' ? 900n : null
    const [parity, r, s] = sign(chainId === null ? plain : [...plain, chainId, 0n, 0n])
    return encodeRlp([...plain, BigInt(parity) + (chainId === null ? 27n : chainId * 2n + 35n), r, s])
  }
  const fees: RlpInput[] = kind === 'accessList' ? [7n] : [1n, 7n]
  const fields: RlpInput[] = [900n, 3n, ...fees, 21_000n, to, 0n, input, []]
  if (kind === 'blob') fields.push(9n, [...blobs])
  if (kind === 'setCode') fields.push([])
  const type = { accessList: 1, dynamicFee: 2, blob: 3, setCode: 4 }[kind]
  return encodeRlp([...fields, ...sign(fields, type).map(BigInt)], type)
}

const depositTx = (from: Address, input: Uint8Array) =>
  encodeDepositTx({
    sourceHash: fakeHash('x'),
    from,
    to: INBOX,
    mint: 0n,
    value: 0n,
    gas: 0n,
    isSystemTx: false,
    data: input,
  })

function setUp(transactions: readonly Uint8Array[], { config = granite, batcher = BATCHER, status = true } = {}) {
  const block = l1Block(null, { number: 100n, transactions, receipts: [{ status, logs: [] }] })
  const l1 = new MemoryL1([block])
  const ctx = testContext(config, l1Ref(block))
  const step: L1Step = { block: l1Ref(block), systemConfig: testSystemConfig({ batcherAddress: batcher }) }
  const steps = fedStage(step)
  return { block, l1, ctx, steps, stage: l1Retrieval(ctx, steps, l1, l1) }
}

async function read(transactions: readonly Uint8Array[], options: Parameters<typeof setUp>[1] = {}) {
  const { stage, ctx } = setUp(transactions, options)
  return { payloads: (await drain(stage)).map(({ bytes }) => bytes), verdicts: shown(ctx.verdicts) }
}

describe('batcher transactions', () => {
  it('[DER-029] are those to the batch inbox; a creation never is', async () => {
    const transactions = [
      l1Tx('dynamicFee', data(1)),
      l1Tx('dynamicFee', data(2), { to: testAddress(1) }),
      l1Tx('dynamicFee', data(3), { to: '0x' }),
    ]
    expect(await read(transactions)).toEqual({ payloads: [data(1)], verdicts: ['DER-029 accepted'] })
  })

  it('[DER-030] are sent by the batcher of the system config as of that block', async () => {
    const stranger = l1Tx('dynamicFee', data(2), { key: STRANGER_KEY })
    expect(await read([stranger, l1Tx('dynamicFee', data(1))])).toEqual({
      payloads: [data(1)],
      verdicts: ['DER-030 dropped', 'DER-029 accepted'],
    })
    const { payloads } = await read([stranger], { batcher: privateKeyToAddress(STRANGER_KEY) })
    expect(payloads).toEqual([data(2)])
  })

  it('[DER-032] are of the types 0, 1, 2, 3 and 0x7e, and of no other', async () => {
    const kinds: Kind[] = ['legacy', 'accessList', 'dynamicFee', 'setCode']
    const transactions = [
      ...kinds.map((kind, i) => l1Tx(kind, data(i))),
      concatBytes(Uint8Array.of(0x33), data(9)),
      depositTx(BATCHER, data(5)),
    ]
    const { payloads, verdicts } = await read(transactions)
    expect(payloads).toEqual([data(0), data(1), data(2), data(5)])
    expect(verdicts.filter((v) => v.endsWith('dropped'))).toEqual(['DER-032 dropped'])
  })

  it('[DER-033] carry data also when they reverted on L1', async () => {
    expect((await read([l1Tx('dynamicFee', data(1))], { status: false })).payloads).toEqual([data(1)])
  })

  it('[DER-035] have the sender that the rules of L1 give for their type', async () => {
    const kinds: Kind[] = ['unprotected', 'legacy', 'accessList', 'dynamicFee']
    const { payloads } = await read(kinds.map((kind, i) => l1Tx(kind, data(i))))
    expect(payloads).toEqual([data(0), data(1), data(2), data(3)])
  })

  it('[DER-035] are none when the signature gives no sender', async () => {
    const fields: RlpInput[] = [900n, 3n, 1n, 7n, 21_000n, INBOX, 0n, data(1), []]
    const unsigned = encodeRlp([...fields, 0n, 0n, 1n], 2)
    expect(await read([unsigned])).toEqual({ payloads: [], verdicts: ['DER-035 dropped'] })
  })

  it('[DER-036] of type 0x7e, on an L1 that is a rollup, are sent by their from field', async () => {
    expect((await read([depositTx(BATCHER, data(1)), depositTx(testAddress(3), data(2))])).payloads).toEqual([data(1)])
  })

  it('[DER-045] may be missing: the block yields nothing, without an error', async () => {
    expect(await read([])).toEqual({ payloads: [], verdicts: [] })
  })
})

describe('blobs', () => {
  const hashes = [fakeHash('blob 0'), fakeHash('blob 1'), fakeHash('blob 2')] as const
  const blobTx = (...blobs: Hash[]) => l1Tx('blob', data(99), { blobs })

  it('[DER-037] before Ecotone are no data source: the calldata is read, as op-node does', async () => {
    const { payloads } = await read([blobTx(hashes[0])], { config: stageConfig('delta') })
    expect(payloads).toEqual([data(99)])
  })

  it('[DER-038] are read from the first L1 block whose time is at or after the Ecotone time', async () => {
    const at = withForks(stageConfig('delta'), { ecotone: 1_000n })
    const { stage, l1 } = setUp([blobTx(hashes[0])], { config: at })
    l1.addBlob(hashes[0], encodeBlob(data(1)))
    expect((await drain(stage)).map(({ bytes }) => bytes)).toEqual([data(1)])
    const later = withForks(stageConfig('delta'), { ecotone: 1_001n })
    expect((await read([blobTx(hashes[0])], { config: later })).payloads).toEqual([data(99)])
  })

  it('[DER-034] [DER-039] [DER-040] [DER-057] stand for one payload each, in place, their calldata being ignored', async () => {
    const transactions = [
      l1Tx('dynamicFee', data(10)),
      blobTx(hashes[0], hashes[1]),
      l1Tx('legacy', data(11)),
      blobTx(hashes[2]),
    ]
    const { stage, l1 } = setUp(transactions)
    for (const [i, hash] of hashes.entries()) l1.addBlob(hash, encodeBlob(data(i)))
    const payloads = await drain(stage)
    expect(payloads.map(({ bytes }) => bytes)).toEqual([data(10), data(0), data(1), data(11), data(2)])
  })

  it('[DER-043] are asked for by their place among all blobs of the L1 block', async () => {
    const foreign = l1Tx('blob', data(1), {
      key: STRANGER_KEY,
      to: testAddress(1),
      blobs: [fakeHash('a'), fakeHash('b')],
    })
    const { ctx, block, steps, l1 } = setUp([foreign, blobTx(hashes[0]), foreign, blobTx(hashes[1])])
    const asked: unknown[] = []
    const source = {
      getBlobs: async (_: unknown, wanted: readonly unknown[]) => {
        asked.push(...wanted)
        return wanted.map(() => encodeBlob(data(1)))
      },
    }
    await drain(l1Retrieval(ctx, steps, l1, source))
    expect(block.transactions).toHaveLength(4)
    expect(asked).toEqual([
      { index: 2, hash: hashes[0] },
      { index: 5, hash: hashes[1] },
    ])
  })

  it('[DER-034] [DER-043] of one transaction are asked for one after the other', async () => {
    const foreign = l1Tx('blob', data(1), { key: STRANGER_KEY, to: testAddress(1), blobs: [fakeHash('a')] })
    const { ctx, steps, l1 } = setUp([foreign, blobTx(...hashes), blobTx(hashes[0])])
    const source = {
      getBlobs: async (_: unknown, wanted: readonly { readonly index: number }[]) =>
        wanted.map(({ index }) => encodeBlob(data(index))),
    }
    const payloads = await drain(l1Retrieval(ctx, steps, l1, source))
    const places = hashes.map((_, i) => 1 + i)
    expect(payloads.map(({ blobIndex }) => blobIndex)).toEqual([...places, 1 + hashes.length])
    expect(payloads.map(({ bytes }) => bytes)).toEqual([...places, 1 + hashes.length].map(data))
  })

  it('[DER-044] that no source has are a reset; a failed fetch loses nothing', async () => {
    const { stage, l1 } = setUp([l1Tx('legacy', data(1)), blobTx(hashes[0])])
    await expect(drain(stage)).rejects.toMatchObject({ severity: 'reset', fault: { code: 'blobsMissing' } })
    const failure = new Error('beacon node is down')
    l1.failures.push({ method: 'blobs', error: failure })
    await expect(drain(stage)).rejects.toBe(failure)
    l1.addBlob(hashes[0], encodeBlob(data(2)))
    expect((await drain(stage)).map(({ bytes }) => bytes)).toEqual([data(1), data(2)])
  })

  it('[DER-044] of a block that L1 no longer has are a reset', async () => {
    const { stage, l1, block } = setUp([])
    l1.forget(block.info.hash)
    await expect(drain(stage)).rejects.toMatchObject({ severity: 'reset', fault: { code: 'l1BlockMissing' } })
  })

  it('[DER-056] that are not validly encoded are left out, the others stay', async () => {
    const { stage, l1, ctx } = setUp([blobTx(...hashes)])
    const bad = encodeBlob(data(1))
    bad[1] = 9
    for (const [i, hash] of hashes.entries()) l1.addBlob(hash, i === 1 ? bad : encodeBlob(data(i)))
    expect((await drain(stage)).map(({ bytes }) => bytes)).toEqual([data(0), data(2)])
    expect(shown(ctx.verdicts, 'payload')).toEqual(['DER-056 dropped'])
  })

  it('are a critical error where there is no blob source', async () => {
    const { ctx, steps, l1 } = setUp([blobTx(hashes[0])])
    await expect(drain(l1Retrieval(ctx, steps, l1, undefined))).rejects.toMatchObject({ severity: 'critical' })
  })
})
