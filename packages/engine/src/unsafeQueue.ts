import type { ExecutionPayloadEnvelope, Hash } from '@keelson/protocol'

/** What is counted for a payload besides its transactions. */
const PAYLOAD_OVERHEAD = 1000
/** What is counted for a transaction besides its bytes. */
const TX_OVERHEAD = 24

/** How much all queued unsafe payloads may weigh: 500 MiB. */
export const MAX_UNSAFE_PAYLOADS_BYTES = 500 * 1024 * 1024

export type QueueAddition = 'added' | 'duplicate' | 'tooLarge'

/**
 * Unsafe payloads that wait for their parent, lowest block number first.
 *
 * Bounded by {@link MAX_UNSAFE_PAYLOADS_BYTES}: when full, the lowest is dropped, because what is far behind is what
 * derivation brings soonest.
 */
export class UnsafePayloadQueue {
  readonly #maxBytes: number
  readonly #hashes = new Set<Hash>()
  /** Sorted by number, then by arrival. */
  #payloads: ExecutionPayloadEnvelope[] = []
  #bytes = 0

  constructor(maxBytes: number = MAX_UNSAFE_PAYLOADS_BYTES) {
    this.#maxBytes = maxBytes
  }

  get length(): number {
    return this.#payloads.length
  }

  /** Estimated bytes held. */
  get bytes(): number {
    return this.#bytes
  }

  /** Puts a payload in its place; returns what had to go for it. */
  add(envelope: ExecutionPayloadEnvelope): { result: QueueAddition; evicted: readonly ExecutionPayloadEnvelope[] } {
    const { blockHash, blockNumber } = envelope.executionPayload
    if (this.#hashes.has(blockHash)) return { result: 'duplicate', evicted: [] }
    const size = payloadSize(envelope)
    if (size > this.#maxBytes) return { result: 'tooLarge', evicted: [] }
    let low = 0
    let high = this.#payloads.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#payloads[middle] as ExecutionPayloadEnvelope).executionPayload.blockNumber <= blockNumber)
        low = middle + 1
      else high = middle
    }
    this.#payloads.splice(low, 0, envelope)
    this.#hashes.add(blockHash)
    this.#bytes += size
    const evicted: ExecutionPayloadEnvelope[] = []
    while (this.#bytes > this.#maxBytes) evicted.push(this.pop() as ExecutionPayloadEnvelope)
    return { result: 'added', evicted }
  }

  /** The payload with the lowest number, or `null` when empty. */
  peek(): ExecutionPayloadEnvelope | null {
    return this.#payloads[0] ?? null
  }

  /** Takes the payload with the lowest number out. */
  pop(): ExecutionPayloadEnvelope | null {
    const first = this.#payloads.shift()
    if (!first) return null
    this.#hashes.delete(first.executionPayload.blockHash)
    this.#bytes -= payloadSize(first)
    return first
  }

  /** Takes one payload out wherever it stands. */
  remove(hash: Hash): void {
    if (!this.#hashes.delete(hash)) return
    const index = this.#payloads.findIndex((p) => p.executionPayload.blockHash === hash)
    const [removed] = this.#payloads.splice(index, 1)
    if (removed) this.#bytes -= payloadSize(removed)
  }

  clear(): void {
    this.#payloads = []
    this.#hashes.clear()
    this.#bytes = 0
  }
}

function payloadSize(envelope: ExecutionPayloadEnvelope): number {
  let size = PAYLOAD_OVERHEAD
  for (const tx of envelope.executionPayload.transactions) size += tx.length + TX_OVERHEAD
  return size
}
