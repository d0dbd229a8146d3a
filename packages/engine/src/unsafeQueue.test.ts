import { type ExecutionPayloadEnvelope, ZERO_ADDRESS, ZERO_HASH } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { UnsafePayloadQueue } from './unsafeQueue.ts'

const block = (blockNumber: bigint, size = 0, fork = 0): ExecutionPayloadEnvelope => ({
  executionPayload: {
    parentHash: ZERO_HASH,
    feeRecipient: ZERO_ADDRESS,
    stateRoot: ZERO_HASH,
    receiptsRoot: ZERO_HASH,
    logsBloom: '0x',
    prevRandao: ZERO_HASH,
    blockNumber,
    gasLimit: 0n,
    gasUsed: 0n,
    timestamp: 0n,
    extraData: '0x',
    baseFeePerGas: 0n,
    blockHash: `0x${fork}${blockNumber.toString(16).padStart(63, '0')}`,
    transactions: size > 0 ? [new Uint8Array(size)] : [],
  },
})
const numbers = (queue: UnsafePayloadQueue) => {
  const out: bigint[] = []
  for (let next = queue.pop(); next; next = queue.pop()) out.push(next.executionPayload.blockNumber)
  return out
}

describe('the queue of unsafe payloads', () => {
  it('gives the lowest number first, in the order of arrival among equals', () => {
    const queue = new UnsafePayloadQueue()
    for (const number of [5n, 3n, 9n, 4n]) queue.add(block(number))
    queue.add(block(3n, 0, 1))
    expect(queue.peek()?.executionPayload.blockHash).toBe(block(3n).executionPayload.blockHash)
    expect(numbers(queue)).toEqual([3n, 3n, 4n, 5n, 9n])
    expect([queue.length, queue.bytes]).toEqual([0, 0])
  })

  it('takes a payload once', () => {
    const queue = new UnsafePayloadQueue()
    expect(queue.add(block(1n)).result).toBe('added')
    expect(queue.add(block(1n)).result).toBe('duplicate')
    expect(queue.length).toBe(1)
    queue.remove(block(1n).executionPayload.blockHash)
    expect([queue.length, queue.bytes]).toEqual([0, 0])
    expect(queue.add(block(1n)).result).toBe('added')
  })

  it('drops the lowest when it is full, and takes none that is too large alone', () => {
    // 1000 for the payload, 24 for its transaction.
    const queue = new UnsafePayloadQueue(4 * 1124)
    for (const number of [5n, 2n, 8n, 3n]) expect(queue.add(block(number, 100)).evicted).toEqual([])
    expect(queue.bytes).toBe(4 * 1124)
    const { result, evicted } = queue.add(block(6n, 100))
    expect(result).toBe('added')
    expect(evicted.map(({ executionPayload }) => executionPayload.blockNumber)).toEqual([2n])
    expect(queue.add(block(7n, 10_000)).result).toBe('tooLarge')
    queue.clear()
    expect([queue.length, queue.bytes, queue.peek()]).toEqual([0, 0, null])
  })
})
