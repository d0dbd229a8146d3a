import type { ExecutionPayloadEnvelope, L2BlockRef } from '@keelson/protocol'
import type { BlockGossip } from '../src/blockGossip.ts'

type Handler = (envelope: ExecutionPayloadEnvelope, from: string) => void | Promise<void>

/** A network in memory: what one node publishes, the others of the hub get. */
export class FakeGossipHub {
  readonly #handlers = new Map<object, Set<Handler>>()
  readonly published: ExecutionPayloadEnvelope[] = []
  readonly requested: { from: bigint; to: bigint }[] = []
  /** While set, nothing gets through. */
  down = false

  join(): BlockGossip {
    const member = {}
    const handlers = new Set<Handler>()
    this.#handlers.set(member, handlers)
    return {
      onUnsafePayload: (handler) => {
        handlers.add(handler)
        return () => void handlers.delete(handler)
      },
      publish: async (envelope) => {
        this.published.push(envelope)
        if (this.down) throw new Error('no peers')
        for (const [other, set] of this.#handlers) {
          if (other === member) continue
          for (const handler of set) await handler(envelope, 'peer')
        }
      },
      requestRange: async (start: L2BlockRef, end: L2BlockRef) => {
        this.requested.push({ from: start.number + 1n, to: end.number - 1n })
      },
      close: async () => void this.#handlers.delete(member),
    }
  }
}
