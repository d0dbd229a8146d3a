import { Session } from 'node:inspector/promises'
import { type BlobProvider, createDerivationPipeline, type L1Provider, type L2Provider } from '@keelson/derive'
import { type PipelineFixture, recordedPipeline } from '@keelson/derive/testing'
import {
  ChannelError,
  deriveSpanBatch,
  type Hash,
  hexToBytes,
  isDepositTx,
  type L2BlockRef,
  readChannelBatches,
  type SingularBatch,
  setSecp256k1,
} from '@keelson/protocol'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { DeriveLoad } from './deriveLoad.ts'

const MB = 1_000_000
/** Milliseconds that this thread has worked: other work on the machine does not count. */
const now = () => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
const ms = (from: number) => now() - from
const print = (label: string, text: string) => console.log(`${label.padEnd(34)} ${text}`)

/** The mean of `runs` runs after as many to warm up: the thread's clock is too coarse for one. */
function mean(runs: number, run: () => void): number {
  for (let i = 0; i < runs; i++) run()
  const started = now()
  for (let i = 0; i < runs; i++) run()
  return ms(started) / runs
}

type SpanFixture = {
  readonly input: { readonly channelData: `0x${string}`; readonly l2GenesisTime: number; readonly blockTime: number }
}

/** A real channel: unpacked, decoded, every transaction rebuilt. */
function benchSpanBatch(): void {
  if (!fixtureFolder()) {
    print('real span batch', FIXTURES_ABSENT)
    return
  }
  const { input } = readFixture<SpanFixture>('derivation/channel-op-mainnet-span-143-blocks.json.gz')
  const data = hexToBytes(input.channelData)
  const chain = { genesis: { l2Time: BigInt(input.l2GenesisTime) }, blockTime: BigInt(input.blockTime), l2ChainId: 10n }
  let bytes = 0
  let transactions = 0
  const read = (rebuild: boolean) => () => {
    const batches = readChannelBatches(data, { maxRlpBytes: 10 * MB, brotliAllowed: false })
    transactions = 0
    for (const { type, batch } of batches) {
      if (type !== 'span') continue
      const span = deriveSpanBatch(batch, chain)
      if (span instanceof ChannelError) throw span
      for (let i = 0; rebuild && i < span.blockCount; i++) transactions += span.blockTransactions(i).length
    }
    bytes = batches.bytesRead
  }
  const decodeTime = mean(100, read(false))
  const time = mean(100, read(true))
  print(
    'real span batch, 143 blocks',
    `${(bytes / MB).toFixed(2)} MB from ${(data.length / MB).toFixed(2)} MB of zlib, ${transactions} transactions`,
  )
  print('  unpacked and decoded', `${decodeTime.toFixed(2)} ms, ${((bytes / decodeTime / MB) * 1_000).toFixed(0)} MB/s`)
  print(
    '  and transactions rebuilt',
    `${time.toFixed(2)} ms, ${((bytes / time / MB) * 1_000).toFixed(0)} MB/s (goal 150)`,
  )
}

/** 14 real Ethereum blocks with all of their transactions. */
async function benchRealBlocks(): Promise<void> {
  if (!fixtureFolder()) {
    print('real L1 blocks', FIXTURES_ABSENT)
    return
  }
  const fixture = readFixture<PipelineFixture>('derivation/pipeline-op-mainnet-regolith-18090205.json.gz')
  const parents = new Map<bigint, Hash>()
  let least = Number.POSITIVE_INFINITY
  let derived = 0
  // The first run finds the hashes of the blocks: each batch names that of its parent.
  for (let run = 0; run < 12; run++) {
    const { config, l1, l2, base } = recordedPipeline(fixture)
    const pipeline = createDerivationPipeline({ config, l1, l2 })
    pipeline.resetTo(base)
    if (run === 0) for (const batch of readAll(l1, fixture)) parents.set(batch.timestamp, batch.parentHash)
    let head = base.l2
    let building = 0
    derived = 0
    const started = now()
    for (;;) {
      const pulled = await pipeline.step(head)
      if (pulled.status === 'drained') break
      if (pulled.status === 'again') continue
      const from = now()
      const hash = parents.get(pulled.value.attributes.timestamp + config.blockTime)
      head = l2.build(pulled.value, hash ? { hash } : {})
      building += ms(from)
      derived++
    }
    least = Math.min(least, ms(started) - building)
  }
  const txs = fixture.input.l1Blocks.reduce((sum, block) => sum + block.transactions.length, 0)
  print('14 real L1 blocks', `${least.toFixed(1)} ms for ${txs} L1 transactions, 123 batches, ${derived} L2 blocks`)
}

