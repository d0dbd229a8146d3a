import type { ExecutionPayloadEnvelope, L2BlockRef } from '@keelson/protocol'

/** All that the node asks of the P2P network. What comes from it is unsafe data. */
export interface BlockGossip {
  /** Blocks that peers gossiped or sent in answer to {@link BlockGossip.requestRange}. The returned function ends it. */
  onUnsafePayload(handler: (envelope: ExecutionPayloadEnvelope, from: string) => void | Promise<void>): () => void
  /** Signs a block and makes it known. Rejects when that failed. */
  publish(envelope: ExecutionPayloadEnvelope): Promise<void>
  /** Asks peers for the blocks between two refs, both excluded. They come, or not. */
  requestRange(start: L2BlockRef, end: L2BlockRef): Promise<void>
  close(): Promise<void>
}
