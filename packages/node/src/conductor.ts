import { type ExecutionPayloadEnvelope, envelopeToJson } from '@keelson/protocol'
import { type Clock, createRpcClient, fixedBackoff, type Logger, retry, systemClock } from '@keelson/service'

/** Who decides which of several sequencers leads. */
export interface Conductor {
  readonly enabled: boolean
  /** Whether this node leads. */
  leader(): Promise<boolean>
  /** Agrees on a block with the others before it is made known. Rejects when they did not agree. */
  commitUnsafePayload(envelope: ExecutionPayloadEnvelope): Promise<void>
  /** From now on this node leads, whatever the others say. */
  overrideLeader(): void
}

/** A sequencer alone: it always leads. */
export const noConductor: Conductor = {
  enabled: false,
  leader: async () => true,
  commitUnsafePayload: async () => {},
  overrideLeader: () => {},
}

type ConductorOptions = {
  readonly url: string
  /** For all tries of one call; 1 s. */
  readonly timeoutMs?: number
  readonly clock?: Clock
  readonly log?: Logger
  readonly fetch?: typeof globalThis.fetch
}

const ATTEMPTS = 2
const WAIT_MS = 50

/** A conductor over JSON-RPC, as op-node speaks with op-conductor. */
export function createConductorClient(options: ConductorOptions): Conductor {
  const { url, timeoutMs = 1000, clock = systemClock } = options
  const rpc = createRpcClient({
    url,
    name: 'conductor',
    timeoutMs: Math.max(1, Math.floor((timeoutMs - WAIT_MS) / ATTEMPTS)),
    clock,
    ...(options.log ? { log: options.log } : {}),
    ...(options.fetch ? { fetch: options.fetch } : {}),
  })
  const ask = <T>(method: string, params: readonly unknown[]) =>
    retry(() => rpc.request<T>(method, params), { attempts: ATTEMPTS, strategy: fixedBackoff(WAIT_MS), clock })
  let overridden = false
  return {
    enabled: true,
    leader: async () => overridden || (await ask<boolean>('conductor_leader', [])),
    commitUnsafePayload: async (envelope) => {
      if (!overridden) await ask('conductor_commitUnsafePayload', [envelopeToJson(envelope)])
    },
    overrideLeader: () => {
      overridden = true
    },
  }
}
