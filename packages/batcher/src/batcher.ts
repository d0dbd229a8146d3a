import type { TxManager } from '@keelson/l1'
import { type L1BlockRef, type RollupConfig, type SyncStatus, syncStatusFromJson } from '@keelson/protocol'
import {
  type Clock,
  type Logger,
  type MetricRegistry,
  nullLogger,
  nullMetrics,
  type RpcClient,
  systemClock,
} from '@keelson/service'
import { createBlockLoader, spoiledActivation } from './batchBlock.ts'
import { type ChannelEvent, type ChannelPolicy, ChannelQueue, type DaKind, type TxData } from './channelQueue.ts'
import { cheaperKind } from './daChoice.ts'
import { createBatcherMetrics } from './metrics.ts'
import { safeHeadOf, syncAction } from './syncAction.ts'
import { createThrottleController, createThrottler, type ThrottlePolicy } from './throttle.ts'

export type BatcherOptions = {
  readonly config: RollupConfig
  /** The rollup node that is asked for its sync status: the sequencer's. */
  readonly rollup: RpcClient
  /** The engine that has the unsafe blocks. */
  readonly l2: RpcClient
  /** Sends from the batcher's account. */
  readonly txs: TxManager
  readonly dataAvailabilityType?: DaKind | 'auto'
  /** How often new blocks are looked for; 6 s. */
  readonly pollIntervalMs?: number
  /** Transactions on their way at once; 0: any number. */
  readonly maxPendingTx?: number
  /** Wait at the start until the node has read L1 up to here: what an earlier run posted must not be posted again. */
  readonly startAfterL1?: bigint
  readonly policy?: Partial<ChannelPolicy>
  readonly throttle?: ThrottlePolicy
  /** Engines to be throttled besides `l2`. */
  readonly throttledEngines?: readonly RpcClient[]
  readonly randomBytes?: (length: number) => Uint8Array
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: MetricRegistry
}

/** What the batcher holds and does, for whoever watches. */
export type BatcherStatus = {
  readonly running: boolean
  /** Blocks loaded and not yet safe. */
  readonly pendingBlocks: number
  /** Bytes that no L1 transaction carries yet. */
  readonly backlogBytes: number
  readonly pendingTxs: number
}

/** Writes the unsafe L2 blocks to L1. */
export interface Batcher {
  /** @throws {Error} `batcher is already running` */
  start(): Promise<void>
  /** Ends the loop and forgets what was held; the safe head says where to go on. @throws {Error} `batcher is not running` */
  stop(): Promise<void>
  /** Closes the open channel at the next turn, full or not, and takes that turn now. */
  flush(): void
  status(): BatcherStatus
  /** Stops if running. */
  close(): Promise<void>
}

export const DEFAULT_CHANNEL_POLICY: ChannelPolicy = {
  batchType: 'span',
  compression: 'zlib',
  maxChannelDuration: 0n,
  subSafetyMargin: 10n,
  maxL1TxSizeBytes: 120_000,
  targetNumFrames: 1,
  maxBlocksPerSpanBatch: 0,
}

/** Blocks that are read from the engine at once. */
const LOAD_CONCURRENCY = 8
/** Blocks loaded before what is there is put into channels and sent. */
const MAX_BLOCKS_PER_TURN = 2_000n
/** Above this backlog no more blocks are loaded until transactions are on their way. */
const MAX_HELD_BYTES = 64 * 1024 * 1024

/**
 * The batcher's loop: sync status → blocks → channels → transactions, and back to the safe head when L1 or L2 turn out
 * otherwise than expected.
 *
 * @see specs/protocol/batcher.md
 */