function* readAll(
  l1: ReturnType<typeof recordedPipeline>['l1'],
  { expected }: PipelineFixture,
): Generator<SingularBatch> {
  for (const { l1Block, txIndex } of expected.batcherTransactions) {
    const tx = l1.block(BigInt(l1Block))?.transactions[txIndex] as Uint8Array
    // Calldata of one frame: the channel begins after version, id, number and length.
    const at = tx.findIndex((byte, i) => byte === 0x78 && tx[i + 1] === 0xda)
    for (const { type, batch } of readChannelBatches(tx.subarray(at), { maxRlpBytes: 10 * MB, brotliAllowed: false })) {
      if (type === 'singular') yield batch
    }
  }
}

type LoadResult = {
  readonly blocks: number
  readonly transactions: number
  readonly seconds: number
  readonly bytes: number
  readonly peakMemory: number
}

/** Runs a generated load through the pipeline. What the load itself takes to be made is not counted. */
async function runLoad(load: DeriveLoad): Promise<LoadResult> {
  const l1: L1Provider & BlobProvider = load
  const l2: L2Provider = load
  const pipeline = createDerivationPipeline({ config: load.config, l1, l2, blobs: l1 })
  pipeline.resetTo(load.base)
  let head: L2BlockRef = load.base.l2
  let blocks = 0
  let transactions = 0
  let peakMemory = 0
  const started = now()
  load.resetClock()
  for (;;) {
    const pulled = await pipeline.step(head)
    if (pulled.status === 'drained') break
    if (pulled.status === 'again') continue
    const { attributes } = pulled.value
    for (const tx of attributes.transactions) if (!isDepositTx(tx)) transactions++
    head = load.built(pulled.value)
    if (++blocks % 500 === 0) {
      const { heapUsed, external } = process.memoryUsage()
      peakMemory = Math.max(peakMemory, heapUsed + external)
    }
  }
  const seconds = (ms(started) - load.makingMs) / 1_000
  if (blocks !== load.blockCount) throw new Error(`${blocks} of ${load.blockCount} blocks derived`)
  return { blocks, transactions, seconds, bytes: load.contentBytes, peakMemory }
}

const rates = ({ blocks, transactions, seconds, bytes }: LoadResult) =>
  `${Math.round(blocks / seconds).toLocaleString('en')} L2 blocks/s, ${Math.round(transactions / seconds).toLocaleString('en')} transactions/s, ${(bytes / MB / seconds).toFixed(0)} MB/s`

