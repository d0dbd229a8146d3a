import type { ExecutionPayloadEnvelope, RollupConfig } from '@keelson/protocol'
import { type Clock, errorText } from '@keelson/service'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Host } from './host.ts'
import type { P2PMetrics } from './metrics.ts'
import {
  encodeRequest,
  MAX_RESPONSE_SIZE,
  payloadByNumberProtocol,
  REQUEST_SIZE,
  RESULT,
  readResponse,
} from './payloadByNumber.ts'
import { recordExchange } from './reqRespServer.ts'
import { readBytes, withinStreamLimit, writeBytes } from './streamIo.ts'

export const CLIENT_LIMITS = { openMs: 5000, writeMs: 10_000, readMs: 10_000 } as const

/** What one request gave. `notFound` is an honest answer; `failed` is not. */
export type RequestOutcome =
  | { readonly kind: 'payload'; readonly envelope: ExecutionPayloadEnvelope }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'failed'; readonly reason: string }

export type RequestPayload = (peerId: string, number: bigint) => Promise<RequestOutcome>

/** Asks one peer for one block and checks what comes. Never rejects. */
export function createReqRespClient(
  host: Host,
  config: RollupConfig,
  clock: Clock,
  metrics: P2PMetrics,
): RequestPayload {
  const protocol = payloadByNumberProtocol(config.l2ChainId)

  async function exchange(peerId: string, number: bigint): Promise<{ outcome: RequestOutcome; code: number }> {
    const openLimit = AbortSignal.timeout(CLIENT_LIMITS.openMs)
    const stream = await host.dialProtocol(peerIdFromString(peerId), protocol, { signal: openLimit })
    try {
      await withinStreamLimit(stream, clock, CLIENT_LIMITS.writeMs, 'writing a request', () =>
        writeBytes(stream, encodeRequest(number)),
      )
      // Incompressible data is longer in frames; a hundredth and a chunk are more than they need.
      const max = MAX_RESPONSE_SIZE + MAX_RESPONSE_SIZE / 64
      const bytes = await withinStreamLimit(stream, clock, CLIENT_LIMITS.readMs, 'reading an answer', () =>
        readBytes(stream, max),
      )
      metrics.bandwidth.inc({ direction: 'out' }, REQUEST_SIZE)
      metrics.bandwidth.inc({ direction: 'in' }, bytes.length)
      const response = readResponse(config, number, bytes)
      if ('envelope' in response) return { outcome: { kind: 'payload', envelope: response.envelope }, code: 0 }
      // Failures without a code of their own are recorded as 1, as op-node does.
      const code = response.code ?? RESULT.notFound
      if (response.code === RESULT.notFound) return { outcome: { kind: 'notFound' }, code }
      return { outcome: { kind: 'failed', reason: response.reason }, code }
    } finally {
      if (stream.status !== 'closed') stream.abort(new Error('the exchange is over'))
    }
  }

  return async (peerId, number) => {
    const start = clock.now()
    metrics.payloadByNumber.set({ p2p_role: 'client' }, Number(number))
    const { outcome, code } = await exchange(peerId, number).catch((error: unknown) => ({
      outcome: { kind: 'failed' as const, reason: errorText(error) },
      code: RESULT.notFound,
    }))
    recordExchange(metrics, 'client', code, clock.now() - start)
    return outcome
  }
}
