import { type RollupConfig, rollupConfigFromJson } from '@keelson/protocol'
import {
  type Clock,
  createRpcClient,
  fixedBackoff,
  type Lifecycle,
  type Logger,
  type MetricRegistry,
  nullLogger,
  nullMetrics,
  type RpcClient,
  retry,
  systemClock,
} from '@keelson/service'
import { L1Error } from './errors.ts'
import type { BlobCrypto } from './l1Api.ts'
import type { TxManager, TxSigner } from './txApi.ts'
import { createTxManager, type TxManagerOptions } from './txManager.ts'

/** What a service that writes to L1 is told of it; batcher and proposer share these. */
export type L1WriterOptions = {
  readonly l1Rpc: string
  readonly signer: TxSigner
  readonly tx?: Omit<TxManagerOptions, 'rpc' | 'signer' | 'chainId' | 'crypto' | 'log' | 'metrics' | 'clock'>
  /** For one request; 10 s. */
  readonly networkTimeoutMs?: number
  /** Ends the waiting for L1 and node at the start. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: MetricRegistry
}

type L1WriterParts = {
  /** The steps of the service's start. */
  readonly life: Lifecycle
  /** Answers `optimism_rollupConfig`. */
  readonly rollup: RpcClient
  /** Needed to send blobs. */
  readonly crypto?: BlobCrypto
}

/** A service's access to L1, once node and L1 are there and belong together. */
export type L1Writer = {
  readonly config: RollupConfig
  readonly l1: RpcClient
  readonly txs: TxManager
  /** Asks until there is an answer; says now and then what for. Rejects with the signal's reason only. */
  waitFor<T>(what: string, ask: () => Promise<T>): Promise<T>
}

/**
 * Waits for the rollup node and for L1, checks that they belong together, and makes the transaction manager.
 *
 * @throws {StartupError} with what failed; `wrongChain` when the L1 is not the one of the rollup config
 */
export async function openL1Writer(options: L1WriterOptions, parts: L1WriterParts): Promise<L1Writer> {
  const { log = nullLogger, metrics = nullMetrics, clock = systemClock, signal, networkTimeoutMs = 10_000 } = options
  const { life, rollup, crypto } = parts
  const l1 = createRpcClient({ url: options.l1Rpc, name: 'l1', timeoutMs: networkTimeoutMs, clock, log, metrics })
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

  const config = await life.step('the rollup config', async () => {
    const ask = () => rollup.request('optimism_rollupConfig')
    return rollupConfigFromJson(await waitFor('the rollup node to answer optimism_rollupConfig', ask))
  })
  await life.step('the L1 RPC', async () => {
    const actual = BigInt(await waitFor('L1 to answer eth_chainId', () => l1.request<string>('eth_chainId')))
    if (actual !== config.l1ChainId) throw new L1Error('wrongChain', { expected: config.l1ChainId, actual })
  })
  const txs = await life.step(
    'the transaction manager',
    () =>
      createTxManager({
        ...options.tx,
        ...{ rpc: l1, signer: options.signer, chainId: config.l1ChainId, clock, log, metrics },
        ...(crypto ? { crypto } : {}),
      }),
    (manager) => manager.close(),
  )
  return { config, l1, txs, waitFor }
}
