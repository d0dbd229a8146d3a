import { privateKeySigner } from '@keelson/l1'
import { startProposerService } from '@keelson/proposer'
import type { Logger } from '@keelson/service'
import type { Address, Hex } from 'viem'
import { pacedByL1 } from './pacing.ts'

export type DevnetProposerOptions = {
  readonly l1Rpc: string
  /** The rollup node whose outputs are proposed: one that derives for itself. */
  readonly rollupRpc: string
  readonly privateKey: Hex
  readonly l2OutputOracle: Address
  readonly l1BlockTimeSeconds: number
  /** Ends the start. */
  readonly signal?: AbortSignal | undefined
  readonly log: Logger
}

/** Starts the proposer as `keelson proposer` does, paced for the devnet's L1. It proposes finalized outputs. */
export async function startProposer(options: DevnetProposerOptions): Promise<{ close(): Promise<void> }> {
  const { l1Rpc, rollupRpc, privateKey, l2OutputOracle, l1BlockTimeSeconds, signal, log } = options
  return startProposerService({
    l1Rpc,
    rollupRpc,
    signer: privateKeySigner(privateKey),
    target: { type: 'l2OutputOracle', address: l2OutputOracle },
    ...pacedByL1(l1BlockTimeSeconds),
    ...(signal ? { signal } : {}),
    log,
  })
}
