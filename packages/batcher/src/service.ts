import { type BlobCrypto, createBlobCrypto, type L1WriterOptions, openL1Writer } from '@keelson/l1'
import type { RollupConfig } from '@keelson/protocol'
import { createLifecycle, createRpcClient, nullLogger, nullMetrics, systemClock } from '@keelson/service'
import { type AdminRpcOptions, adminOrder, openAdminServer, type RpcMethods } from '@keelson/service/node'
import { activeSequencer } from './activeSequencer.ts'
import { type Batcher, type BatcherOptions, createBatcher } from './batcher.ts'
import { l1StartPoint } from './startPoint.ts'

export type BatcherServiceOptions = L1WriterOptions &
  Pick<BatcherOptions, 'dataAvailabilityType' | 'pollIntervalMs' | 'maxPendingTx' | 'policy' | 'throttle'> & {
    /** One URL for each sequencer. */
    readonly l2Rpc: string | readonly string[]
    readonly rollupRpc: string | readonly string[]
    /** Shared with other parts of the process; else its own, which ends with the service. */
    readonly crypto?: BlobCrypto
    /** Do not start before `admin_startBatcher`. */
    readonly stopped?: boolean
    /** Wait until the rollup node has derived what an earlier run posted, looking back so many L1 blocks for it. */
    readonly waitNodeSync?: { readonly checkRecentTxsDepth: number }
    /** Where the admin RPC listens; absent: nowhere. */
    readonly rpc?: AdminRpcOptions
    readonly throttledEngines?: readonly string[]
    readonly activeSequencerCheckMs?: number
    readonly version?: string
  }

export type BatcherService = {
  readonly batcher: Batcher
  readonly config: RollupConfig
  /** URL of the admin RPC, when it is served. */
  readonly rpcUrl: string | null
  close(): Promise<void>
}

/**
 * The batcher with everything around it: waits for node and L1, checks that they belong together, starts.
 *
 * @throws {StartupError} with what failed; `wrongChain` when the L1 is not the one of the rollup config
 */
export async function startBatcherService(options: BatcherServiceOptions): Promise<BatcherService> {
  const { log = nullLogger, metrics = nullMetrics, clock = systemClock, networkTimeoutMs = 10_000 } = options
  const life = createLifecycle(log)
  const client = (url: string, name: string) =>
    createRpcClient({ url, name, timeoutMs: networkTimeoutMs, clock, log, metrics })
  const l2Urls = [options.l2Rpc].flat()
  const rollupUrls = [options.rollupRpc].flat()
  if (l2Urls.length !== rollupUrls.length) {
    throw new Error(`l2-eth-rpc and rollup-rpc must be equally many, not ${l2Urls.length} and ${rollupUrls.length}`)
  }
  const { rollup, l2 } = activeSequencer({
    sequencers: rollupUrls.map((url, i) => ({ rollup: client(url, 'main'), l2: client(l2Urls[i] as string, 'l2') })),
    checkMs: options.activeSequencerCheckMs ?? 5_000,
    clock,
    log,
  })
  const crypto =
    options.crypto ??
    (await life.step(
      'the blob crypto',
      () => createBlobCrypto(),
      (own) => own.close(),
    ))
  const { config, l1, txs, waitFor } = await openL1Writer(options, { life, rollup, crypto })
  if (options.dataAvailabilityType !== 'calldata') crypto.warm()
  const { waitNodeSync } = options
  const startAfterL1 = waitNodeSync
    ? await life.step('the start point', () =>
        waitFor('L1 to tell the start point', () => l1StartPoint(l1, txs.address, waitNodeSync.checkRecentTxsDepth)),
      )
    : 0n
  const { dataAvailabilityType, pollIntervalMs, maxPendingTx, policy, throttle } = options
  const batcher = await life.step(
    'the batcher',
    async () => {
      const made = createBatcher({
        ...{ config, rollup, l2, txs, startAfterL1, clock, log, metrics },
        ...(dataAvailabilityType ? { dataAvailabilityType } : {}),
        ...(pollIntervalMs !== undefined ? { pollIntervalMs } : {}),
        ...(maxPendingTx !== undefined ? { maxPendingTx } : {}),
        ...(policy ? { policy } : {}),
        ...(throttle ? { throttle } : {}),
        throttledEngines: (options.throttledEngines ?? []).map((url) => client(url, 'l2')),
      })
      if (!options.stopped) await made.start()
      return made
    },
    (made) => made.close(),
  )
  const { version = '' } = options
  const rpcUrl = await openAdminServer(life, options.rpc, batcherRpcMethods(batcher), { version, log, metrics })
  return { batcher, config, rpcUrl, close: () => life.close() }
}

/** The batcher's `admin_` methods. */
export const batcherRpcMethods = (batcher: Batcher): RpcMethods => ({
  admin_startBatcher: adminOrder(() => batcher.start()),
  admin_stopBatcher: adminOrder(() => batcher.stop()),
  admin_flushBatcher: adminOrder(() => batcher.flush()),
})
