import {
  accountProofFromJson,
  attributesToJson,
  bytesToHex,
  EngineApiError,
  type ExecutionClient,
  envelopeFromJson,
  envelopeOf,
  FORKS,
  type Fork,
  forkchoiceStateToJson,
  forkchoiceUpdatedFromJson,
  type Hash,
  type Hex,
  headerFromJson,
  hexToBytes,
  type L2BlockSelector,
  payloadStatusFromJson,
  payloadToJson,
  quantityToHex,
} from '@keelson/protocol'
import { createRpcClient, jwtHeaders, nullLogger, RpcError, systemClock } from '@keelson/service'
import { encodeRpcJson } from '@keelson/service/node'
import { createExecutionEngine } from '../src/engine/executionEngine.ts'
import type { GenesisJson } from '../src/genesis/genesisJson.ts'
import { engineMethods } from '../src/rpc/engineMethods.ts'
import { createEthApi } from '../src/rpc/ethApi.ts'
import { startExecutionService } from '../src/server/executionService.ts'

/** Asks by JSON-RPC; an error answer rejects with something that has `code`, `message` and `data`. */
export type Ask = <T = unknown>(method: string, params: readonly unknown[]) => Promise<T>

/** An engine that a contract suite runs on. */
export type EngineUnderTest = {
  readonly client: ExecutionClient
  /** The authenticated endpoint. */
  readonly auth: Ask
  /** The public endpoint. */
  readonly rpc: Ask
  close(): Promise<void>
}

/** Starts an engine on a new chain. `fork` is the newest fork active from genesis. */
export type MakeEngine = (genesis: GenesisJson, fork: Fork) => Promise<EngineUnderTest>

/** Sends a transaction over RPC. */
export const sendTx = (engine: EngineUnderTest, tx: Uint8Array): Promise<Hash> =>
  engine.rpc('eth_sendRawTransaction', [bytesToHex(tx)])

/** The embedded engine, called in this process without a wire. JSON goes through text all the same. */
export const makeEmbedded: MakeEngine = async (genesis) => {
  const engine = await createExecutionEngine({ genesis, builder: { recommitMs: 5 } })
  const api = createEthApi({ engine, clock: systemClock, clientVersion: 'test' })
  const methods = { ...api.methods, ...engineMethods(engine, nullLogger) }
  const ask: Ask = async (method, params) => {
    const handler = methods[method]
    if (!handler)
      throw Object.assign(new Error(`the method ${method} does not exist/is not available`), { code: -32601 })
    return JSON.parse(encodeRpcJson((await handler(JSON.parse(encodeRpcJson(params)))) ?? null))
  }
  return {
    client: engine,
    auth: ask,
    rpc: ask,
    close: async () => {
      api.close()
      await engine.close()
    },
  }
}

/** The embedded engine behind its own servers: HTTP with JWT, and public HTTP. */
export const makeServed: MakeEngine = async (genesis, fork) => {
  const jwtSecret = new Uint8Array(32).fill(7)
  const service = await startExecutionService({
    genesis,
    auth: { port: 0, jwtSecret },
    rpc: { port: 0 },
    builder: { recommitMs: 5 },
  })
  const auth = askOver(service.authUrl, jwtSecret)
  return { client: clientOver(auth, fork), auth, rpc: askOver(service.url as string), close: () => service.close() }
}

/** @param jwtSecret - for an authenticated endpoint */
export function askOver(url: string, jwtSecret?: Uint8Array): Ask {
  const client = createRpcClient({
    url,
    timeoutMs: 30_000,
    ...(jwtSecret && { headers: jwtHeaders(jwtSecret, systemClock) }),
  })
  return (method, params) => client.request(method, params)
}

/** An {@link ExecutionClient} over the authenticated endpoint of a chain that is at `fork` from genesis. */
export function clientOver(ask: Ask, fork: Fork): ExecutionClient {
  const at = (other: Fork) => FORKS.indexOf(fork) >= FORKS.indexOf(other)
  const engineCall: Ask = async (method, params) => {
    try {
      return await ask(method, params)
    } catch (error) {
      if (error instanceof RpcError) throw new EngineApiError(error.code, error.message, { cause: error })
      throw error
    }
  }
  return {
    async forkchoiceUpdated(state, attributes) {
      const method = `engine_forkchoiceUpdatedV${!attributes || at('ecotone') ? 3 : at('canyon') ? 2 : 1}`
      const params = [forkchoiceStateToJson(state), attributes ? attributesToJson(attributes) : null]
      return forkchoiceUpdatedFromJson(await engineCall(method, params))
    },
    async getPayload(id) {
      const method = `engine_getPayloadV${at('karst') ? 5 : at('isthmus') ? 4 : at('ecotone') ? 3 : 2}`
      return envelopeFromJson(await engineCall(method, [id]))
    },
    async newPayload({ executionPayload, parentBeaconBlockRoot }) {
      const version = at('isthmus') ? 4 : at('ecotone') ? 3 : 2
      const params: unknown[] = [payloadToJson(executionPayload)]
      if (version >= 3) params.push([], parentBeaconBlockRoot)
      if (version >= 4) params.push([])
      return payloadStatusFromJson(await engineCall(`engine_newPayloadV${version}`, params))
    },
    getChainId: async () => BigInt(await ask<Hex>('eth_chainId', [])),
    async getBlock(selector) {
      const [method, param] = blockRequest(selector)
      const json = await ask<{ hash: Hash } | null>(method, [param, false])
      if (!json) return null
      const [body] = await ask<({ transactions: Hex[] } | null)[]>('engine_getPayloadBodiesByHashV1', [[json.hash]])
      return envelopeOf(headerFromJson(json), json.hash, (body?.transactions ?? []).map(hexToBytes))
    },
    getProof: async (address, keys, hash) => accountProofFromJson(await ask('eth_getProof', [address, keys, hash])),
  }
}

const LABELS = { unsafe: 'latest', safe: 'safe', finalized: 'finalized' } as const

function blockRequest(selector: L2BlockSelector): [method: string, param: string] {
  if (typeof selector === 'string') return ['eth_getBlockByNumber', LABELS[selector]]
  if ('hash' in selector) return ['eth_getBlockByHash', selector.hash]
  return ['eth_getBlockByNumber', quantityToHex(selector.number)]
}
