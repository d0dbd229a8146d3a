import {
  type BlockId,
  bytesToHex,
  type ChannelOut,
  createChannelOut,
  encodeBatcherTx,
  encodeBlob,
  FRAME_OVERHEAD_SIZE,
  type Frame,
  isForkActive,
  type L1BlockRef,
  MAX_BLOB_DATA_SIZE,
  MAX_FRAME_LEN,
  MAX_RLP_BYTES_PER_CHANNEL,
  MAX_RLP_BYTES_PER_CHANNEL_FJORD,
  type RollupConfig,
} from '@keelson/protocol'
import type { BatchBlock } from './batchBlock.ts'

export type DaKind = 'blobs' | 'calldata'

/** How blocks become channels; the names are op-batcher's flags. */
export type ChannelPolicy = {
  readonly batchType: 'singular' | 'span'
  readonly compression: 'zlib' | 'brotli'
  readonly compressionLevel?: number
  /** L1 blocks that a channel may stay open; 0: until it is full. Never more than 1,800. */
  readonly maxChannelDuration: bigint
  /** L1 blocks kept as a margin before a channel or batch would be too late. */
  readonly subSafetyMargin: bigint
  /** Bytes of one calldata transaction. */
  readonly maxL1TxSizeBytes: number
  /** Frames of a channel, and blobs of a blob transaction (at most 6). */
  readonly targetNumFrames: number
  /** Blocks of a span batch; 0: any number. */
  readonly maxBlocksPerSpanBatch: number
}

/** What goes to L1 in one transaction. */
export type TxData = {
  readonly id: number
  readonly kind: DaKind
  readonly frames: readonly Frame[]
  /** Of `kind` calldata: the payload. Of `kind` blobs: none. */
  readonly data: Uint8Array
  readonly blobs: readonly Uint8Array[]
}

type Channel = {
  readonly out: ChannelOut
  readonly kind: DaKind
  readonly blocks: BatchBlock[]
  /** Sum over `blocks`. */
  daBytes: number
  /** L1 block number at which it is closed, full or not. */
  deadline: bigint
  /** Once closed. `null` while blocks are added. */
  txs: ChannelTx[] | null
  firstInclusion: bigint | null
  lastInclusion: bigint
}
type ChannelTx = { readonly data: TxData; state: 'waiting' | 'sent' | 'confirmed' }

export type ChannelEvent =
  | { readonly type: 'opened'; readonly id: string; readonly firstBlock: bigint }
  | {
      readonly type: 'closed'
      readonly id: string
      readonly reason: 'full' | 'duration' | 'flushed'
      readonly blocks: number
      readonly inputBytes: number
      readonly outputBytes: number
      readonly frames: number
      readonly kind: DaKind
    }
  | { readonly type: 'submitted' | 'timedOut'; readonly id: string }

/** @see specs/protocol/configurability.md#batch-submission-frequency */
const MAX_CHANNEL_DURATION = 1_800n

/** Most blobs of one transaction, from Osaka on L1. */
const MAX_BLOBS_PER_TX = 6

/**
 * Blocks in, transactions out, strictly in order; knows what is in flight.
 *
 * Blocks wait, then lie in a channel, then in its transactions, until the safe head has passed them. Whatever goes wrong with
 * a transaction, its channel and all behind it are taken apart again and rebuilt from the same blocks under new ids, since
 * from Holocene a channel is only read in one piece.
 */
export class ChannelQueue {
  readonly #config: RollupConfig
  readonly #policy: ChannelPolicy
  readonly #randomBytes: (length: number) => Uint8Array
  readonly #onEvent: (event: ChannelEvent) => void
  #waiting: BatchBlock[] = []
  #waitingBytes = 0
  #channels: Channel[] = []
  #nextTxId = 1

  constructor(options: {
    readonly config: RollupConfig
    readonly policy: ChannelPolicy
    readonly randomBytes: (length: number) => Uint8Array
    readonly onEvent?: (event: ChannelEvent) => void
  }) {
    this.#config = options.config
    this.#policy = options.policy
    this.#randomBytes = options.randomBytes
    this.#onEvent = options.onEvent ?? (() => {})
  }

