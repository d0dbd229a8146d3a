import {
  bytesEqual,
  decodeBlob,
  type Frame,
  type L1BlockRef,
  readChannelBatches,
  tryDecodeFrames,
} from '@keelson/protocol'
import { createRandom, forksUpTo, testHash, testRollupConfig, testTx } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import type { BatchBlock } from './batchBlock.ts'
import { DEFAULT_CHANNEL_POLICY } from './batcher.ts'
import { type ChannelEvent, type ChannelPolicy, ChannelQueue, type DaKind, type TxData } from './channelQueue.ts'

const config = testRollupConfig({ forks: forksUpTo('jovian') })
const hashOf = (number: number, salt = 0) => testHash((number + salt * 64) & 0xff)

/** Block `number` of 2 s blocks over L1 blocks of 12 s; `txBytes` bytes that do not compress. */
function block(number: number, txBytes = 0, salt = 0): BatchBlock {
  const origin = Math.floor(number / 6)
  const random = createRandom(number + 1)
  const noise = new Uint8Array(txBytes).map(() => Math.floor(random() * 256))
  const transactions = txBytes > 0 ? [testTx({ chainId: config.l2ChainId, input: noise })] : []
  const timestamp = config.genesis.l2Time + BigInt(number) * 2n
  const l1Origin = { number: 100n + BigInt(origin), hash: testHash(0x80 + origin) }
  const parentHash = hashOf(number - 1, salt)
  return {
    ref: {
      hash: hashOf(number, salt),
      number: BigInt(number),
      parentHash,
      timestamp,
      l1Origin,
      sequenceNumber: BigInt(number % 6),
    },
    batch: { parentHash, epochNumber: l1Origin.number, epochHash: l1Origin.hash, timestamp, transactions },
    originTime: config.genesis.l2Time + BigInt(origin) * 12n,
    daBytes: txBytes + 70,
  }
}

const l1Head = (number: number): L1BlockRef => ({
  hash: testHash(number),
  number: BigInt(number),
  parentHash: testHash(number - 1),
  timestamp: config.genesis.l2Time + BigInt(number) * 12n,
})

function open(policy: Partial<ChannelPolicy> = {}, chain = config) {
  const events: ChannelEvent[] = []
  let nextId = 0
  const queue = new ChannelQueue({
    config: chain,
    policy: { ...DEFAULT_CHANNEL_POLICY, ...policy },
    randomBytes: (length) => new Uint8Array(length).fill(++nextId),
    onEvent: (event) => events.push(event),
  })
  const feed = (from: number, to: number, txBytes = 0) => {
    for (let n = from; n <= to; n++) queue.addBlock(block(n, txBytes))
  }
  const build = (head: number, kind: DaKind = 'calldata', flush = false) => queue.build(l1Head(head), () => kind, flush)
  const drainTxs = (): TxData[] => {
    const txs: TxData[] = []
    for (let tx = queue.nextTx(); tx; tx = queue.nextTx()) txs.push(tx)
    return txs
  }
  return { queue, events, feed, build, drainTxs }
}

/** Blocks in the batches of a complete channel. */
function blocksIn(frames: readonly Frame[]): number {
  const bytes = new Uint8Array(frames.flatMap(({ data }) => [...data]))
  let count = 0
  for (const batch of readChannelBatches(bytes, { maxRlpBytes: 100_000_000, brotliAllowed: true })) {
    if (batch.type === 'span') count += batch.batch.blockCount
    else if (batch.type === 'singular') count++
  }
  return count
}

