import { startBatcherService } from '@keelson/batcher'
import { type BlobCrypto, privateKeySigner } from '@keelson/l1'
import type { Logger } from '@keelson/service'
import type { Hex } from 'viem'
import { pacedByL1 } from './pacing.ts'

export type DevnetBatcherOptions = {
  readonly l1Rpc: string
  /** The sequencer's engine and rollup node. */
  readonly l2Rpc: string
  readonly rollupRpc: string
  readonly privateKey: Hex
  readonly dataAvailabilityType: 'blobs' | 'calldata'
  readonly l1BlockTimeSeconds: number
  readonly blobCrypto: BlobCrypto
  /** Ends the start. */
  readonly signal?: AbortSignal | undefined
  readonly log: Logger
}

/** A batcher that can be taken away for a while. */
export type DevnetBatcher = {
  stop(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

/** L1 blocks after which a channel is closed: short, so that blocks become safe soon. */
const MAX_CHANNEL_DURATION = 2n

/** Enough that a backlog drains: each L1 block may carry several channels. */
const MAX_PENDING_TXS = 8

/** Starts the batcher as `keelson batcher` does, paced for the devnet's L1. */
export async function startBatcher(options: DevnetBatcherOptions): Promise<DevnetBatcher> {
  const { l1Rpc, l2Rpc, rollupRpc, dataAvailabilityType, l1BlockTimeSeconds, blobCrypto, signal, log } = options
  const { batcher, close } = await startBatcherService({
    l1Rpc,
    l2Rpc,
    rollupRpc,
    signer: privateKeySigner(options.privateKey),
    dataAvailabilityType,
    crypto: blobCrypto,
    ...pacedByL1(l1BlockTimeSeconds),
    maxPendingTx: MAX_PENDING_TXS,
    policy: { maxChannelDuration: MAX_CHANNEL_DURATION },
    ...(signal ? { signal } : {}),
    log,
  })
  return { start: () => batcher.start(), stop: () => batcher.stop(), close }
}