  /** All blocks held, oldest first. */
  *blocks(): Iterable<BatchBlock> {
    for (const { blocks } of this.#channels) yield* blocks
    yield* this.#waiting
  }

  get firstBlock(): BatchBlock | null {
    return this.blocks()[Symbol.iterator]().next().value ?? null
  }

  get lastBlock(): BatchBlock | null {
    return this.#waiting.at(-1) ?? this.#channels.at(-1)?.blocks.at(-1) ?? null
  }

  /** Bytes of blocks that no transaction carries yet. */
  get backlogBytes(): number {
    const carried = ({ txs }: Channel) => txs?.every(({ state }) => state !== 'waiting') ?? false
    return this.#channels.reduce((sum, channel) => sum + (carried(channel) ? 0 : channel.daBytes), this.#waitingBytes)
  }

  get blockCount(): number {
    return this.#waiting.length + this.#channels.reduce((sum, { blocks }) => sum + blocks.length, 0)
  }

  /** @throws {RangeError} unless the block is the child of {@link lastBlock} */
  addBlock(block: BatchBlock): void {
    const last = this.lastBlock
    if (last && last.ref.hash !== block.ref.parentHash)
      throw new RangeError(`block ${block.ref.number} is not the child of ${last.ref.number}`)
    this.#waiting.push(block)
    this.#waitingBytes += block.daBytes
  }

  /**
   * Puts waiting blocks into channels and closes those that are full or due.
   *
   * @param head - the L1 head: its number and time stand for those of the block that will include the data
   * @param chooseKind - asked when a channel is opened
   * @param flush - close the open channel now
   * @throws {ChannelError} `cannotEncode` when no channel can carry the next block; what came before it is closed by then
   */
  build(head: L1BlockRef, chooseKind: () => DaKind, flush = false): void {
    while (this.#waiting.length > 0) {
      const channel = this.#openChannel() ?? this.#open(this.#waiting[0] as BatchBlock, head, chooseKind())
      const block = this.#waiting[0] as BatchBlock
      if (!this.#fits(channel, block) || !this.#add(channel, block)) {
        this.#close(channel, 'full')
        continue
      }
      this.#waiting.shift()
      this.#waitingBytes -= block.daBytes
      channel.blocks.push(block)
      channel.daBytes += block.daBytes
      // The whole batch must be on L1 within the sequencing window of its oldest epoch.
      const due = block.ref.l1Origin.number + this.#config.seqWindowSize - this.#policy.subSafetyMargin
      if (due < channel.deadline) channel.deadline = due
    }
    const open = this.#openChannel()
    if (!open) return
    if (flush) this.#close(open, 'flushed')
    else if (head.number >= open.deadline) this.#close(open, 'duration')
  }

  /** The next transaction to send, oldest first; it counts as sent from now on. */
  nextTx(): TxData | null {
    for (const { txs } of this.#channels) {
      const tx = txs?.find(({ state }) => state === 'waiting')
      if (!tx) continue
      tx.state = 'sent'
      return tx.data
    }
    return null
  }

  /** A transaction is in an L1 block. A channel whose frames came too far apart on L1 is lost, and rebuilt. */
  confirmed(id: number, l1Block: { readonly number: bigint; readonly timestamp: bigint }): void {
    const found = this.#find(id)
    if (!found) return
    const { channel, tx } = found
    tx.state = 'confirmed'
    channel.firstInclusion =
      channel.firstInclusion === null || l1Block.number < channel.firstInclusion
        ? l1Block.number
        : channel.firstInclusion
    if (l1Block.number > channel.lastInclusion) channel.lastInclusion = l1Block.number
    if (channel.lastInclusion > channel.firstInclusion + this.#channelTimeout(l1Block.timestamp)) {
      this.#onEvent({ type: 'timedOut', id: channel.out.id })
      this.#takeApart(channel)
    } else if (channel.txs?.every(({ state }) => state === 'confirmed')) {
      this.#onEvent({ type: 'submitted', id: channel.out.id })
    }
  }

  /** A transaction will not come: its channel and all later ones are posted again, in order, under new ids. */
  failed(id: number): void {
    const found = this.#find(id)
    if (found) this.#takeApart(found.channel)
  }

  /** Gives up the blocks that are safe: up to and with `safe`. Channels go when their last block does. */
  prune(safe: BlockId): void {
    while (
      this.#channels[0] &&
      (this.#channels[0].blocks.at(-1)?.ref.number ?? -1n) <= safe.number &&
      this.#channels[0].txs !== null
    ) {
      this.#channels.shift()
    }
    this.#setWaiting(this.#waiting.filter(({ ref }) => ref.number > safe.number))
  }

  /** Whether a channel that is wholly on L1, in blocks that derivation has passed, did not make its blocks safe. */
  hasLostChannel(safe: BlockId, currentL1: bigint): boolean {
    return this.#channels.some(
      ({ txs, blocks, lastInclusion }) =>
        txs?.every(({ state }) => state === 'confirmed') &&
        lastInclusion < currentL1 &&
        (blocks.at(-1)?.ref.number ?? 0n) > safe.number,
    )
  }

  /** The hash of the block held at a height, `null` when none is. */
  hashAt(number: bigint): string | null {
    for (const { ref } of this.blocks()) if (ref.number === number) return ref.hash
    return null
  }

  /** Forgets everything. */
  clear(): void {
    this.#setWaiting([])
    this.#channels = []
  }

  #setWaiting(blocks: BatchBlock[]): void {
    this.#waiting = blocks
    this.#waitingBytes = blocks.reduce((sum, { daBytes }) => sum + daBytes, 0)
  }

