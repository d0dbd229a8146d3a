import { type L1WriterOptions, openL1Writer } from '@keelson/l1'
import { syncStatusFromJson } from '@keelson/protocol'
import { createLifecycle, createRpcClient, nullLogger, nullMetrics, systemClock } from '@keelson/service'
import { type AdminRpcOptions, adminOrder, openAdminServer, type RpcMethods } from '@keelson/service/node'
import { createProposer, type Proposer, type ProposerOptions } from './proposer.ts'

export type ProposerServiceOptions = L1WriterOptions &
  Omit<ProposerOptions, 'rollup' | 'l1' | 'txs'> & {
    readonly rollupRpc: string
    /** Wait until the rollup node has derived L1 up to where it is at the start. */
    readonly waitNodeSync?: boolean
    /** Where the admin RPC listens; absent: nowhere. */
    readonly rpc?: AdminRpcOptions
    readonly version?: string
  }

export type ProposerService = { readonly proposer: Proposer; readonly rpcUrl: string | null; close(): Promise<void> }

/**
 * The proposer with everything around it: waits for node and L1, checks that they belong together, starts.
 *
 * @throws {StartupError} with what failed; `wrongChain` when the L1 is not the one of the rollup config
 */
export async function startProposerService(options: ProposerServiceOptions): Promise<ProposerService> {
  const { log = nullLogger, metrics = nullMetrics, clock = systemClock } = options
  const { networkTimeoutMs: timeoutMs = 10_000, version = '' } = options
  const life = createLifecycle(log)
  const rollup = createRpcClient({ url: options.rollupRpc, name: 'main', timeoutMs, clock, log, metrics })
  const { l1, txs, waitFor } = await openL1Writer(options, { life, rollup })
  if (options.waitNodeSync) {
    await life.step('the rollup node', async () => {
      const head = BigInt(await waitFor('the L1 head', () => l1.request<string>('eth_blockNumber')))
      await waitFor(`the rollup node to derive L1 block ${head}`, async () => {
        const { currentL1 } = syncStatusFromJson(await rollup.request('optimism_syncStatus'))
        if (currentL1.number < head) throw new Error(`it stands at L1 block ${currentL1.number}`)
      })
    })
  }
  const proposer = await life.step(
    'the proposer',
    async () => {
      const made = createProposer({ ...options, l1, rollup, txs })
      await made.start()
      return made
    },
    (made) => made.close(),
  )
  const rpcUrl = await openAdminServer(life, options.rpc, proposerRpcMethods(proposer), { version, log, metrics })
  return { proposer, rpcUrl, close: () => life.close() }
}

/** The proposer's `admin_` methods. */
export const proposerRpcMethods = (proposer: Proposer): RpcMethods => ({
  admin_startProposer: adminOrder(() => proposer.start()),
  admin_stopProposer: adminOrder(() => proposer.stop()),
})
