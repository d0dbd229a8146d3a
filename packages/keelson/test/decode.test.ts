import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { MemoryL2, type PipelineFixture, recordedPipeline } from '@keelson/derive/testing'
import { createBlobCrypto, createTxManager, privateKeySigner } from '@keelson/l1'
import { ANVIL_KEYS, type Anvil, startAnvil } from '@keelson/l1/testing'
import {
  bytesToHex,
  createChannelOut,
  encodeBatcherTx,
  encodeBlob,
  encodeFrame,
  type Frame,
  type Hash,
  rollupConfigToJson,
} from '@keelson/protocol'
import {
  FIXTURES_ABSENT,
  fixtureFolder,
  forksUpTo,
  readFixture,
  testBatch,
  testChannelId,
  testRollupConfig,
  testTx,
} from '@keelson/protocol/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CommandIo } from '../src/command.ts'
import { decodeCommand } from '../src/commands/decode.ts'
import { derivedVerdicts } from '../src/decode/derivedVerdicts.ts'
import type { DecodeReport } from '../src/decode/report.ts'
import { reportToText } from '../src/decode/text.ts'

/** What the JSON of a value reads back as. */
type Json<T> = T extends bigint
  ? number
  : T extends readonly (infer U)[]
    ? Json<U>[]
    : T extends object
      ? { [K in keyof T]: Json<T[K]> }
      : T

type Expected = {
  frames: object[]
  compression: string
  compressedLength: number
  decompressedLength: number
  batchCount: number
  batches: object[]
  firstL2Block: number
  blobs: { decodedLength: number }[]
  batcherTransactions: { l1Block: number; txIndex: number; frames: object[] }[]
  channels: { decompressedLength: number; batchCount: number; batches: object[] }[]
}
type Fixture = {
  input: { calldata: string; l1Blocks: { number: number; transactions: string[] }[] }
  expected: Expected
}

/** The blocks of the first batch, which is a span. */
function spanBlocks(report: Json<DecodeReport>) {
  const batch = report.channels[0]?.batches[0]
  return batch?.type === 'span' ? batch.blocks : undefined
}

/** Runs the command as a shell would. */
async function run(argv: readonly string[], stdin: Uint8Array | string = '') {
  const stdout: string[] = []
  const stderr: string[] = []
  const io: CommandIo = {
    stdout: { write: (text) => stdout.push(text) },
    stderr: { write: (text) => stderr.push(text) },
    stdin: (async function* () {
      if (stdin.length > 0) yield stdin
    })(),
    env: {},
    signal: new AbortController().signal,
  }
  const code = await decodeCommand.run(argv, io)
  return {
    code,
    stdout: stdout.join(''),
    stderr: stderr.join(''),
    json: () => JSON.parse(stdout.join('')) as Json<DecodeReport>,
  }
}

const config = testRollupConfig({ forks: forksUpTo('jovian') })
const { l2Time, l2 } = config.genesis

/** Frames of a channel with three singular blocks, the first one block after the genesis. */
function channelFrames(id: number, maxFrameSize: number, batchType: 'singular' | 'span' = 'singular'): Frame[] {
  const out = createChannelOut({
    id: testChannelId(id),
    batchType,
    compression: 'zlib',
    chain: config,
    maxRlpBytes: 10_000_000,
    targetBytes: 1_000_000,
  })
  for (let i = 1n; i <= 3n; i++) {
    let state = Number(i)
    const noise = Uint8Array.from({ length: 300 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state >>> 24
    })
    const transactions = [testTx({ chainId: config.l2ChainId, nonce: i, input: noise })]
    out.addBlock(testBatch({ timestamp: l2Time + i * config.blockTime, epochNumber: 0n, transactions }), i)
  }
  return out.frames(maxFrameSize)
}

const payloadHex = (frames: readonly Frame[]) => bytesToHex(encodeBatcherTx(frames))