  #openChannel(): Channel | null {
    const last = this.#channels.at(-1)
    return last && last.txs === null ? last : null
  }

  #open(first: BatchBlock, head: L1BlockRef, kind: DaKind): Channel {
    const { config: chain, policy } = { config: this.#config, policy: this.#policy }
    const fjord = isForkActive(chain, 'fjord', head.timestamp)
    const duration =
      policy.maxChannelDuration > 0n && policy.maxChannelDuration < MAX_CHANNEL_DURATION
        ? policy.maxChannelDuration
        : MAX_CHANNEL_DURATION
    const compression = fjord ? policy.compression : 'zlib'
    const out = createChannelOut({
      id: bytesToHex(this.#randomBytes(16)),
      batchType: isForkActive(chain, 'delta', first.originTime) ? policy.batchType : 'singular',
      compression,
      // A level of brotli may be none of zlib.
      ...(policy.compressionLevel !== undefined && compression === policy.compression
        ? { level: policy.compressionLevel }
        : {}),
      chain,
      maxRlpBytes: fjord ? MAX_RLP_BYTES_PER_CHANNEL_FJORD : MAX_RLP_BYTES_PER_CHANNEL,
      targetBytes: this.#frameSize(kind, true) * policy.targetNumFrames,
    })
    const channel: Channel = {
      out,
      kind,
      blocks: [],
      daBytes: 0,
      deadline: head.number + duration,
      txs: null,
      firstInclusion: null,
      lastInclusion: 0n,
    }
    this.#channels.push(channel)
    this.#onEvent({ type: 'opened', id: out.id, firstBlock: first.ref.number })
    return channel
  }

  #add(channel: Channel, block: BatchBlock): boolean {
    try {
      return channel.out.addBlock(block.batch, block.ref.sequenceNumber)
    } catch (error) {
      if (channel.blocks.length === 0) this.#channels.pop()
      else this.#close(channel, 'full')
      throw error
    }
  }

  #fits(channel: Channel, block: BatchBlock): boolean {
    const { maxBlocksPerSpanBatch: most } = this.#policy
    if (most > 0 && channel.blocks.length >= most) return false
    // A span belongs to one side of Delta.
    const first = channel.blocks[0]
    const delta = (of: BatchBlock) => isForkActive(this.#config, 'delta', of.originTime)
    return !first || delta(first) === delta(block)
  }

  #frameSize(kind: DaKind, dataOnly: boolean): number {
    const whole =
      kind === 'blobs'
        ? MAX_BLOB_DATA_SIZE - 1
        : Math.min(this.#policy.maxL1TxSizeBytes - 1, MAX_FRAME_LEN + FRAME_OVERHEAD_SIZE)
    return dataOnly ? whole - FRAME_OVERHEAD_SIZE : whole
  }

  #close(channel: Channel, reason: 'full' | 'duration' | 'flushed'): void {
    const frames = channel.out.frames(this.#frameSize(channel.kind, false))
    const perTx = channel.kind === 'blobs' ? Math.min(this.#policy.targetNumFrames, MAX_BLOBS_PER_TX) : 1
    channel.txs = []
    for (let at = 0; at < frames.length; at += perTx) {
      const some = frames.slice(at, at + perTx)
      const data: TxData = {
        id: this.#nextTxId++,
        kind: channel.kind,
        frames: some,
        data: channel.kind === 'calldata' ? encodeBatcherTx(some) : new Uint8Array(0),
        blobs: channel.kind === 'blobs' ? some.map((frame) => encodeBlob(encodeBatcherTx([frame]))) : [],
      }
      channel.txs.push({ data, state: 'waiting' })
    }
    this.#onEvent({
      type: 'closed',
      id: channel.out.id,
      reason,
      blocks: channel.blocks.length,
      inputBytes: channel.out.inputBytes,
      outputBytes: frames.reduce((sum, { data }) => sum + data.length, 0),
      frames: frames.length,
      kind: channel.kind,
    })
  }

  #find(id: number): { channel: Channel; tx: ChannelTx } | null {
    for (const channel of this.#channels) {
      const tx = channel.txs?.find(({ data }) => data.id === id)
      if (tx) return { channel, tx }
    }
    return null
  }

  #takeApart(channel: Channel): void {
    const at = this.#channels.indexOf(channel)
    const undone = this.#channels.splice(at)
    this.#setWaiting([...undone.flatMap(({ blocks }) => blocks), ...this.#waiting])
  }

  /** CHANNEL_TIMEOUT by the time of the including block: 50 from Granite. */
  #channelTimeout(l1Time: bigint): bigint {
    return isForkActive(this.#config, 'granite', l1Time) ? 50n : this.#config.channelTimeout
  }
}
