import {
  type Address,
  compressChannel,
  concatBytes,
  encodeBatcherTx,
  encodeBlob,
  encodeDepositTx,
  encodeFrame,
  encodeRlp,
  encodeSingularBatch,
  encodeSpanBatch,
  type Frame,
  type Hash,
  keccak256Hex,
  type L1BlockRef,
  type L2BlockRef,
  type RollupConfig,
  type SingularBatch,
} from '@keelson/protocol'
import { testAddress, testChannelId } from '@keelson/protocol/testing'
import { fakeHash } from '../memoryL1.ts'
import type { PureL2Block } from '../pureAttributes.ts'
import type { PureL1Block } from '../pureReader.ts'
import { BATCHER, sequencedTx } from './accounts.ts'
import { blobTx } from './blobTx.ts'
import { driftBatches, floodTx, overlapBatches, timeoutAfter } from './edges.ts'
import type { Post } from './script.ts'

/** What the batcher can see when it posts. */
export type Known = {
  readonly blocks: readonly PureL1Block[]
  readonly unsafe: readonly PureL2Block[]
  readonly safe: L2BlockRef
  /** Number of the L1 block to come. */
  readonly next: bigint
  /** The L1 blocks to come, which nobody can know in truth. */
  readonly coming: readonly L1BlockRef[]
}

type Item = {
  readonly payload: Uint8Array
  readonly isBlob: boolean
  readonly sender: Address
  readonly to: Address
  readonly type?: number
  /** The whole transaction, instead of one made of the payload. */
  readonly raw?: Uint8Array
}

/** Puts L2 blocks onto L1, and whatever else one may put there. */
export class Batcher {
  address: Address = BATCHER
  /** The first and the last L1 block of channels that are not in one block. */
  readonly spread: (readonly [first: bigint, last: bigint])[] = []
  readonly #config: RollupConfig
  readonly #features: Set<string>
  /** Number of the L2 block posted last. */
  #posted = 0n
  #channelCount = 0
  readonly #scheduled = new Map<bigint, Item[]>()
  readonly #included = new Map<bigint, readonly Item[]>()
  /** Frames kept back to be mixed with those of the next channel. */
  #keptBack: Frame[] = []
  /** A channel that was opened with an empty frame, to be filled at the edge of its timeout. */
  #reserved: { readonly id: number; readonly open: bigint; readonly post: Post } | null = null

  constructor(config: RollupConfig, features: Set<string>) {
    this.#config = config
    this.#features = features
  }

  /** Posts again from the block after `safe`. */
  rewind({ number }: L2BlockRef): void {
    this.#posted = number
  }

