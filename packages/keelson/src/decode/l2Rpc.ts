import type { L2Provider } from '@keelson/derive'
import { createBlockReader, createL2Chain } from '@keelson/engine'
import type { RollupConfig } from '@keelson/protocol'
import { createRpcClient } from '@keelson/service'

/** The L2 chain over the public RPC of an execution client: blocks are checked against their hash. */
export function l2OverRpc(url: string, config: RollupConfig): L2Provider {
  const rpc = createRpcClient({ url, timeoutMs: 30_000, name: 'l2' })
  return createL2Chain({
    config,
    engine: {
      getChainId: async (call) => BigInt(await rpc.request<string>('eth_chainId', [], call)),
      getBlock: createBlockReader((method, params, call) => rpc.request(method, params, call)),
      getProof: () => Promise.reject(new Error('no proofs are needed to decode')),
    },
  })
}
