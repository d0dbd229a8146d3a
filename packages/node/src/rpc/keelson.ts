import type { EngineController } from '@keelson/engine'
import { jsonNumber, type SyncStatus, syncStatusToJson } from '@keelson/protocol'
import type { RpcMethods } from '@keelson/service/node'
import type { Explanation, Incident } from '../journal.ts'
import type { Sequencer } from '../sequencer.ts'

export type KeelsonApiParts = {
  readonly explain: () => Explanation
  readonly engine: EngineController
  readonly sequencer: Sequencer | null
  readonly status: () => SyncStatus
}

/** `keelson_explain`: what the node does now and since when, and the last things that did not go straight. */
export function keelsonApi({ explain, engine, sequencer, status }: KeelsonApiParts): RpcMethods {
  return {
    keelson_explain: () => {
      const { activity, resets, errors, drops } = explain()
      const { length, bytes, lowest } = engine.unsafeQueue
      return {
        doing: activity.doing,
        since: new Date(activity.sinceMs).toISOString(),
        engine: { sync: engine.elSync.phase, forkchoicePending: engine.forkchoicePending },
        unsafeQueue: { length, bytes, lowest: lowest && { hash: lowest.hash, number: jsonNumber(lowest.number) } },
        sequencer: sequencer && {
          active: sequencer.active,
          phase: sequencer.phase,
          stalledBySafeLag: sequencer.stalledBySafeLag,
          recoverMode: sequencer.recoverMode,
        },
        resets: resets.map(incidentToJson),
        errors: errors.map(incidentToJson),
        drops: drops.map(incidentToJson),
        syncStatus: syncStatusToJson(status()),
      }
    },
  }
}

function incidentToJson({ kind, atMs, count, code, reason, evidence }: Incident) {
  return { kind, at: new Date(atMs).toISOString(), count, code, reason, evidence: plain(evidence) }
}

/** Evidence as JSON: integers as numbers where they fit. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return jsonNumber(value)
  if (value instanceof Error) return value.message
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}
