import {
  type BlobCrypto,
  createBlobCrypto,
  createTxManager,
  L1Error,
  type TxManagerOptions,
  type TxSigner,
} from '@keelson/l1'
import { type RollupConfig, rollupConfigFromJson } from '@keelson/protocol'
import {
  type Clock,
  createLifecycle,
  createRpcClient,
  fixedBackoff,
  type Logger,
  type MetricRegistry,
  nullLogger,
  nullMetrics,
  retry,
  systemClock,
} from '@keelson/service'
import { createRpcServer, type RpcMethods } from '@keelson/service/node'
import { activeSequencer } from './activeSequencer.ts'
import { type Batcher, type BatcherOptions, createBatcher } from './batcher.ts'
import { l1StartPoint } from './startPoint.ts'

export type BatcherServiceOptions = Pick<
  BatcherOptions,
  'dataAvailabilityType' | 'pollIntervalMs' | 'maxPendingTx' | 'policy' | 'throttle'
> & {
  readonly l1Rpc: string
  /** One URL for each sequencer. */
  readonly l2Rpc: string | readonly string[]
  readonly rollupRpc: string | readonly string[]
  readonly signer: TxSigner
  readonly tx?: Omit<TxManagerOptions, 'rpc' | 'signer' | 'chainId' | 'crypto' | 'log' | 'metrics' | 'clock'>
  /** Shared with other parts of the process; else its own, which ends with the service. */
  readonly crypto?: BlobCrypto
  /** Do not start before `admin_startBatcher`. */
  readonly stopped?: boolean
  /** Wait until the rollup node has derived what an earlier run posted, looking back so many L1 blocks for it. */
  readonly waitNodeSync?: { readonly checkRecentTxsDepth: number }
  /** Where the admin RPC listens; absent: nowhere. */
  readonly rpc?: { readonly host: string; readonly port: number; readonly enableAdmin: boolean }
  readonly throttledEngines?: readonly string[]
  readonly networkTimeoutMs?: number
  readonly activeSequencerCheckMs?: number
  readonly version?: string
  /** Ends the waiting for L1 and node at the start. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: MetricRegistry
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
  const { log = nullLogger, metrics = nullMetrics, clock = systemClock, signal } = options
  const life = createLifecycle(log)
  const timeoutMs = options.networkTimeoutMs ?? 10_000
  const client = (url: string, name: string) => createRpcClient({ url, name, timeoutMs, clock, log, metrics })
  const l1 = client(options.l1Rpc, 'l1')
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
  const waitFor = <T>(what: string, ask: () => Promise<T>) =>
    retry(ask, {
      attempts: Number.POSITIVE_INFINITY,
      strategy: fixedBackoff(1000),
      clock,
      ...(signal ? { signal } : {}),
      onRetry: (error, attempt) => {
        if (attempt % 10 === 1) log.warn(`Waiting for ${what}`, { attempt, err: error })
      },
    })

  const config = await life.step('the rollup config', async () =>
    rollupConfigFromJson(
      await waitFor('the rollup node to answer optimism_rollupConfig', () => rollup.request('optimism_rollupConfig')),
    ),
  )
  await life.step('the L1 RPC', async () => {
    const actual = BigInt(await waitFor('L1 to answer eth_chainId', () => l1.request<string>('eth_chainId')))
    if (actual !== config.l1ChainId) throw new L1Error('wrongChain', { expected: config.l1ChainId, actual })
  })
  const crypto =
    options.crypto ??
    (await life.step(
      'the blob crypto',
      () => createBlobCrypto(),
      (own) => own.close(),
    ))
  const txs = await life.step(
    'the transaction manager',
    () =>
      createTxManager({
        ...options.tx,
        rpc: l1,
        signer: options.signer,
        chainId: config.l1ChainId,
        crypto,
        clock,
        log,
        metrics,
      }),
    (manager) => manager.close(),
  )
  if (options.dataAvailabilityType !== 'calldata') crypto.warm()
  const startAfterL1 = options.waitNodeSync
    ? await life.step('the start point', () =>
        l1StartPoint(l1, txs.address, options.waitNodeSync?.checkRecentTxsDepth ?? 0),
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
  const { rpc } = options
  const server = rpc
    ? await life.step(
        'the RPC server',
        () =>
          createRpcServer({
            host: rpc.host,
            port: rpc.port,
            portFlag: 'rpc.port',
            version: options.version ?? '',
            methods: batcherRpcMethods(batcher, rpc.enableAdmin),
            log,
            metrics,
          }),
        (opened) => opened.close(),
      )
    : null
  return { batcher, config, rpcUrl: server?.url ?? null, close: () => life.close() }
}

/** The batcher's `admin_` methods; none unless they are enabled. */
export function batcherRpcMethods(batcher: Batcher, enableAdmin: boolean): RpcMethods {
  if (!enableAdmin) return {}
  const act = (run: () => void | Promise<void>) => async () => {
    await run()
    return null
  }
  return {
    admin_startBatcher: act(() => batcher.start()),
    admin_stopBatcher: act(() => batcher.stop()),
    admin_flushBatcher: act(() => batcher.flush()),
  }
}
