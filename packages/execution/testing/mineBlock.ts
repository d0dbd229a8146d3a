import type { ExecutionPayloadEnvelope, PayloadAttributes } from '@keelson/protocol'
import type { ExecutionEngine } from '../src/engine/executionEngine.ts'
import { devAttributes, forkchoiceOf, insertBlock } from './devChain.ts'

/** Makes the next block from the pool, and makes it the head. All that is executable now is in it, if it fits. */
export async function mineBlock(
  engine: ExecutionEngine,
  overrides: Parameters<typeof devAttributes>[1] = {},
): Promise<ExecutionPayloadEnvelope> {
  const parent = await engine.getBlock('unsafe')
  if (!parent) throw new Error('no head')
  const attributes: PayloadAttributes = devAttributes(parent, { noTxPool: false, ...overrides })
  const { payloadId } = await engine.forkchoiceUpdated(forkchoiceOf(parent), attributes)
  const job = payloadId && engine.builder.get(payloadId)
  if (!job) throw new Error('no payload')
  await job.firstPass
  const block = await engine.getPayload(job.id)
  await insertBlock(engine, block)
  return block
}
