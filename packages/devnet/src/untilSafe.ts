import type { Devnet } from './devnet.ts'

/** What `--until-safe` prints. Times in milliseconds since the process began. */
export type UntilSafeResult = {
  readonly ok: boolean
  /** The verifier's safe head at the end. */
  readonly safe: number
  /** Whether blocks 0 up to the asked one have the same hash on both nodes. */
  readonly hashesMatch: boolean
  readonly finalized: number
  readonly l1Head: number
  /** When the sequencer's first block was there. */
  readonly firstL2BlockMs: number | null
  readonly elapsedMs: number
  readonly reason?: string
}

export type UntilSafeOptions = {
  readonly number: bigint
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Waits until the verifier has derived block `number` from L1, then compares its chain with the sequencer's. */
export async function untilSafe(devnet: Devnet, options: UntilSafeOptions): Promise<UntilSafeResult> {
  const { number, timeoutMs, signal } = options
  const deadline = performance.now() + timeoutMs
  let failure: Error | null = null
  void devnet.failed.then((error) => {
    failure = error
  })
  let firstL2BlockMs: number | null = null
  for (;;) {
    const { sequencer, verifier, l1 } = devnet.heads()
    if (firstL2BlockMs === null && sequencer.unsafe > 0n) firstL2BlockMs = Math.round(performance.now())
    const state = {
      safe: Number(verifier.safe),
      finalized: Number(verifier.finalized),
      l1Head: Number(l1),
      firstL2BlockMs,
    }
    if (verifier.safe >= number) {
      const hashesMatch = await sameBlocks(devnet, number)
      return { ok: hashesMatch, ...state, hashesMatch, elapsedMs: Math.round(performance.now()) }
    }
    const reason = failure
      ? `a node stopped: ${(failure as Error).message}`
      : signal?.aborted
        ? 'interrupted'
        : performance.now() > deadline
          ? `the verifier's safe head did not reach ${number} within ${timeoutMs} ms`
          : null
    if (reason) return { ok: false, ...state, hashesMatch: false, elapsedMs: Math.round(performance.now()), reason }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Whether both engines have the same blocks from genesis up to `number`. */
async function sameBlocks({ sequencer, verifier }: Devnet, number: bigint): Promise<boolean> {
  for (let i = 0n; i <= number; i++) {
    const [ours, theirs] = await Promise.all(
      [sequencer, verifier].map(({ engine }) => engine.engine.getBlock({ number: i })),
    )
    if (!ours || !theirs || ours.executionPayload.blockHash !== theirs.executionPayload.blockHash) return false
  }
  return true
}
