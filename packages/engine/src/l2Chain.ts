import {
  type BlockId,
  type CallOptions,
  type ExecutionPayloadEnvelope,
  type Hash,
  type L2BlockReader,
  type L2BlockRef,
  type L2BlockSelector,
  payloadToL2BlockRef,
  payloadToSystemConfig,
  type RollupConfig,
  type SystemConfig,
} from '@keelson/protocol'
import { Lru } from '@keelson/service'

/** The L2 chain as refs and configs, read through the engine: what derivation and the sync start ask of L2. */
export interface L2Chain {
  /** `null`: the engine has no such block. Rejects as the reader does, or when the block is no OP Stack block. */
  getL2BlockRef(selector: L2BlockSelector, call?: CallOptions): Promise<L2BlockRef | null>
  getL2BlockRefByNumber(number: bigint, call?: CallOptions): Promise<L2BlockRef | null>
  getL2BlockRefByHash(hash: Hash, call?: CallOptions): Promise<L2BlockRef | null>
  getL2Transactions(
    number: bigint,
    call?: CallOptions,
  ): Promise<{ readonly id: BlockId; readonly transactions: readonly Uint8Array[] } | null>
  getSystemConfigByL2Hash(hash: Hash, call?: CallOptions): Promise<SystemConfig | null>
}

/** How many refs and configs are remembered: a few minutes of a chain with 1 s blocks. */
const CACHE_SIZE = 1000

/** An {@link L2Chain} over any engine; what is asked by hash is remembered, since it cannot change. */
export function createL2Chain(parts: { config: RollupConfig; engine: L2BlockReader }): L2Chain {
  const { config, engine } = parts
  const refs = new Lru<Hash, L2BlockRef>(CACHE_SIZE)
  const systemConfigs = new Lru<Hash, SystemConfig>(CACHE_SIZE)

  const toRef = (envelope: ExecutionPayloadEnvelope | null): L2BlockRef | null => {
    if (!envelope) return null
    const known = refs.get(envelope.executionPayload.blockHash)
    if (known) return known
    const ref = payloadToL2BlockRef(config, envelope.executionPayload)
    refs.set(ref.hash, ref)
    return ref
  }

  const getL2BlockRef = async (selector: L2BlockSelector, call?: CallOptions): Promise<L2BlockRef | null> => {
    if (typeof selector === 'object' && 'hash' in selector) {
      const known = refs.get(selector.hash)
      if (known) return known
    }
    return toRef(await engine.getBlock(selector, call))
  }

  return {
    getL2BlockRef,
    getL2BlockRefByNumber: (number, call) => getL2BlockRef({ number }, call),
    getL2BlockRefByHash: (hash, call) => getL2BlockRef({ hash }, call),

    async getL2Transactions(number, call) {
      const envelope = await engine.getBlock({ number }, call)
      if (!envelope) return null
      const { blockHash, blockNumber, transactions } = envelope.executionPayload
      return { id: { hash: blockHash, number: blockNumber }, transactions }
    },

    async getSystemConfigByL2Hash(hash, call) {
      const known = systemConfigs.get(hash)
      if (known) return known
      const envelope = await engine.getBlock({ hash }, call)
      if (!envelope) return null
      const systemConfig = payloadToSystemConfig(config, envelope.executionPayload)
      systemConfigs.set(hash, systemConfig)
      return systemConfig
    },
  }
}
