import { createTxManager, L1Error, type TxManagerOptions, type TxSigner } from '@keelson/l1'
import { rollupConfigFromJson, syncStatusFromJson } from '@keelson/protocol'
import {
  createLifecycle,
  createRpcClient,
  fixedBackoff,
  nullLogger,
  nullMetrics,
  retry,
  systemClock,
} from '@keelson/service'
import { createRpcServer, type RpcMethods } from '@keelson/service/node'
import { createProposer, type Proposer, type ProposerOptions } from './proposer.ts'

export type ProposerServiceOptions = Omit<ProposerOptions, 'rollup' | 'l1' | 'txs'> & {
  readonly l1Rpc: string
  readonly rollupRpc: string
  readonly signer: TxSigner
  readonly tx?: Omit<TxManagerOptions, 'rpc' | 'signer' | 'chainId' | 'log' | 'metrics' | 'clock'>
  /** Wait until the rollup node has derived L1 up to where it is at the start. */
  readonly waitNodeSync?: boolean
  /** Where the admin RPC listens; absent: nowhere. */
  readonly rpc?: { readonly host: string; readonly port: number; readonly enableAdmin: boolean }
  readonly networkTimeoutMs?: number
  readonly version?: string
  /** Ends the waiting for L1 and node at the start. */
  readonly signal?: AbortSignal
}

export type ProposerService = { readonly proposer: Proposer; readonly rpcUrl: string | null; close(): Promise<void> }

/**
 * The proposer with everything around it: waits for node and L1, checks that they belong together, starts.
 *
 * @throws {StartupError} with what failed; `wrongChain` when the L1 is not the one of the rollup config
 */
export async function startProposerService(options: ProposerServiceOptions): Promise<ProposerService> {
  const { log = nullLogger, metrics = nullMetrics, clock = systemClock, signal, rpc } = options
  const life = createLifecycle(log)
  const timeoutMs = options.networkTimeoutMs ?? 10_000
  const l1 = createRpcClient({ url: options.l1Rpc, name: 'l1', timeoutMs, clock, log, metrics })
  const rollup = createRpcClient({ url: options.rollupRpc, name: 'main', timeoutMs, clock, log, metrics })
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
  if (options.waitNodeSync) {
    await life.step('the rollup node', async () => {
      const head = BigInt(await l1.request<string>('eth_blockNumber'))
      await waitFor(`the rollup node to derive L1 block ${head}`, async () => {
        const { currentL1 } = syncStatusFromJson(await rollup.request('optimism_syncStatus'))
        if (currentL1.number < head) throw new Error(`it stands at L1 block ${currentL1.number}`)
      })
    })
  }
  const txs = await life.step(
    'the transaction manager',
    () =>
      createTxManager({
        ...options.tx,
        rpc: l1,
        signer: options.signer,
        chainId: config.l1ChainId,
        clock,
        log,
        metrics,
      }),
    (manager) => manager.close(),
  )
  const proposer = await life.step(
    'the proposer',
    async () => {
      const made = createProposer({ ...options, l1, rollup, txs })
      await made.start()
      return made
    },
    (made) => made.close(),
  )
  const server = rpc
    ? await life.step(
        'the RPC server',
        () =>
          createRpcServer({
            host: rpc.host,
            port: rpc.port,
            portFlag: 'rpc.port',
            version: options.version ?? '',
            methods: proposerRpcMethods(proposer, rpc.enableAdmin),
            log,
            metrics,
          }),
        (opened) => opened.close(),
      )
    : null
  return { proposer, rpcUrl: server?.url ?? null, close: () => life.close() }
}

/** The proposer's `admin_` methods; none unless they are enabled. */
export function proposerRpcMethods(proposer: Proposer, enableAdmin: boolean): RpcMethods {
  if (!enableAdmin) return {}
  const act = (run: () => Promise<void>) => async () => {
    await run()
    return null
  }
  return { admin_startProposer: act(() => proposer.start()), admin_stopProposer: act(() => proposer.stop()) }
}