describe('ChannelQueue', () => {
  it('[BAT-006] [BAT-007] makes payloads of whole frames: version 0, numbers from 0 without gap, the last one marked', () => {
    const { feed, build, drainTxs } = open({ maxL1TxSizeBytes: 1_000, targetNumFrames: 20 })
    feed(1, 6, 900)
    build(100, 'calldata', true)
    const txs = drainTxs()
    expect(txs.length).toBeGreaterThan(3)
    const frames = txs.flatMap(({ data }) => {
      expect(data[0]).toBe(0)
      expect(data.length).toBeLessThanOrEqual(1_000)
      return tryDecodeFrames(data) ?? []
    })
    expect(frames.map(({ number }) => number)).toEqual(frames.map((_, i) => i))
    expect(frames.map(({ isLast }) => isLast)).toEqual(frames.map((_, i) => i === frames.length - 1))
    expect(new Set(frames.map(({ channelId }) => channelId)).size).toBe(1)
    expect(blocksIn(frames)).toBe(6)
  })

  it('[BAT-020] [BAT-021] puts one payload in each blob, at most six blobs in a transaction, and no calldata', () => {
    const { feed, build, drainTxs } = open({ targetNumFrames: 8 })
    feed(1, 9, 100_000)
    build(100, 'blobs', true)
    const txs = drainTxs()
    expect(txs.map(({ blobs }) => blobs.length)).toEqual([6, 1])
    expect(txs.every(({ data }) => data.length === 0)).toBe(true)
    for (const { blobs, frames } of txs) {
      for (const [i, blob] of blobs.entries()) {
        const decoded = tryDecodeFrames(decodeBlob(blob))
        expect(decoded?.length).toBe(1)
        expect(bytesEqual(decoded?.[0]?.data ?? new Uint8Array(), frames[i]?.data ?? new Uint8Array())).toBe(true)
        expect(frames[i]?.data.length).toBeLessThanOrEqual(130_020)
      }
    }
  })

  it('[BAT-008] never uses a channel id twice, not for the same blocks either', () => {
    const { queue, feed, build, drainTxs, events } = open()
    feed(1, 3)
    build(100, 'calldata', true)
    const [first] = drainTxs()
    queue.failed(first?.id ?? -1)
    build(100, 'calldata', true)
    expect(new Set(events.filter(({ type }) => type === 'opened').map(({ id }) => id)).size).toBe(2)
  })

  it('[BAT-009] closes a channel after its duration, and builds it again when its frames came too far apart on L1', () => {
    const { queue, feed, build, drainTxs, events } = open({
      maxChannelDuration: 3n,
      maxL1TxSizeBytes: 500,
      targetNumFrames: 4,
    })
    feed(1, 2, 400)
    build(100)
    build(102)
    expect(drainTxs()).toEqual([])
    build(103)
    const [first, second] = drainTxs()
    if (!first || !second) throw new Error('two transactions are expected')
    queue.confirmed(first.id, { number: 110n, timestamp: config.genesis.l2Time + 5_000n })
    queue.confirmed(second.id, { number: 161n, timestamp: config.genesis.l2Time + 5_000n })
    expect(events.at(-1)?.type).toBe('timedOut')
    build(170, 'calldata', true)
    expect(blocksIn(drainTxs().flatMap(({ frames }) => frames))).toBe(2)
  })

  it('[BAT-010] closes a channel before the sequencing window of its oldest block ends, with the margin', () => {
    const { feed, build, drainTxs } = open({ subSafetyMargin: 10n })
    feed(1, 4)
    build(101)
    // Origin 100, window 50, margin 10.
    build(139)
    expect(drainTxs()).toEqual([])
    build(140)
    expect(drainTxs().length).toBe(1)
  })

  it('[BAT-011] keeps no channel open for more than 1,800 L1 blocks', () => {
    const { feed, build, drainTxs } = open(
      {},
      testRollupConfig({ forks: forksUpTo('jovian'), seqWindowSize: 100_000n }),
    )
    feed(1, 1)
    build(200)
    build(1_999)
    expect(drainTxs()).toEqual([])
    build(2_000)
    expect(drainTxs().length).toBe(1)
  })

  it('[BAT-012] [BAT-018] closes a channel that has reached its size and goes on in the next, losing no block', () => {
    const { feed, build, drainTxs, events } = open({ maxL1TxSizeBytes: 5_000, targetNumFrames: 1 })
    feed(1, 12, 1_500)
    build(100, 'calldata', true)
    const closed = events.filter((event) => event.type === 'closed')
    expect(closed.slice(0, -1).every(({ reason }) => reason === 'full')).toBe(true)
    expect(closed.reduce((sum, { blocks }) => sum + blocks, 0)).toBe(12)
    expect(drainTxs().every(({ data }) => data.length <= 5_000)).toBe(true)
  })

  it('[BAT-015] uses brotli only once L1 has passed Fjord', () => {
    const chain = testRollupConfig({ forks: { ...forksUpTo('ecotone'), fjord: config.genesis.l2Time + 200n * 12n } })
    const { feed, build, drainTxs } = open({ compression: 'brotli', compressionLevel: 5 }, chain)
    feed(1, 2)
    build(199, 'calldata', true)
    expect(drainTxs()[0]?.frames[0]?.data[0]).not.toBe(1)
    feed(3, 4)
    build(200, 'calldata', true)
    expect(drainTxs()[0]?.frames[0]?.data[0]).toBe(1)
  })

  it('[BAT-016] writes singular batches for origins before Delta, in a channel of their own', () => {
    const chain = testRollupConfig({ forks: { ...forksUpTo('canyon'), delta: config.genesis.l2Time + 12n } })
    const { feed, build, events } = open({}, chain)
    feed(1, 8)
    build(100, 'calldata', true)
    expect(events.filter((event) => event.type === 'closed').map(({ blocks }) => blocks)).toEqual([5, 3])
  })

  it('[BAT-017] holds spans to the number of blocks asked for', () => {
    const { feed, build, events } = open({ maxBlocksPerSpanBatch: 4 })
    feed(1, 10)
    build(100, 'calldata', true)
    expect(events.filter((event) => event.type === 'closed').map(({ blocks }) => blocks)).toEqual([4, 4, 2])
  })

  it('[BAT-027] refuses a block that does not follow the last', () => {
    const { queue, feed } = open()
    feed(1, 3)
    expect(() => queue.addBlock(block(5))).toThrow('not the child')
    expect(() => queue.addBlock(block(4, 0, 1))).toThrow('not the child')
  })

  it('[BAT-028] [BAT-032] posts the channel of a failed transaction and all later ones again, in order', () => {
    const { queue, feed, build, drainTxs } = open()
    for (const [from, to] of [
      [1, 2],
      [3, 4],
      [5, 6],
    ] as const) {
      feed(from, to)
      build(100, 'calldata', true)
    }
    const [first, second, third] = drainTxs()
    queue.confirmed(first?.id ?? -1, l1Head(101))
    queue.failed(second?.id ?? -1)
    // News of a transaction whose channel is gone changes nothing.
    queue.confirmed(third?.id ?? -1, l1Head(102))
    expect([...queue.blocks()].map(({ ref }) => ref.number)).toEqual([1n, 2n, 3n, 4n, 5n, 6n])
    build(103, 'calldata', true)
    const again = drainTxs()
    expect(again.map(({ frames }) => blocksIn(frames))).toEqual([4])
  })

  it('[BAT-003] keeps blocks until they are safe, and says when a channel on L1 did not make them so', () => {
    const { queue, feed, build, drainTxs } = open()
    feed(1, 4)
    build(100, 'calldata', true)
    feed(5, 6)
    const [tx] = drainTxs()
    const safe = (number: number) => ({ number: BigInt(number), hash: hashOf(number) })
    expect(queue.hasLostChannel(safe(0), 200n)).toBe(false)
    queue.confirmed(tx?.id ?? -1, l1Head(103))
    expect(queue.hasLostChannel(safe(0), 103n)).toBe(false)
    expect(queue.hasLostChannel(safe(3), 104n)).toBe(true)
    expect(queue.hasLostChannel(safe(4), 104n)).toBe(false)
    queue.prune(safe(4))
    expect([...queue.blocks()].map(({ ref }) => ref.number)).toEqual([5n, 6n])
    expect(queue.lastBlock?.ref.number).toBe(6n)
  })

  it('[BAT-014] says so when a block is too large for any channel, and stays as it was', () => {
    const { queue, feed, build } = open({}, testRollupConfig({ forks: forksUpTo('ecotone') }))
    feed(1, 2)
    queue.addBlock(block(3, 10_000_100))
    expect(() => build(100)).toThrow('exceeds')
    expect(() => build(100, 'calldata', true)).toThrow('exceeds')
    expect([...queue.blocks()].map(({ ref }) => ref.number)).toEqual([1n, 2n, 3n])
  })

  it('counts as backlog what no transaction carries yet', () => {
    const { queue, feed, build, drainTxs } = open()
    feed(1, 2, 1_000)
    expect(queue.backlogBytes).toBe(2_140)
    build(100, 'calldata', true)
    expect(queue.backlogBytes).toBe(2_140)
    drainTxs()
    expect(queue.backlogBytes).toBe(0)
  })
})
