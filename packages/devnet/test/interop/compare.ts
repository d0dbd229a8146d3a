import type { Hash } from '@keelson/protocol'
import { expect } from 'vitest'
import { eventually, rpc, syncStatus } from '../support.ts'
import type { Engine, Replica, RollupNode } from './programs.ts'

/** Waits until the node's head of this kind has reached `number`. */
export async function untilHead(
  node: RollupNode,
  head: 'unsafeL2' | 'safeL2' | 'finalizedL2',
  number: bigint,
): Promise<bigint> {
  return eventually(`${head} at ${number}`, async () => {
    const status = await syncStatus(node.rollupRpc)
    return status[head].number >= number && status[head].number
  })
}

/** Hash of the block at `number`, or `null`. */
export async function hashAt(engine: Engine, number: bigint): Promise<Hash | null> {
  const block = await rpc<{ hash: Hash } | null>(engine.rpc, 'eth_getBlockByNumber', [
    `0x${number.toString(16)}`,
    false,
  ])
  return block?.hash ?? null
}

/** Numbers of the blocks up to `last` whose hashes differ between two engines. */
export async function differing(a: Engine, b: Engine, last: bigint): Promise<bigint[]> {
  const found: bigint[] = []
  for (let number = 0n; number <= last; number++) {
    const [ours, theirs] = await Promise.all([hashAt(a, number), hashAt(b, number)])
    if (ours === null || ours !== theirs) found.push(number)
  }
  return found
}

/** The output root of a block, as the node answers it. */
export async function outputRoot({ rollupRpc }: RollupNode, number: bigint): Promise<Hash> {
  const params = [`0x${number.toString(16)}`]
  return (await rpc<{ outputRoot: Hash }>(rollupRpc, 'optimism_outputAtBlock', params)).outputRoot
}

/** Waits until the verifier has derived the sequencer's chain up to `until`, and compares every block and the output. */
export async function expectSameChain(sequencer: Replica, verifier: Replica, until: bigint): Promise<void> {
  const safe = await untilHead(verifier.node, 'safeL2', until)
  expect(await differing(sequencer.engine, verifier.engine, safe)).toEqual([])
  expect(await outputRoot(verifier.node, safe)).toBe(await outputRoot(sequencer.node, safe))
  await untilHead(verifier.node, 'finalizedL2', 1n)
}