export function createBatcher(options: BatcherOptions): Batcher {
  const { config, rollup, l2, txs, clock = systemClock, log = nullLogger } = options
  const { pollIntervalMs = 6_000, maxPendingTx = 1, dataAvailabilityType = 'blobs', startAfterL1 = 0n } = options
  const policy: ChannelPolicy = { ...DEFAULT_CHANNEL_POLICY, ...options.policy }
  const metrics = createBatcherMetrics(options.metrics ?? nullMetrics)
  const randomBytes =
    options.randomBytes ?? ((length: number) => globalThis.crypto.getRandomValues(new Uint8Array(length)))
  const queue = new ChannelQueue({ config, policy, randomBytes, onEvent: onChannel })
  const loadBlock = createBlockLoader(l2, config)
  const throttled = [l2, ...(options.throttledEngines ?? [])]
  const limitsFor = options.throttle && createThrottleController(options.throttle)
  const throttle = createThrottler({ engines: throttled, log })

  let running: { abort: AbortController; done: Promise<void> } | null = null
  let wake: (() => void) | null = null
  let flushing = false
  let pending = 0
  /** Nothing is loaded before the node has read L1 up to here. */
  let holdUntilL1 = startAfterL1
  /** Highest L1 block that holds something of this run. */
  let lastInclusion = 0n
  /** Advances with each fresh start, so that late news of old transactions is not taken for new ones. */
  let generation = 0
  /** Transactions of an earlier generation that are still on their way. */
  let stale = 0
  let waitingFor = ''
  /** Whether blocks were left for the next turn. */
  let behind = false
  let l1Time = 0n

  txs.onDropped(({ inclusion, resent }) => {
    log.warn('A batcher transaction was taken out by an L1 reorg', {
      hash: inclusion.hash,
      l1_block: inclusion.blockNumber,
      resent,
    })
    // One that cannot be sent again leaves a hole: begin anew behind the safe head.
    if (!resent) restart('a batcher transaction was lost in an L1 reorg')
    wake?.()
  })

  function onChannel(event: ChannelEvent): void {
    metrics.channels.inc({ event: event.type })
    const { type, ...fields } = event
    if (type === 'closed') {
      metrics.inputBytes.inc(undefined, event.inputBytes)
      metrics.outputBytes.inc(undefined, event.outputBytes)
      metrics.compressionRatio.observe(event.outputBytes / Math.max(1, event.inputBytes))
      log.info('Channel closed', fields)
    } else if (type === 'timedOut') {
      log.warn('Channel timed out on L1, its blocks are posted again', fields)
    } else {
      log.debug(type === 'opened' ? 'Channel opened' : 'Channel submitted', fields)
    }
  }

  function restart(reason: string): void {
    if (queue.blockCount > 0) log.warn('Starting again behind the safe head', { reason, held_blocks: queue.blockCount })
    queue.clear()
    generation++
    stale = pending
    holdUntilL1 = lastInclusion
    metrics.restarts.inc()
  }

  /** Why nothing may be loaded yet, or `null`. */
  function holdReason(status: SyncStatus): string | null {
    if (stale > 0) return 'earlier transactions are still on their way'
    // L1 may have become shorter in a reorg.
    if (holdUntilL1 > status.headL1.number && status.headL1.number > 0n) holdUntilL1 = status.headL1.number
    if (status.currentL1.number < holdUntilL1) {
      return `the node has derived L1 up to ${status.currentL1.number}; what was posted stands in L1 up to ${holdUntilL1}`
    }
    return null
  }

  async function load(from: bigint, head: bigint, signal: AbortSignal): Promise<void> {
    const to = head < from + MAX_BLOCKS_PER_TURN ? head : from + MAX_BLOCKS_PER_TURN - 1n
    for (let next = from; next <= to && queue.backlogBytes < MAX_HELD_BYTES; ) {
      const count = Number(to - next + 1n < BigInt(LOAD_CONCURRENCY) ? to - next + 1n : BigInt(LOAD_CONCURRENCY))
      const blocks = await Promise.all(Array.from({ length: count }, (_, i) => loadBlock(next + BigInt(i), signal)))
      for (const block of blocks) {
        if (!block) return
        const fork = spoiledActivation(config, block)
        if (fork)
          log.error('An activation block holds user transactions; derivation will replace it', {
            fork,
            block: block.ref.number,
          })
        const last = queue.lastBlock
        if (last && last.ref.hash !== block.ref.parentHash) {
          restart(`L2 reorg: block ${block.ref.number} is not the child of ${last.ref.hash}`)
          return
        }
        queue.addBlock(block)
      }
      next += BigInt(count)
    }
    // The rest of a long backlog comes in the next turn, which need not wait.
    behind = to < head
  }

  async function chooseKind(): Promise<() => DaKind> {
    if (dataAvailabilityType !== 'auto') return () => dataAvailabilityType
    try {
      const kind = cheaperKind(await txs.fees(), Math.min(policy.targetNumFrames, 6), policy.maxL1TxSizeBytes)
      return () => kind
    } catch (error) {
      log.warn('L1 prices are not known, blobs are used', { err: error })
      return () => 'blobs'
    }
  }

  /** Sends what is ready, in order, as far as `maxPendingTx` allows. */
  function submit(signal: AbortSignal): void {
    while (!signal.aborted && (maxPendingTx === 0 || pending < maxPendingTx)) {
      const tx = queue.nextTx()
      if (!tx) return
      pending++
      const sentIn = generation
      void send(tx, sentIn, signal).finally(() => {
        pending--
        if (sentIn !== generation && stale > 0) stale--
        wake?.()
      })
    }
  }

  async function send(tx: TxData, sentIn: number, signal: AbortSignal): Promise<void> {
    const fields = { kind: tx.kind, frames: tx.frames.length, channel: tx.frames[0]?.channelId }
    metrics.txs.inc({ stage: 'submitted' })
    try {
      const inclusion = await txs.send(
        tx.kind === 'blobs'
          ? { to: config.batchInboxAddress, blobs: tx.blobs }
          : { to: config.batchInboxAddress, data: tx.data },
        { signal },
      )
      for (const { data } of tx.frames) if (tx.kind === 'blobs') metrics.blobUsedBytes.observe(data.length + 24)
      metrics.txs.inc({ stage: 'confirmed' })
      if (inclusion.blockNumber > lastInclusion) lastInclusion = inclusion.blockNumber
      log.info('Batcher transaction is on L1', { hash: inclusion.hash, l1_block: inclusion.blockNumber, ...fields })
      if (sentIn !== generation) return
      queue.confirmed(tx.id, { number: inclusion.blockNumber, timestamp: l1Time })
    } catch (error) {
      if (signal.aborted) return
      metrics.txs.inc({ stage: 'failed' })
      log.warn('Batcher transaction failed, its channel is posted again', { ...fields, err: error })
      if (sentIn === generation) queue.failed(tx.id)
    }
  }

  async function turn(signal: AbortSignal): Promise<void> {
    const status = syncStatusFromJson(await rollup.request('optimism_syncStatus', [], { signal }))
    l1Time = status.headL1.timestamp
    behind = false
    const action = syncAction(status, queue)
    if (action.type === 'restart') restart(action.reason)
    const hold = action.type === 'wait' ? action.reason : holdReason(status)
    if (hold !== null) {
      if (hold !== waitingFor) log.info('Waiting', { reason: hold })
      waitingFor = hold
      return
    }
    waitingFor = ''
    if (action.type === 'load') {
      queue.prune(action.safe)
      await load(action.from, action.to, signal)
    }
    const head: L1BlockRef = status.headL1
    const flush = flushing
    flushing = false
    const kind = await chooseKind()
    try {
      queue.build(head, kind, flush)
    } finally {
      // A block that cannot be written must not hold back those before it.
      submit(signal)
    }
    report(status)
    if (limitsFor) {
      const limits = limitsFor(queue.backlogBytes, clock.now())
      metrics.throttleIntensity.set(limits.intensity)
      await throttle(limits, signal)
    }
  }

  function report(status: SyncStatus): void {
    metrics.pendingBlocks.set({ stage: 'loaded' }, queue.blockCount)
    metrics.pendingBytes.set(queue.backlogBytes)
    log.trace('Turn', {
      unsafe: status.unsafeL2.number,
      safe: safeHeadOf(status).number,
      held_blocks: queue.blockCount,
      pending_txs: pending,
    })
  }

  async function loop(signal: AbortSignal): Promise<void> {
    let failing = false
    signal.addEventListener('abort', () => wake?.(), { once: true })
    while (!signal.aborted) {
      try {
        await turn(signal)
        if (failing) log.info('The batcher goes on')
        failing = false
      } catch (error) {
        if (signal.aborted) break
        if (failing) log.debug('The batcher still cannot go on', { err: error })
        else log.warn('The batcher cannot go on for now', { err: error })
        failing = true
      }
      await new Promise<void>((resolve) => {
        const cancel = clock.setTimeout(
          resolve,
          behind && !failing && queue.backlogBytes < MAX_HELD_BYTES ? 0 : pollIntervalMs,
        )
        wake = () => {
          cancel()
          resolve()
        }
        if (signal.aborted) wake()
      })
      wake = null
    }
  }

  const stop = async () => {
    if (!running) throw new Error('batcher is not running')
    const { abort, done } = running
    running = null
    metrics.up.set(0)
    abort.abort(new Error('the batcher was stopped'))
    await done
    queue.clear()
    generation++
    stale = pending
    holdUntilL1 = lastInclusion
    log.info('Batcher stopped')
  }

  return {
    async start() {
      if (running) throw new Error('batcher is already running')
      const abort = new AbortController()
      running = { abort, done: loop(abort.signal) }
      metrics.up.set(1)
      log.info('Batcher started', {
        data_availability_type: dataAvailabilityType,
        batch_type: policy.batchType,
        from: txs.address,
      })
    },
    stop,
    flush() {
      flushing = true
      wake?.()
    },
    status: () => ({
      running: running !== null,
      pendingBlocks: queue.blockCount,
      backlogBytes: queue.backlogBytes,
      pendingTxs: pending,
    }),
    async close() {
      if (running) await stop()
    },
  }
}