  /** L1 lost its blocks from `from` on. What comes of the blocks that are gone is posted again, or not. */
  goBack(from: bigint, unsafe: L2BlockRef, safe: L2BlockRef, isReincluded: boolean): void {
    if (this.#posted > unsafe.number) this.#posted = safe.number
    for (const [number, items] of this.#included) {
      if (number < from) continue
      this.#included.delete(number)
      if (isReincluded) for (const item of items) this.#schedule(number, item)
    }
  }

  post(given: Post, known: Known): void {
    // A span overlaps what is safe; a single batch cannot.
    const post = given.kind === 'overlapSafe' ? { ...given, isSpan: true } : given
    const { kind, variant } = post
    if (kind === 'timeoutEdge') {
      this.#reserve(post, known)
      return
    }
    if (kind === 'flood') {
      this.#features.add(kind)
      const to = this.#config.batchInboxAddress
      const raw = floodTx(variant % 2 === 0 ? 100 : 101, this.address, to)
      this.#schedule(known.next, { raw, payload: raw, isBlob: false, sender: this.address, to })
      return
    }
    const batches = this.#batches(post, known)
    if (batches.length === 0 && kind !== 'garbage' && kind !== 'bomb') return
    this.#features.add(kind)
    this.#features.add(post.isSpan ? 'span' : 'singular')
    const data = this.#channelData(post, batches)
    const frames = this.#frames(post, data)
    const payloads = this.#payloads(post, frames)
    if (kind === 'windowEdge') {
      const edge = (batches[0] as SingularBatch).epochNumber + this.#config.seqWindowSize + BigInt(variant % 3) - 1n
      for (const payload of payloads) this.#schedule(edge < known.next ? known.next : edge, this.#item(post, payload))
      return
    }
    const included: bigint[] = []
    for (const [i, payload] of payloads.entries()) {
      // Late is the whole channel, or all but its beginning.
      const isLate = kind === 'late' && (variant % 2 === 0 || i > 0)
      const delay = isLate ? BigInt(2 + (variant % 14)) : BigInt(post.delay)
      // Frames of a channel may come in several L1 blocks.
      const spread = post.delay > 0 && variant % 3 === 0 ? BigInt(i) : 0n
      const number = known.next + delay + spread
      this.#schedule(number, this.#item(post, payload))
      included.push(number)
    }
    const [first, last] = [included[0], included.at(-1)]
    if (first !== undefined && last !== undefined && first < last) this.spread.push([first, last])
  }

  /** Opens a channel with an empty frame. */
  #reserve(post: Post, { next }: Known): void {
    if (this.#reserved) return
    const id = ++this.#channelCount
    this.#reserved = { id, open: next, post }
    const frame = { channelId: testChannelId(id), number: 0, data: new Uint8Array(0), isLast: false }
    this.#schedule(next, this.#item(post, encodeBatcherTx([frame])))
  }

  /** Fills and closes the channel opened with an empty frame just before, in or after the last block it may. */
  closeReserved(known: Known): void {
    if (!this.#reserved) return
    const { id, open, post } = this.#reserved
    const target = open + timeoutAfter(this.#config, known.blocks) + BigInt(post.variant % 3) - 1n
    // Not so early that its batches are too old by then.
    if (known.next + 2n < target) return
    this.#reserved = null
    const batches = this.#choose(post, known)
    if (batches.length === 0 || known.next > target) return
    this.#features.add(post.kind)
    const frames = this.#frames(post, this.#channelData(post, batches))
    const rest = frames.map((frame, i) => ({ ...frame, channelId: testChannelId(id), number: i + 1 }))
    for (const payload of this.#payloads(post, rest)) this.#schedule(target, this.#item(post, payload))
  }

  /** The transactions of the L1 block with that number, and their blobs. */
  include(number: bigint): { transactions: Uint8Array[]; blobs: Map<Hash, Uint8Array> } {
    const blobs = new Map<Hash, Uint8Array>()
    const transactions: Uint8Array[] = []
    const items = this.#scheduled.get(number) ?? []
    for (const { payload, isBlob, sender, to, type, raw } of items) {
      if (raw) {
        transactions.push(raw)
        continue
      }
      if (!isBlob || sender !== BATCHER) {
        transactions.push(type === undefined ? callTx(payload, sender, to) : concatBytes(Uint8Array.of(type), payload))
        continue
      }
      this.#features.add('blobs')
      const blob = encodeBlob(payload)
      const hash = keccak256Hex(payload)
      // A blob that is not validly encoded is skipped.
      if (payload.length % 13 === 0) blob[1] = 1
      blobs.set(hash, blob)
      transactions.push(blobTx(to, [hash], callTx(payload, sender, to)))
    }
    this.#scheduled.delete(number)
    this.#included.set(number, items)
    return { transactions, blobs }
  }

  #schedule(number: bigint, item: Item): void {
    const items = this.#scheduled.get(number) ?? []
    items.push(item)
    this.#scheduled.set(number, items)
  }

  #batches(post: Post, known: Known): SingularBatch[] {
    const { kind, variant } = post
    if (kind === 'tooEarly' && variant % 4 === 3) return this.#race(post, known)
    if (kind === 'driftEdge') return driftBatches(this.#config, post, known)
    if (kind === 'overlapSafe') return overlapBatches(post, known)
    return this.#choose(post, known)
  }

  /** Blocks on the safe head that move to another L1 block each, up to such as are still to come. */
  #race({ blocks, variant }: Post, { blocks: l1, unsafe, safe, coming }: Known): SingularBatch[] {
    const origins = [...l1.map(({ info }) => info), ...coming.slice(0, 1 + (variant % 3))]
    const parent = unsafe.find(({ ref }) => ref.hash === safe.hash)?.ref ?? safe
    let at = origins.findIndex(({ hash }) => hash === parent.l1Origin.hash)
    const batches: SingularBatch[] = []
    for (let i = 0; i < blocks + 20 && at < origins.length - 1; i++) {
      const timestamp = parent.timestamp + this.#config.blockTime * BigInt(i + 1)
      const next = origins[at + 1]
      if (next && next.timestamp <= timestamp) at++
      const { hash: epochHash, number: epochNumber } = origins[at] as L1BlockRef
      batches.push({ parentHash: parent.hash, timestamp, epochNumber, epochHash, transactions: [] })
    }
    return batches
  }

  #choose({ kind, blocks, variant }: Post, known: Known): SingularBatch[] {
    let first = this.#posted + 1n
    if (kind === 'windowEdge' || kind === 'timeoutEdge') first = known.safe.number + 1n
    if (kind === 'overlapping') first = first - 1n - BigInt(variant % 6)
    if (kind === 'tooEarly' && variant % 2 === 0) first += BigInt(1 + (variant % 3))
    if (first < 1n) first = variant % 5 === 0 ? 0n : 1n
    const chosen = known.unsafe.slice(Number(first), Number(first) + blocks)
    const batches = chosen.map((block): SingularBatch => {
      const { parentHash, timestamp, l1Origin } = block.ref
      return {
        parentHash,
        timestamp,
        epochNumber: l1Origin.number,
        epochHash: l1Origin.hash,
        transactions: block.sequenced,
      }
    })
    const last = chosen.at(-1)
    const keeps =
      kind === 'honest' ||
      kind === 'shuffled' ||
      kind === 'duplicated' ||
      kind === 'interleaved' ||
      kind === 'overlapping' ||
      (kind === 'windowEdge' && variant % 2 === 0)
    if (last && (keeps || variant % 4 === 0) && last.ref.number > this.#posted) this.#posted = last.ref.number
    return this.#spoil(kind, variant, batches, known)
  }

  /** Makes the batches of a hostile post wrong. */
  #spoil(kind: Post['kind'], variant: number, batches: SingularBatch[], known: Known): SingularBatch[] {
    const at = variant % Math.max(batches.length, 1)
    const target = batches[at]
    if (!target) return batches
    const change = (fields: Partial<SingularBatch>) => batches.with(at, { ...target, ...fields })
    switch (kind) {
      case 'wrongParent':
        return batches.with(0, { ...(batches[0] as SingularBatch), parentHash: fakeHash(`parent ${variant}`) })
      case 'wrongOrigin': {
        if (variant % 3 === 0) return change({ epochHash: fakeHash(`origin ${variant}`) })
        // A later or an earlier L1 block than it should be, with its true hash.
        const number = target.epochNumber + BigInt((variant % 7) - 3)
        const block = known.blocks.find(({ info }) => info.number === number)
        return change({ epochNumber: number, epochHash: block?.info.hash ?? fakeHash(`origin ${variant}`) })
      }
      case 'tooEarly': {
        if (variant % 2 === 0) return batches
        const newest = known.blocks.at(-1) as PureL1Block
        return change({ epochNumber: newest.info.number, epochHash: newest.info.hash })
      }
      case 'overlapping': {
        // Half of the time, not what the safe chain has.
        if (variant % 2 === 0) return batches
        return change({ transactions: [...target.transactions, sequencedTx(variant, 2)] })
      }
      case 'badTransaction': {
        const bad = [
          new Uint8Array(0),
          Uint8Array.of(0x7e, 1),
          sequencedTx(5, 4),
          sequencedTx(6, 2, true),
          Uint8Array.of(3, 0xc0),
        ]
        return change({ transactions: [...target.transactions, bad[variant % bad.length] as Uint8Array] })
      }
      default:
        return batches
    }
  }

  #channelData({ kind, isSpan, isBrotli, variant }: Post, batches: readonly SingularBatch[]): Uint8Array {
    const strings = isSpan ? this.#spans(batches, variant) : batches.map(encodeSingularBatch)
    if (kind === 'shuffled' && variant % 2 === 0) strings.reverse()
    if (kind === 'garbage') strings.splice(variant % (strings.length + 1), 0, garbage(variant))
    if (kind === 'bomb') strings.splice(variant % (strings.length + 1), 0, BOMB)
    const content = concatBytes(...strings.map((string) => encodeRlp(string)))
    const algorithm = isBrotli ? 'brotli' : 'zlib'
    const data = compressChannel(content, algorithm, isBrotli ? 1 : kind === 'bomb' ? 1 : variant % 10)
    if (kind === 'cut' && variant % 3 === 0)
      return data.slice(0, data.length - 1 - (variant % Math.max(1, data.length >> 1)))
    if (kind === 'garbage' && variant % 5 === 0) data[variant % data.length] = variant & 0xff
    return data
  }