describe('keelson decode', () => {
  let folder: string
  let rollup: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keelson-decode-'))
    rollup = join(folder, 'rollup.json')
    await writeFile(
      rollup,
      JSON.stringify(rollupConfigToJson(config), (_, value) => (typeof value === 'bigint' ? Number(value) : value)),
    )
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('shows frames, channel, batches, blocks and transactions as a tree', async () => {
    const { code, stdout } = await run(['--rollup.config', rollup, payloadHex(channelFrames(1, 10_000))])
    expect(code).toBe(0)
    expect(stdout).toContain(`frame 0 (last) of channel ${testChannelId(1)}`)
    expect(stdout).toMatch(
      new RegExp(`channel ${testChannelId(1)}: complete, 1 frame, zlib \\d+ → \\d+ bytes, 3 batches`),
    )
    expect(stdout).toContain(`batch 0: singular, block ${l2.number + 1n} at ${l2Time + config.blockTime}`)
    expect(stdout).toMatch(/0x[0-9a-f]{64} type 2 → 0x(42){20} nonce 3 value 1/)
    expect(stdout).toContain('open (DER-148)')
  })

  it('reads hex, files and standard input alike', async () => {
    const hex = payloadHex(channelFrames(1, 10_000))
    const file = join(folder, 'payload')
    const raw = join(folder, 'payload.bin')
    await writeFile(file, `${hex}\n`)
    await writeFile(raw, encodeBatcherTx(channelFrames(1, 10_000)))
    const channels = async (argv: string[], stdin?: Uint8Array | string) =>
      JSON.stringify((await run(['--json', ...argv], stdin)).json().channels)
    const expected = await channels([hex])
    expect(JSON.parse(expected)[0].batchCount).toBe(3)
    for (const argv of [[file], [raw]]) expect(await channels(argv)).toBe(expected)
    expect(await channels(['-'], hex)).toBe(expected)
    expect(await channels([], encodeBatcherTx(channelFrames(1, 10_000)))).toBe(expected)
    expect(await channels([], JSON.stringify({ result: { input: hex } }))).toBe(expected)
  })

  it('puts channels together from several inputs, and shows a partial one as partial', async () => {
    const frames = channelFrames(2, 300)
    expect(frames.length).toBeGreaterThan(3)
    const parts = frames.map((frame) => payloadHex([frame]))
    const whole = (await run(['--json', ...parts])).json()
    expect(whole.channels[0]).toMatchObject({
      state: 'complete',
      frameCount: frames.length,
      missingFrames: [],
      closed: true,
      batchCount: 3,
    })
    const withoutSecondLast = parts.filter((_, i) => i !== parts.length - 2)
    const partial = (await run(['--json', ...withoutSecondLast])).json()
    expect(partial.channels[0]).toMatchObject({
      state: 'partial',
      missingFrames: [frames.length - 2],
      closed: true,
      batchCount: 1,
    })
    const open = await run(parts.slice(0, 2))
    expect(open.stdout).toContain('PARTIAL (the last frame is not there)')
    expect(open.stdout).toContain('cut short')
  })

  it('reads blobs: raw, several in one file, and the JSON of a beacon node', async () => {
    const [first, ...rest] = channelFrames(3, 400)
    const blobs = [encodeBlob(encodeBatcherTx([first as Frame])), encodeBlob(encodeBatcherTx(rest))]
    const file = join(folder, 'blobs.bin')
    await writeFile(file, Buffer.concat(blobs))
    const sidecars = join(folder, 'sidecars.json')
    await writeFile(
      sidecars,
      JSON.stringify({ data: blobs.map((blob, index) => ({ index: String(index), blob: bytesToHex(blob) })) }),
    )
    const modern = join(folder, 'blobs.json')
    await writeFile(modern, JSON.stringify({ data: blobs.map(bytesToHex) }))
    for (const name of [file, sidecars, modern]) {
      const report = (await run(['--json', name])).json()
      expect(report.sources.map(({ kind, length }) => [kind, length])).toEqual([
        ['blob', 131_072],
        ['blob', 131_072],
      ])
      expect(report.channels[0]).toMatchObject({ state: 'complete', batchCount: 3 })
    }
  })

  it('shows a span as far as it tells by itself, and its blocks where the chain is named', async () => {
    const hex = payloadHex(channelFrames(4, 10_000, 'span'))
    const alone = (await run(['--json', hex])).json()
    expect(alone.channels[0]?.batches[0]).toMatchObject({
      type: 'span',
      blockCount: 3,
      blockTxCounts: [1, 1, 1],
      txTypes: { 2: 3 },
    })
    expect(spanBlocks(alone)).toBeUndefined()
    const named = (await run(['--json', '--rollup.config', rollup, hex])).json()
    expect(spanBlocks(named)?.map(({ l2Number }) => l2Number)).toEqual([1, 2, 3].map((i) => Number(l2.number) + i))
  })

  it('says at which byte and by which rule input is wrong', async () => {
    const hex = payloadHex(channelFrames(5, 10_000))
    const cut = await run([hex.slice(0, -2)])
    expect(cut.code).toBe(2)
    expect(cut.stdout).toMatch(/the frame ends in its is_last: \d+ bytes needed, \d+ there \(byte \d+, DER-063\)/)
    const last = await run([`${hex.slice(0, -2)}05`])
    expect(last.stdout).toMatch(/is_last is 5, neither 0 nor 1 \(byte \d+, DER-065\)/)
    expect((await run(['--json', '0x01ff'])).json().sources[0]?.problem).toEqual({
      code: 'unknownPayloadVersion',
      rule: 'DER-060',
      at: 0,
      text: 'unknown version 1 of the batcher payload (byte 0, DER-060)',
    })
    expect(await run(['0x00zz'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"z" at byte 1 is no hex digit'),
    })
    expect(await run(['0x000'])).toMatchObject({ code: 1, stderr: expect.stringContaining('half a byte at byte 1') })
    expect(await run([], '')).toMatchObject({ code: 1, stderr: expect.stringContaining('is empty') })
    expect(await run([], '{"nothing": 1}')).toMatchObject({ code: 1 })
    expect(await run([join(folder, 'absent')])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot read'),
    })
    expect(await run(['--network', 'nowhere', '0x00'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no chain "nowhere"'),
    })
    expect(await run(['--from', '1'])).toMatchObject({ code: 1, stderr: expect.stringContaining('need --l1') })
  })

  it('reads single frames', async () => {
    const file = join(folder, 'frames.json')
    await writeFile(file, JSON.stringify({ frames: channelFrames(6, 400).map(encodeFrame).map(bytesToHex) }))
    expect((await run(['--json', file])).json().channels[0]).toMatchObject({ state: 'complete', batchCount: 3 })
  })

  it('has a help', async () => {
    const { code, stdout } = await run(['--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('--l1.beacon')
  })
})

describe('keelson decode --l1', () => {
  const inbox = config.batchInboxAddress
  const signer = privateKeySigner(ANVIL_KEYS[0])
  const crypto = createBlobCrypto()
  let anvil: Anvil
  let folder: string
  let rollup: string
  let blobTx: Hash
  const hashes: Hash[] = []
  beforeAll(async () => {
    anvil = await startAnvil(['--hardfork', 'prague'])
    folder = await mkdtemp(join(tmpdir(), 'keelson-decode-l1-'))
    rollup = join(folder, 'rollup.json')
    const genesis = {
      ...config.genesis,
      systemConfig: { ...config.genesis.systemConfig, batcherAddress: signer.address },
    }
    await writeFile(
      rollup,
      JSON.stringify(rollupConfigToJson({ ...config, genesis, forks: forksUpTo('jovian') }), (_, value) =>
        typeof value === 'bigint' ? Number(value) : value,
      ),
    )
    const send = async (data: string, to: string = inbox) =>
      anvil.rpc.request<Hash>('eth_sendTransaction', [{ from: signer.address, to, data, gas: '0xf4240' }])
    for (const frame of channelFrames(7, 400)) hashes.push(await send(payloadHex([frame])))
    await send('0x1234')
    await send('0x00', `0x${'77'.repeat(20)}`)
    const manager = createTxManager({
      rpc: anvil.rpc,
      signer,
      chainId: 31_337n,
      crypto,
      numConfirmations: 1,
      receiptQueryIntervalMs: 100,
    })
    blobTx = (await manager.send({ to: inbox, blobs: [encodeBlob(encodeBatcherTx(channelFrames(8, 100_000)))] })).hash
    manager.close()
  })
  afterAll(async () => {
    await crypto.close()
    await anvil.stop()
    await rm(folder, { recursive: true })
  })

  it('[DER-029] [DER-034] reads a range of blocks, in order, and judges what it finds', async () => {
    const to = String(hashes.length + 3)
    const argv = [
      '--l1',
      anvil.url,
      '--l1.beacon',
      anvil.url,
      '--from',
      '1',
      '--to',
      to,
      '--rollup.config',
      rollup,
      '--json',
    ]
    const { json, code } = await run(argv)
    const report = json()
    expect(code).toBe(2)
    expect(report.sources.map(({ kind, l1 }) => [kind, l1?.blockNumber])).toEqual([
      ...hashes.map((_, i) => ['transaction', i + 1]),
      ['transaction', hashes.length + 1],
      ['transaction', hashes.length + 3],
      ['blob', hashes.length + 3],
    ])
    expect(report.sources[0]).toMatchObject({
      l1: { txHash: hashes[0], from: signer.address.toLowerCase() },
      verdict: { rule: 'DER-030' },
    })
    expect(report.sources[hashes.length]).toMatchObject({ verdict: { outcome: 'dropped', rule: 'DER-060' } })
    expect(
      report.channels.map(({ id, state, batchCount, openedAt, includedAt }) => ({
        id,
        state,
        batchCount,
        openedAt,
        includedAt,
      })),
    ).toEqual([
      { id: testChannelId(7), state: 'complete', batchCount: 3, openedAt: 1, includedAt: hashes.length },
      {
        id: testChannelId(8),
        state: 'complete',
        batchCount: 3,
        openedAt: hashes.length + 3,
        includedAt: hashes.length + 3,
      },
    ])
    expect(report.channels[0]?.batches[0]?.verdict).toMatchObject({ outcome: 'open' })
  })

  it('[DER-039] reads a blob transaction by its hash, and says where its data is when there is no beacon node', async () => {
    const named = (await run(['--l1', anvil.url, '--tx', blobTx, '--json'])).json()
    expect(named.sources[0]).toMatchObject({
      problem: { code: 'blobsElsewhere' },
      blobVersionedHashes: [expect.stringMatching(/^0x01/)],
    })
    const whole = (await run(['--l1', anvil.url, '--l1.beacon', anvil.url, '--tx', blobTx, '--json'])).json()
    expect(whole.channels[0]).toMatchObject({ id: testChannelId(8), state: 'complete' })
  })

  it('finds payloads in a range without knowing the chain, and shows a channel cut off as partial', async () => {
    const report = (await run(['--l1', anvil.url, '--from', '1', '--to', '2', '--json'])).json()
    expect(report.sources).toHaveLength(2)
    expect(report.channels[0]).toMatchObject({ id: testChannelId(7), state: 'partial', closed: false })
  })

  it('says what L1 does not have', async () => {
    const none = await run(['--l1', anvil.url, '--tx', `0x${'ab'.repeat(32)}`])
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('no mined transaction') })
    expect(await run(['--l1', anvil.url, '--from', '1000'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no block 1000'),
    })
    expect(await run(['--l1', anvil.url])).toMatchObject({ code: 1, stderr: expect.stringContaining('needs --tx') })
  })
})

describe.skipIf(!fixtureFolder())(`keelson decode, the fixtures (${FIXTURES_ABSENT} otherwise)`, () => {
  const path = (name: string) => join(fixtureFolder() ?? '', 'derivation', name)

  it('[DER-059] [DER-118] prints the frames and batches that the OP Sepolia fixture expects', async () => {
    const name = 'batcher-calldata-op-sepolia-delta-span-84-blocks.json'
    const { input, expected } = readFixture<Fixture>(`derivation/${name}`)
    for (const argv of [[path(name)], ['--network', 'op-sepolia', input.calldata]]) {
      const report = (await run(['--json', ...argv])).json()
      expect(report.sources[0]?.frames).toMatchObject(expected.frames)
      expect(report.channels[0]).toMatchObject({
        compression: expected.compression,
        decompressedLength: expected.decompressedLength,
        batchCount: expected.batchCount,
        batches: expected.batches,
      })
    }
    const named = (await run(['--json', '--network', 'op-sepolia', path(name)])).json()
    expect(spanBlocks(named)?.[0]?.l2Number).toBe(expected.firstL2Block)
  })

  it('[DER-059] does so as the command that is installed at the root of the checkout', async () => {
    const name = 'batcher-calldata-op-sepolia-delta-span-84-blocks.json'
    const bin = resolve(import.meta.dirname, '../../../node_modules/.bin/keelson')
    // What npx does: the pinned Node is found beside the command.
    const env = { ...process.env, PATH: `${dirname(bin)}:${process.env.PATH}` }
    const { stdout } = await promisify(execFile)(bin, ['decode', '--json', path(name)], { env })
    const { expected } = readFixture<Fixture>(`derivation/${name}`)
    const report = JSON.parse(stdout) as Json<DecodeReport>
    expect(report.sources[0]?.frames).toMatchObject(expected.frames)
    expect(report.channels[0]).toMatchObject({ batchCount: expected.batchCount, batches: expected.batches })
  })

  it('[DER-100] [DER-145] prints what the OP Mainnet channel fixture expects', async () => {
    const name = 'channel-op-mainnet-span-143-blocks.json.gz'
    const { expected } = readFixture<Fixture>(`derivation/${name}`)
    const report = (await run(['--json', '--network', 'op-mainnet', path(name)])).json()
    expect(report.channels[0]).toMatchObject({
      compressedLength: expected.compressedLength,
      decompressedLength: expected.decompressedLength,
      batches: expected.batches,
    })
    expect(spanBlocks(report)?.[0]?.l2Number).toBe(expected.firstL2Block)
  })

  it('[DER-057] [DER-103] prints what the blob fixture expects', async () => {
    const name = 'blobs-brotli-op-sepolia-span-synthetic.json.gz'
    const { expected } = readFixture<Fixture>(`derivation/${name}`)
    const report = (await run(['--json', path(name)])).json()
    expect(report.sources.map(({ payloadLength }) => payloadLength)).toEqual(
      expected.blobs.map(({ decodedLength }) => decodedLength),
    )
    expect(report.channels[0]).toMatchObject({ compression: 'brotli', batches: expected.batches })
  })

  it('[DER-114] prints the batcher transactions of OP Mainnet in Regolith time', async () => {
    const { input, expected } = readFixture<Fixture>('derivation/pipeline-op-mainnet-regolith-18090205.json.gz')
    for (const [i, { l1Block, txIndex, frames }] of expected.batcherTransactions.entries()) {
      const tx = input.l1Blocks.find(({ number }) => number === l1Block)?.transactions[txIndex]
      const report = (await run(['--json', '--network', 'op-mainnet', '-'], String(tx))).json()
      expect(report.sources[0]).toMatchObject({ kind: 'transaction', frames })
      const { batches, decompressedLength, batchCount } = expected.channels[i] as Expected['channels'][number]
      expect(report.channels[0]).toMatchObject({ decompressedLength, batchCount })
      expect(report.channels[0]?.batches.slice(0, batches.length)).toMatchObject(batches)
    }
  })

  it('[DER-053] refuses the blobs of the beacon fixture, which are of no OP chain', async () => {
    const { code, stdout } = await run([path('beacon-blob-sidecars-goerli-7422094.json.gz')])
    expect(code).toBe(2)
    expect(stdout).toContain('unknown version 22 of the blob encoding (byte 1, DER-053)')
  })
})

describe.skipIf(!fixtureFolder())(`the pipeline's verdicts (${FIXTURES_ABSENT} otherwise)`, () => {
  it('[DER-149] [DER-159] says what became of each batch of 14 real L1 blocks', async () => {
    const recorded = recordedPipeline(
      readFixture<PipelineFixture>('derivation/pipeline-op-mainnet-regolith-18090205.json.gz'),
    )
    const { config: chain, l1, l2: safeOnly, base, expected, systemConfig } = recorded
    const l2 = new MemoryL2(
      expected.map(({ ref, attributes }) => ({ ref, systemConfig, transactions: attributes.transactions })),
    )
    l2.add({ ref: base.l2, systemConfig, transactions: [] })
    expect(await safeOnly.getL2BlockRefByHash(base.l2.hash)).toEqual(base.l2)
    const { verdicts, derivedTo, stopped } = await derivedVerdicts({
      config: chain,
      l1,
      blobs: undefined,
      l2,
      safeHead: base.l2,
      base,
      from: 18_090_206n,
      to: 18_090_218n,
      signal: new AbortController().signal,
    })
    expect(derivedTo).toEqual(expected.at(-1)?.ref)
    expect(stopped).toContain(`no block ${derivedTo.number + 1n} yet`)
    const batches = verdicts.filter((verdict) => verdict.subject === 'batch')
    expect(batches.filter(({ outcome }) => outcome === 'accepted').length).toBeGreaterThanOrEqual(expected.length)
    expect(batches.filter(({ rule }) => rule === 'DER-159').length).toBe(63 + 28)
    const text = reportToText({
      sources: [],
      channels: [],
      derivation: { safeHead: base.l2.number, derivedTo: derivedTo.number, verdicts },
    })
    expect(text).toContain('L1 18090218: singular batch at 1694158127, 1 block → accepted')
  })
})
