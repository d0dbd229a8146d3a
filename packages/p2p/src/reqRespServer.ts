import type { ExecutionPayloadEnvelope, RollupConfig } from '@keelson/protocol'
import { type Clock, errorText, type Logger, Lru } from '@keelson/service'
import type { Connection, Stream } from '@libp2p/interface'
import type { P2PMetrics } from './metrics.ts'
import {
  encodeResponse,
  isRequestable,
  PAYLOAD_BY_NUMBER,
  REQUEST_SIZE,
  RESULT,
  tryDecodeRequest,
} from './payloadByNumber.ts'
import { readBytes, withinStreamLimit, writeBytes } from './streamIo.ts'
import { createTokenBucket, type TokenBucket } from './tokenBucket.ts'

/** Requests per second and burst; the client keeps to the same. */
export const GLOBAL_RATE = { rate: 20, burst: 40 } as const
export const PEER_RATE = { rate: 4, burst: 15 } as const
/** Peers whose rate is remembered. */
const MAX_RATED_PEERS = 1000
export const SERVER_LIMITS = { throttleMs: 20_000, readMs: 10_000, writeMs: 10_000 } as const

export type ReqRespServerParts = {
  readonly config: RollupConfig
  /** `null`: we do not have it. */
  readonly payloadByNumber: (number: bigint) => Promise<ExecutionPayloadEnvelope | null>
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: P2PMetrics
}

/** Handles streams of payload_by_number: waits for its turn, reads a number, answers with code or payload. */
export function createReqRespServer(parts: ReqRespServerParts) {
  const { config, clock, log, metrics } = parts
  const global = createTokenBucket(GLOBAL_RATE.rate, GLOBAL_RATE.burst, clock.now)
  const peers = new Lru<string, TokenBucket>(MAX_RATED_PEERS)

  /** Resolves to whether the request's turn comes within the limit. The first request of a peer only takes a token. */
  async function turnOf(peer: string): Promise<boolean> {
    const globalWait = global.tryReserve(SERVER_LIMITS.throttleMs)
    if (globalWait === null) return false
    if (globalWait > 0) await clock.sleep(globalWait)
    const known = peers.get(peer)
    if (!known) {
      const made = createTokenBucket(PEER_RATE.rate, PEER_RATE.burst, clock.now)
      made.reserve()
      peers.set(peer, made)
      return true
    }
    const peerWait = known.tryReserve(SERVER_LIMITS.throttleMs)
    if (peerWait === null) return false
    if (peerWait > 0) await clock.sleep(peerWait)
    return true
  }

  /** The bytes of the answer: one code, or a payload. */
  async function answer(stream: Stream, peer: string): Promise<Uint8Array> {
    const code = (value: number) => Uint8Array.of(value)
    if (!(await turnOf(peer))) {
      log.debug('Turned away a block request: too many', { peer })
      return code(RESULT.unknownError)
    }
    const request = await withinStreamLimit(stream, clock, SERVER_LIMITS.readMs, 'reading a request', () =>
      readBytes(stream, Number.MAX_SAFE_INTEGER, REQUEST_SIZE),
    )
    metrics.bandwidth.inc({ direction: 'in' }, request.length)
    const number = tryDecodeRequest(request)
    if (number === null) return code(RESULT.unknownError)
    metrics.payloadByNumber.set({ p2p_role: 'server' }, Number(number))
    if (!isRequestable(config, number, BigInt(Math.floor(clock.now() / 1000)))) return code(RESULT.invalidRequest)
    try {
      const envelope = await parts.payloadByNumber(number)
      return envelope ? encodeResponse(envelope) : code(RESULT.notFound)
    } catch (err) {
      log.warn('Could not serve a block', { peer, number, err })
      return code(RESULT.unknownError)
    }
  }

  return async (stream: Stream, connection: Connection): Promise<void> => {
    const peer = connection.remotePeer.toString()
    const start = clock.now()
    let result: number = RESULT.unknownError
    try {
      const bytes = await answer(stream, peer)
      result = bytes[0] as number
      metrics.bandwidth.inc({ direction: 'out' }, bytes.length)
      await withinStreamLimit(stream, clock, SERVER_LIMITS.writeMs, 'writing an answer', () =>
        writeBytes(stream, bytes),
      )
    } catch (err) {
      log.debug('Failed to answer a block request', { peer, reason: errorText(err) })
      stream.abort(err instanceof Error ? err : new Error(String(err)))
    } finally {
      recordExchange(metrics, 'server', result, clock.now() - start)
    }
  }
}

/** Counts one exchange; codes above 4 are shown as 5. */
export function recordExchange(metrics: P2PMetrics, role: 'client' | 'server', code: number, durationMs: number): void {
  const labels = { p2p_role: role, p2p_method: PAYLOAD_BY_NUMBER, result_code: Math.min(code, 5) }
  metrics.requests.inc(labels)
  metrics.requestDuration.observe(labels, durationMs / 1000)
}