  /** The batches as span batches: the longest runs that the format can hold. */
  #spans(batches: readonly SingularBatch[], variant: number): Uint8Array[] {
    const spans: Uint8Array[] = []
    for (let from = 0; from < batches.length; ) {
      let to = batches.length
      for (; to > from; to--) {
        try {
          spans.push(encodeSpanBatch(batches.slice(from, to), this.#config, BigInt(variant % 2)))
          break
        } catch {
          // A shorter run may do.
        }
      }
      from = Math.max(to, from + 1)
    }
    return spans
  }

  #frames({ kind, frames: count, variant }: Post, data: Uint8Array): Frame[] {
    // Now and then a channel id is used again.
    const id = variant % 11 === 0 ? this.#channelCount : ++this.#channelCount
    const size = Math.max(1, Math.ceil(data.length / count))
    let frames: Frame[] = []
    for (let at = 0, number = 0; at < data.length; at += size, number++) {
      const isLast = at + size >= data.length
      frames.push({ channelId: testChannelId(id), number, data: data.subarray(at, at + size), isLast })
    }
    if (kind === 'shuffled')
      frames =
        variant % 3 === 0
          ? frames.toReversed()
          : frames.toSorted((a, b) => mix(a.number, variant) - mix(b.number, variant))
    if (kind === 'duplicated') frames = frames.flatMap((frame, i) => ((variant >> i) & 1 ? [frame, frame] : [frame]))
    if (kind === 'duplicated' && variant % 4 === 0) frames = [...frames, ...frames]
    if (kind === 'cut' && variant % 3 === 1) frames.splice(variant % frames.length, 1)
    if (kind === 'garbage' && variant % 7 === 0)
      frames = frames.map((frame) => ({ ...frame, number: frame.number + (variant % 3) }))
    if (kind === 'garbage' && variant % 7 === 1) frames = frames.map((frame) => ({ ...frame, isLast: !frame.isLast }))
    if (kind === 'interleaved') {
      const kept = this.#keptBack
      this.#keptBack = variant % 2 === 0 ? frames.splice(frames.length >> 1) : []
      frames = frames.flatMap((frame, i) => (kept[i] ? [frame, kept[i]] : [frame])).concat(kept.slice(frames.length))
    }
    return frames
  }

