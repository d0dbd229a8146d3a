import type { L2Provider } from '@keelson/derive'
import { createL2Chain, type RpcBlock, rpcBlockToEnvelope } from '@keelson/engine'
import { quantityToHex, type RollupConfig } from '@keelson/protocol'
import { createRpcClient } from '@keelson/service'

/** The L2 chain over the public RPC of an execution client: blocks are checked against their hash. */
export function l2OverRpc(url: string, config: RollupConfig): L2Provider {
  const rpc = createRpcClient({ url, timeoutMs: 30_000, name: 'l2' })
  return createL2Chain({
    config,
    engine: {
      getChainId: async (call) => BigInt(await rpc.request<string>('eth_chainId', [], call)),
      async getBlock(selector, call) {
        const [method, param] =
          typeof selector === 'string'
            ? ['eth_getBlockByNumber', selector === 'unsafe' ? 'latest' : selector]
            : 'hash' in selector
              ? ['eth_getBlockByHash', selector.hash]
              : ['eth_getBlockByNumber', quantityToHex(selector.number)]
        const block = await rpc.request<RpcBlock | null>(method as string, [param, true], call)
        return block ? rpcBlockToEnvelope(block) : null
      },
      getProof: () => Promise.reject(new Error('no proofs are needed to decode')),
    },
  })
}
