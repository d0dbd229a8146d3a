import type { L1BlockRef } from '@keelson/protocol'
import { type Clock, every, type Logger, nullLogger, systemClock } from '@keelson/service'
import type { L1Client, L1HeadEvent, L1HeadTracker, L1Label } from './l1Api.ts'

export type L1HeadTrackerOptions = {
  readonly l1: Pick<L1Client, 'getBlockRefByLabel' | 'getBlockRefByNumber'>
  /** How often the latest block is asked for; 12 s. With a WebSocket that works, only a safety net. */
  readonly pollIntervalMs?: number
  /** How often safe and finalized are asked for; 384 s. Zero or less: never. */
  readonly epochPollIntervalMs?: number
  /** `ws:` or `wss:` URL whose `newHeads` tell of new blocks at once. */
  readonly websocketUrl?: string
  readonly clock?: Clock
  readonly log?: Logger
}

/** Follows L1's heads by polling, and by `newHeads` where a WebSocket URL is given. */
export function createL1HeadTracker(options: L1HeadTrackerOptions): L1HeadTracker {
  const { l1, pollIntervalMs = 12_000, epochPollIntervalMs = 384_000, clock = systemClock, log = nullLogger } = options
  const heads: { [L in L1Label]: L1BlockRef | null } = { latest: null, safe: null, finalized: null }
  const listeners = new Set<(event: L1HeadEvent) => void>()
  const stops: (() => void)[] = []
  let closed = false
  /** Polls are told one after another, so that listeners see moves in order. */
  let last: Promise<unknown> = Promise.resolve()
  let failing = false

  /** Whether `from` is no longer part of the chain that ends in `to`. */
  async function isReorg(from: L1BlockRef, to: L1BlockRef): Promise<boolean> {
    if (to.number <= from.number) return true
    if (to.number === from.number + 1n) return to.parentHash !== from.hash
    const sameHeight = await l1.getBlockRefByNumber(from.number)
    return sameHeight !== null && sameHeight.hash !== from.hash
  }

  async function poll(label: L1Label): Promise<void> {
    const to = await l1.getBlockRefByLabel(label)
    const from = heads[label]
    if (!to || closed || to.hash === from?.hash) return
    const reorg = from !== null && (await isReorg(from, to))
    if (closed) return
    heads[label] = to
    if (reorg)
      log.warn('L1 reorg', { label, from: from?.hash, from_number: from?.number, to: to.hash, to_number: to.number })
    for (const listener of [...listeners]) listener({ label, from, to, reorg })
  }

  function enqueue(label: L1Label): Promise<void> {
    const result = last.then(() => (closed ? undefined : poll(label)))
    last = result.catch(() => undefined)
    return result
  }

  async function tryPoll(label: L1Label): Promise<void> {
    try {
      await enqueue(label)
      if (failing) log.info('L1 answers again')
      failing = false
    } catch (error) {
      if (closed) return
      if (!failing) log.warn('L1 does not answer; its heads are not followed until it does', { label, err: error })
      failing = true
    }
  }

  function subscribe(url: string): void {
    let socket: WebSocket | null = null
    let cancelRetry = () => {}
    const connect = () => {
      if (closed) return
      socket = new WebSocket(url)
      socket.onopen = () => {
        log.info('Subscribing to L1 heads')
        socket?.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] }))
      }
      // What the notice says is not believed: it is the occasion to ask, and the answer is verified.
      socket.onmessage = () => void tryPoll('latest')
      socket.onerror = () => socket?.close()
      socket.onclose = () => {
        if (!closed) cancelRetry = clock.setTimeout(connect, Math.min(pollIntervalMs, 10_000))
      }
    }
    connect()
    stops.push(() => {
      cancelRetry()
      socket?.close()
    })
  }

  return {
    heads,
    on(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async start(signal) {
      for (let attempt = 1; heads.latest === null; attempt++) {
        signal?.throwIfAborted()
        if (closed) throw new Error('the L1 head tracker is closed')
        try {
          await enqueue('latest')
        } catch (error) {
          // Once at first, then once in a while: an L1 that is not there yet is an ordinary start.
          if (attempt % 10 === 1) log.warn('Waiting for L1 to answer eth_getBlockByNumber', { attempt, err: error })
        }
        if (heads.latest === null) await clock.sleep(Math.min(1000, pollIntervalMs), signal)
      }
      stops.push(every(clock, pollIntervalMs, () => tryPoll('latest')))
      if (epochPollIntervalMs > 0) {
        await Promise.all([tryPoll('safe'), tryPoll('finalized')])
        stops.push(
          every(clock, epochPollIntervalMs, () => Promise.all([tryPoll('safe'), tryPoll('finalized')]).then(() => {})),
        )
      }
      if (options.websocketUrl) subscribe(options.websocketUrl)
      return heads.latest
    },
    refresh: async () => {
      await Promise.all([tryPoll('latest'), tryPoll('safe'), tryPoll('finalized')])
    },
    close() {
      closed = true
      for (const stop of stops.splice(0)) stop()
      listeners.clear()
    },
  }
}