  #payloads({ kind, isOnePayload, variant }: Post, frames: readonly Frame[]): Uint8Array[] {
    if (frames.length === 0) return []
    const payloads = isOnePayload ? [encodeBatcherTx(frames)] : frames.map((frame) => encodeBatcherTx([frame]))
    if (kind === 'cut' && variant % 3 === 2) {
      const at = variant % payloads.length
      payloads[at] = (payloads[at] as Uint8Array).slice(0, -1 - (variant % 20))
    }
    if (kind === 'garbage') {
      const first = frames[0] as Frame
      const kinds = [
        garbage(variant),
        new Uint8Array(0),
        Uint8Array.of(0),
        concatBytes(Uint8Array.of(1), encodeFrame(first)),
        concatBytes(Uint8Array.of(0), encodeFrame(first).slice(0, -1), Uint8Array.of(2)),
        concatBytes(Uint8Array.of(0), encodeFrame(first), Uint8Array.of(0)),
      ]
      payloads.splice(variant % (payloads.length + 1), 0, kinds[variant % kinds.length] as Uint8Array)
    }
    return payloads
  }

  #item({ kind, isBlob, variant }: Post, payload: Uint8Array): Item {
    const to = this.#config.batchInboxAddress
    const sender = this.address
    if (kind !== 'foreign') return { payload, isBlob, sender, to }
    if (variant % 3 === 0) return { payload, isBlob: false, sender: testAddress(0x66), to }
    if (variant % 3 === 1) return { payload, isBlob, sender, to: testAddress(0x67) }
    return { payload, isBlob: false, sender, to, type: variant % 2 === 0 ? 4 : 0x55 }
  }
}

const mix = (n: number, variant: number) => ((n + 1) * (variant | 1) * 2_654_435) % 1_009

/** Bytes without meaning; every fourth time with the look of a batch. */
function garbage(variant: number): Uint8Array {
  const bytes = Uint8Array.from({ length: 5 + (variant % 60) }, (_, i) => mix(i, variant) & 0xff)
  if (variant % 4 < 3) bytes[0] = variant % 4
  return bytes
}

/** Unfolds beyond the limit of a channel before Fjord. */
const BOMB = new Uint8Array(10_000_100)

/** A transaction as on an L1 that is a rollup itself: its sender needs no signature. */
function callTx(data: Uint8Array, from: Address, to: Address): Uint8Array {
  return encodeDepositTx({
    sourceHash: fakeHash('L1'),
    from,
    to,
    mint: 0n,
    value: 0n,
    gas: 0n,
    isSystemTx: false,
    data,
  })
}