/** What a file of ours, or of the platform, is for. */
const PARTS: readonly (readonly [string, RegExp])[] = [
  ['sender recovery', /noble\/(curves|.*secp)|secp256k1|sender\.ts/],
  ['hashing', /noble\/hashes|keccak\.ts|sha3/],
  ['L1 transactions', /txEnvelope|batcherData|l1Retrieval|l1Traversal/],
  ['blobs', /blob\.ts/],
  ['decompression', /node:zlib|internal.*zlib|compression|inflate|channel\/brotli|zlibReader|copyBack|byteSink/i],
  ['frames and channels', /frame|stages\/channel|pruneFrames/i],
  [
    'batch decoding',
    /channel(Reader|Strings|Content)|singularBatch|columns|spanBatch|derivedSpanBatch|protocol\/src\/rlp/i,
  ],
  ['transaction rebuilding', /spanTx/],
  ['batch rules', /checkS|batchStage|batchQueue|batchContext|spanCursor|l1Window|transactionRules/],
  ['attributes', /attributes|l1InfoTx|depositTx|upgrade|systemConfig|feeScalars|sourceHash|l1ChainConfig/i],
  ['load (not counted above)', /deriveLoad|deflate|bench\//],
  ['collector', /^\(garbage collector\)/],
]

/** Time share by part, from a CPU profile of one run. */
async function profile(load: DeriveLoad): Promise<void> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 200 })
  await session.post('Profiler.start')
  await runLoad(load)
  const { profile: taken } = await session.post('Profiler.stop')
  session.disconnect()
  const nodes = new Map(taken.nodes.map((node) => [node.id, node]))
  const parents = new Map(
    taken.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)),
  )
  const times = new Map<string, number>()
  let total = 0
  for (const [i, id] of (taken.samples ?? []).entries()) {
    const time = taken.timeDeltas?.[i] ?? 0
    const part = partOf(id)
    if (part === null || part.startsWith('load')) continue
    total += time
    times.set(part, (times.get(part) ?? 0) + time)
  }
  for (const [part, time] of [...times].toSorted(([, a], [, b]) => b - a)) {
    if (time / total >= 0.005) print(`  ${part}`, `${((100 * time) / total).toFixed(1)} %`)
  }

  function partOf(leaf: number): string | null {
    const chain: string[] = []
    for (let id: number | undefined = leaf; id !== undefined; id = parents.get(id)) {
      const frame = nodes.get(id)?.callFrame
      if (frame) chain.push(frame.url || frame.functionName)
    }
    if (chain[0] === '(idle)' || chain[0] === '(program)') return null
    // Whatever the load calls is the load's.
    if (chain.some((place) => /bench\/deriveLoad/.test(place))) return 'load'
    for (const place of chain) {
      const part = PARTS.find(([, pattern]) => pattern.test(place))
      if (part) return part[0]
    }
    return 'other'
  }
}

type NativeSecp256k1 = {
  ecdsaSign(hash: Uint8Array, key: Uint8Array): { signature: Uint8Array; recid: number }
  ecdsaRecover(signature: Uint8Array, recid: number, hash: Uint8Array, compressed: boolean): Uint8Array
}

/** The curve as nodes have it; `false` where the native module is not built. */
async function useNativeSecp256k1(): Promise<boolean> {
  const { default: native } = (await import('secp256k1').catch(() => ({ default: null }))) as {
    default: NativeSecp256k1 | null
  }
  if (!native) return false
  setSecp256k1({
    recoverPublicKey: (hash, signature, recovery) => native.ecdsaRecover(signature, recovery, hash, false).subarray(1),
    sign(hash, key) {
      const { signature, recid } = native.ecdsaSign(hash, key)
      return { signature, recovery: recid === 1 ? 1 : 0 }
    },
  })
  return true
}

/** `npm run bench -- derive [--blocks 10000] [--no-growth]` */
export async function run(argv: readonly string[]): Promise<void> {
  const at = argv.indexOf('--blocks')
  const blocks = at < 0 ? 10_000 : Number(argv[at + 1])
  benchSpanBatch()
  await benchRealBlocks()

  await runLoad(new DeriveLoad(2_000, now))
  const result = await runLoad(new DeriveLoad(blocks, now))
  print(`generated load, ${blocks} blocks`, `${rates(result)} (goal 20,000 blocks/s)`)
  if (await useNativeSecp256k1())
    print('  with native secp256k1, as in nodes', rates(await runLoad(new DeriveLoad(blocks, now))))
  print('  share of time', '')
  await profile(new DeriveLoad(blocks, now))

  if (argv.includes('--no-growth')) return
  print('growth', '')
  for (const count of [1_000, 10_000, 100_000]) {
    const grown = await runLoad(new DeriveLoad(count, now))
    const memory = `${(grown.peakMemory / MB).toFixed(0)} MB heap and buffers at most`
    print(
      `  ${count.toLocaleString('en')} blocks`,
      `${grown.seconds.toFixed(2)} s, ${Math.round(count / grown.seconds).toLocaleString('en')} blocks/s, ${memory}`,
    )
  }
}
