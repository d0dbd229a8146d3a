import {
  attributesFromJson,
  blockHeaderOf,
  bytesToHex,
  decodeRpcTransaction,
  type EngineApi,
  EngineApiError,
  type ExecutionClient,
  type ExecutionPayloadEnvelope,
  encodeBlock,
  envelopeFromJson,
  envelopeToJson,
  forkchoiceStateFromJson,
  forkchoiceUpdatedToJson,
  type Hash,
  type Hex,
  headerToJson,
  isForkActive,
  payloadStatusToJson,
  quantityToHex,
  type RollupConfig,
} from '@keelson/protocol'
import { createRpcServer, jwtAuthentication, RpcMethodError } from '@keelson/service/node'

/**
 * The Engine API and the block reads of any engine over real HTTP with JWT, for tests of the client.
 *
 * @param options.raw - whether `debug_getRawBlock` is served, as it is not by op-geth's authenticated endpoint
 */
export async function serveEngine(
  engine: ExecutionClient,
  config: RollupConfig,
  jwtSecret: Uint8Array,
  { raw = true }: { readonly raw?: boolean } = {},
) {
  const calls: string[] = []
  const api: EngineApi = engine
  const forkchoice = async (params: readonly unknown[]) => {
    const attributes = params[1] ? attributesFromJson(params[1]) : null
    return forkchoiceUpdatedToJson(await api.forkchoiceUpdated(forkchoiceStateFromJson(params[0]), attributes))
  }
  const getPayload = (fork: 'bedrock' | 'ecotone' | 'isthmus' | 'karst') => async (params: readonly unknown[]) => {
    const envelope = await api.getPayload(params[0] as Hex, 0n)
    if (!isForkActive(config, fork, envelope.executionPayload.timestamp))
      throw new RpcMethodError(-38005, 'Unsupported fork')
    return { ...envelopeToJson(envelope), blockValue: '0x0' }
  }
  const newPayload = async (params: readonly unknown[]) => {
    const root = params[2] as Hash | undefined
    const envelope = envelopeFromJson({ executionPayload: params[0], ...(root ? { parentBeaconBlockRoot: root } : {}) })
    return payloadStatusToJson(await api.newPayload(envelope))
  }
  const blockAt = async (name: string) => {
    const labels: Record<string, 'unsafe' | 'safe' | 'finalized'> = {
      latest: 'unsafe',
      safe: 'safe',
      finalized: 'finalized',
    }
    const label = labels[name]
    const hash = name.length === 66 ? { hash: name as Hash } : null
    const block = await engine.getBlock(label ?? hash ?? { number: BigInt(name) })
    // As geth: labels without a block are errors, numbers and hashes without one are null.
    if (!block && label) throw new RpcMethodError(-39001, `${name} block not found`)
    return block
  }
  const jsonBlock = async ([name]: readonly unknown[]) => {
    const block = await blockAt(name as string)
    return block && blockToJson(block)
  }
  const rawBlock = async ([name]: readonly unknown[]) => {
    const block = await blockAt(name as string)
    if (!block) throw new RpcMethodError(-32000, `block #${name} not found`)
    const header = blockHeaderOf(block)
    return bytesToHex(encodeBlock({ header, transactions: block.executionPayload.transactions }))
  }
  const methods = {
    engine_forkchoiceUpdatedV1: forkchoice,
    engine_forkchoiceUpdatedV2: forkchoice,
    engine_forkchoiceUpdatedV3: forkchoice,
    engine_getPayloadV2: getPayload('bedrock'),
    engine_getPayloadV3: getPayload('ecotone'),
    engine_getPayloadV4: getPayload('isthmus'),
    engine_getPayloadV5: getPayload('karst'),
    engine_newPayloadV2: newPayload,
    engine_newPayloadV3: newPayload,
    engine_newPayloadV4: newPayload,
    eth_chainId: async () => quantityToHex(await engine.getChainId()),
    eth_getBlockByNumber: jsonBlock,
    eth_getBlockByHash: jsonBlock,
    ...(raw && { debug_getRawBlock: rawBlock }),
  }
  const answering = Object.entries(methods).map(([name, method]) => [
    name,
    async (params: readonly unknown[]) => {
      calls.push(name)
      try {
        return await method(params)
      } catch (error) {
        if (error instanceof EngineApiError) throw new RpcMethodError(error.code, error.message)
        throw error
      }
    },
  ])
  const server = await createRpcServer({
    host: '127.0.0.1',
    port: 0,
    methods: Object.fromEntries(answering),
    authenticate: jwtAuthentication(jwtSecret),
  })
  return { url: server.url, calls, close: () => server.close() }
}

/** A block as geth writes it. */
export function blockToJson(envelope: ExecutionPayloadEnvelope) {
  const { executionPayload: payload } = envelope
  return {
    ...headerToJson(blockHeaderOf(envelope)),
    hash: payload.blockHash,
    uncles: [],
    transactions: payload.transactions.map(decodeRpcTransaction),
    ...(payload.withdrawals ? { withdrawals: [] } : {}),
  }
}
