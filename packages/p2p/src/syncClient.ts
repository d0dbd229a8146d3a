import type { BlockId, ExecutionPayloadEnvelope, Hash, L2BlockRef } from '@keelson/protocol'
import { ZERO_HASH } from '@keelson/protocol'
import { type Clock, type Logger, Lru } from '@keelson/service'
import type { AppScores } from './appScores.ts'
import type { P2PMetrics } from './metrics.ts'
import type { RequestPayload } from './reqRespClient.ts'
import { GLOBAL_RATE, PEER_RATE } from './reqRespServer.ts'
import { createTokenBucket } from './tokenBucket.ts'

const TRUSTED_HASHES = 10_000
const QUARANTINED_PAYLOADS = 100
const MAX_QUEUED_REQUESTS = 128
/** Tokens that a request without a payload costs on top. */
const FAILURE_TOKENS = PEER_RATE.burst

type Wanted = { readonly number: bigint; readonly range: number }
type Held = { readonly peer: string; readonly envelope: ExecutionPayloadEnvelope }

export type SyncClientParts = {
  readonly request: RequestPayload
  /** Takes a trusted payload; when it rejects, the payload stays in quarantine. */
  readonly receive: (peer: string, envelope: ExecutionPayloadEnvelope) => void | Promise<void>
  readonly scores: Pick<AppScores, 'record'>
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: P2PMetrics
  /** Ask nobody but static peers. */
  readonly onlyStatic?: boolean
}

/** Fills a gap between two blocks by asking peers for its blocks by number, last first. */
export interface SyncClient {
  /** A peer has connected: one worker asks it, one block at a time. */
  addPeer(peerId: string, isStatic: boolean): void
  removePeer(peerId: string): void
  /** Wants the blocks between `start` and `end`, both excluded; `end` is trusted, and by it its parents. */
  requestRange(start: BlockId, end: L2BlockRef): Promise<void>
  close(): void
}

/**
 * Blocks come by number and are not trusted: they wait in quarantine until a trusted block names their hash as its
 * parent. From there trust walks back, block by block.
 *
 * @see specs/protocol/rollup-node-p2p.md#payload_by_number
 */
