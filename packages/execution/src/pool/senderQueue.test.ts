import { describe, expect, it } from 'vitest'
import type { ExecutionTx } from '../transition/types.ts'
import { type PooledTx, SenderQueue } from './senderQueue.ts'

const entry = (nonce: bigint, cost = 1n): PooledTx => ({ tx: { nonce } as ExecutionTx, sequence: 0, cost })
const nonces = (list: readonly PooledTx[]) => list.map(({ tx }) => tx.nonce)

describe('SenderQueue', () => {
  it('keeps nonce order whatever the order of arrival, and splits at the first gap', () => {
    const queue = new SenderQueue()
    for (const nonce of [7n, 5n, 9n, 6n]) queue.set(entry(nonce))
    expect(nonces(queue.all())).toEqual([5n, 6n, 7n, 9n])
    expect(queue.last()?.tx.nonce).toBe(9n)
    const { pending, queued } = queue.split(5n)
    expect([nonces(pending), nonces(queued)]).toEqual([[5n, 6n, 7n], [9n]])
    expect([queue.pendingCount(4n), queue.pendingCount(5n), queue.pendingCount(6n)]).toEqual([0, 3, 0])
    queue.set(entry(8n))
    expect(queue.pendingCount(5n)).toBe(5)
    queue.delete(5n)
    expect([queue.pendingCount(6n), queue.get(5n), queue.get(6n)?.tx.nonce]).toEqual([4, undefined, 6n])
  })

  it('sums what executable transactions cost, also after one was replaced or taken away', () => {
    const queue = new SenderQueue()
    for (let nonce = 0n; nonce < 6n; nonce++) queue.set(entry(nonce, 10n ** nonce))
    expect([0n, 3n, 6n, 99n].map((nonce) => queue.costBelow(nonce, 0n))).toEqual([0n, 111n, 111_111n, 111_111n])
    queue.set(entry(2n, 500n))
    expect(queue.costBelow(4n, 0n)).toBe(1511n)
    queue.delete(0n)
    expect(queue.costBelow(4n, 1n)).toBe(1510n)
    queue.delete(3n)
    expect(queue.costBelow(99n, 1n)).toBe(510n)
    expect(queue.costBelow(99n, 0n)).toBe(0n)
  })

  it('gives up what lies below a nonce, gaps or not', () => {
    const queue = new SenderQueue()
    for (const nonce of [3n, 4n, 6n, 9n]) queue.set(entry(nonce, nonce))
    expect(queue.costBelow(6n, 3n)).toBe(7n)
    expect(nonces(queue.takeBelow(3n))).toEqual([])
    expect(nonces(queue.takeBelow(7n))).toEqual([3n, 4n, 6n])
    expect(nonces(queue.all())).toEqual([9n])
    expect(queue.costBelow(10n, 9n)).toBe(9n)
  })
})