export function createSyncClient(parts: SyncClientParts): SyncClient {
  const { request, receive, scores, clock, log, metrics } = parts
  const trusted = new Lru<Hash, true>(TRUSTED_HASHES)
  const heldByNumber = new Map<bigint, Hash>()
  const quarantine = new Lru<Hash, Held>(QUARANTINED_PAYLOADS, {
    onEvict: (hash, { peer, envelope }) => {
      const { blockNumber } = envelope.executionPayload
      if (heldByNumber.get(blockNumber) === hash) heldByNumber.delete(blockNumber)
      if (trusted.has(hash)) return
      log.warn('Dropped a block that nothing led to', { peer, number: blockNumber, hash })
      scores.record(peer, 'rejectedPayloads')
    },
  })
  const queue: Wanted[] = []
  const waiting: (() => void)[] = []
  const inFlight = new Set<bigint>()
  const switchedOff = new Lru<number, true>(1000)
  const workers = new Map<string, AbortController>()
  const global = createTokenBucket(GLOBAL_RATE.rate, GLOBAL_RATE.burst, clock.now)
  let lastRange = 0
  /** Results and ranges are worked on one after the other, so that trust is never judged half-way. */
  let turn: Promise<void> = Promise.resolve()
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = turn.then(work)
    turn = done.catch((err: unknown) => log.error('Block sync failed', { err }))
    return done
  }

  /** Hands over a trusted block and all its held ancestors; gives the lowest number that was taken. */
  async function promote({ peer, envelope }: Held): Promise<bigint> {
    let next: Held | undefined = { peer, envelope }
    let lowest = envelope.executionPayload.blockNumber
    while (next) {
      const { blockHash, parentHash, blockNumber } = next.envelope.executionPayload
      try {
        await receive(next.peer, next.envelope)
      } catch (err) {
        log.warn('A synced block was not taken', { number: blockNumber, hash: blockHash, err })
        return lowest
      }
      lowest = blockNumber
      trusted.set(blockHash, true)
      quarantine.delete(blockHash)
      trusted.set(parentHash, true)
      next = quarantine.get(parentHash)
      if (next) continue
      // Whatever is held at the parent's height is not the parent: make room for another try.
      const wrong = heldByNumber.get(blockNumber - 1n)
      if (wrong !== undefined) quarantine.delete(wrong)
    }
    metrics.quarantine.set(quarantine.size)
    return lowest
  }

  async function onPayload(peer: string, envelope: ExecutionPayloadEnvelope): Promise<void> {
    const { blockHash, blockNumber } = envelope.executionPayload
    const held = { peer, envelope }
    quarantine.set(blockHash, held)
    heldByNumber.set(blockNumber, blockHash)
    metrics.quarantine.set(quarantine.size)
    if (trusted.has(blockHash)) await promote(held)
    metrics.quarantine.set(quarantine.size)
  }

  async function schedule(start: BlockId, end: L2BlockRef): Promise<void> {
    const range = ++lastRange
    trusted.set(end.hash, true)
    trusted.set(end.parentHash, true)
    for (let number = end.number - 1n; number > start.number; number--) {
      const hash = heldByNumber.get(number)
      if (hash !== undefined) {
        const held = trusted.has(hash) ? quarantine.get(hash) : undefined
        if (held) number = await promote(held)
        continue
      }
      if (inFlight.has(number)) continue
      if (queue.length >= MAX_QUEUED_REQUESTS) {
        log.debug('Too many block requests wait: the rest of the range comes later', { from: start.number, to: number })
        return
      }
      inFlight.add(number)
      queue.push({ number, range })
      waiting.shift()?.()
    }
  }

  /** The next wanted block; waits for one. `null` when the worker has been stopped. */
  async function take(signal: AbortSignal): Promise<Wanted | null> {
    while (!signal.aborted) {
      const wanted = queue.shift()
      if (!wanted) {
        await new Promise<void>((resolve) => {
          const wake = () => {
            signal.removeEventListener('abort', stop)
            resolve()
          }
          const stop = () => {
            waiting.splice(waiting.indexOf(wake), 1)
            resolve()
          }
          waiting.push(wake)
          signal.addEventListener('abort', stop, { once: true })
        })
      } else if (switchedOff.has(wanted.range)) inFlight.delete(wanted.number)
      else return wanted
    }
    // A wake-up that came too late for this worker is for another one.
    if (queue.length > 0) waiting.shift()?.()
    return null
  }

  async function work(peer: string, signal: AbortSignal): Promise<void> {
    const bucket = createTokenBucket(PEER_RATE.rate, PEER_RATE.burst, clock.now)
    while (!signal.aborted) {
      await clock.sleep(bucket.reserve(), signal)
      const wanted = await take(signal)
      if (!wanted) return
      const globalWait = global.reserve()
      try {
        if (globalWait > 0) await clock.sleep(globalWait, signal)
        const outcome = await request(peer, wanted.number)
        if (outcome.kind === 'payload') {
          scores.record(peer, 'validResponses')
          await inTurn(() => onPayload(peer, outcome.envelope))
        } else {
          bucket.reserve(FAILURE_TOKENS)
          if (outcome.kind === 'notFound') switchedOff.set(wanted.range, true)
          else {
            log.debug('A peer did not give a block', { peer, number: wanted.number, reason: outcome.reason })
            scores.record(peer, 'errorResponses')
          }
        }
      } finally {
        inFlight.delete(wanted.number)
      }
    }
  }

  return {
    addPeer(peerId, isStatic) {
      if (workers.has(peerId) || (parts.onlyStatic && !isStatic)) return
      const abort = new AbortController()
      workers.set(peerId, abort)
      work(peerId, abort.signal).catch((err: unknown) => {
        if (!abort.signal.aborted) log.error('Block sync with a peer failed', { peer: peerId, err })
      })
    },
    removePeer(peerId) {
      workers.get(peerId)?.abort(new Error('the peer is gone'))
      workers.delete(peerId)
    },
    async requestRange(start, end) {
      // Without a known end there is nothing that blocks could be trusted by.
      if (end.hash === ZERO_HASH) return
      await inTurn(() => schedule(start, end))
    },
    close() {
      for (const peerId of [...workers.keys()]) this.removePeer(peerId)
      queue.length = 0
      inFlight.clear()
    },
  }
}
