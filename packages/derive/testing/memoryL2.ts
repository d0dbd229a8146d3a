import {
  type BlockId,
  concatBytes,
  decodeL1InfoTx,
  extraDataOf,
  type Hash,
  hexToBytes,
  keccak256,
  keccak256Hex,
  type L2BlockRef,
  type PayloadAttributes,
  payloadToSystemConfig,
  type RollupConfig,
  type SystemConfig,
  utf8Bytes,
} from '@keelson/protocol'
import type { AttributesWithParent } from '../src/attributes.ts'
import type { L2Provider } from '../src/providers.ts'

/** An L2 block as far as derivation reads it. */
export type MemoryL2Block = {
  readonly ref: L2BlockRef
  readonly systemConfig: SystemConfig
  readonly transactions: readonly Uint8Array[]
}

/** An L2 chain in memory: nothing is executed, a block's hash is a hash of its parent's and of its transactions. */
export class MemoryL2 implements L2Provider {
  readonly #byNumber = new Map<bigint, MemoryL2Block>()
  readonly #byHash = new Map<Hash, MemoryL2Block>()
  readonly #config: RollupConfig | null
  /** Thrown by the next call, once. */
  failure: Error | null = null

  /** @param config - where given, the system config of a block built is what the block encodes */
  constructor(blocks: readonly MemoryL2Block[] = [], config: RollupConfig | null = null) {
    this.#config = config
    for (const block of blocks) this.add(block)
  }

  add(block: MemoryL2Block): L2BlockRef {
    this.#byNumber.set(block.ref.number, block)
    this.#byHash.set(block.ref.hash, block)
    return block.ref
  }

  /**
   * "Builds" derived attributes: adds the block that they describe and gives its ref.
   *
   * @param systemConfig - of the new block; the parent's where left out
   * @param hash - the real hash, where it is known
   */
  build(
    { attributes, parent }: AttributesWithParent,
    given: { systemConfig?: SystemConfig; hash?: Hash } = {},
  ): L2BlockRef {
    const [first] = attributes.transactions
    if (!first) throw new Error('attributes without the L1 attributes transaction')
    const info = decodeL1InfoTx(first)
    const hash = given.hash ?? l2Hash(parent, attributes.timestamp, attributes.transactions)
    const systemConfig = given.systemConfig ?? this.#encodedConfig(parent, hash, attributes)
    const ref: L2BlockRef = {
      hash,
      number: parent.number + 1n,
      parentHash: parent.hash,
      timestamp: attributes.timestamp,
      l1Origin: { hash: info.blockHash, number: info.number },
      sequenceNumber: info.sequenceNumber,
    }
    return this.add({ ref, systemConfig, transactions: attributes.transactions })
  }

  #encodedConfig(parent: L2BlockRef, blockHash: Hash, attributes: PayloadAttributes): SystemConfig {
    if (this.#config) {
      const { timestamp, transactions, gasLimit } = attributes
      const extraData = extraDataOf(this.#config, attributes)
      const facts = { blockHash, blockNumber: parent.number + 1n, parentHash: parent.hash, extraData }
      return payloadToSystemConfig(this.#config, { ...facts, timestamp, transactions, gasLimit })
    }
    const systemConfig = this.#byHash.get(parent.hash)?.systemConfig
    if (!systemConfig) throw new Error(`no system config of parent ${parent.hash}`)
    return systemConfig
  }

  async getL2BlockRefByNumber(number: bigint): Promise<L2BlockRef | null> {
    this.#fail()
    return this.#byNumber.get(number)?.ref ?? null
  }

  async getL2BlockRefByHash(hash: Hash): Promise<L2BlockRef | null> {
    this.#fail()
    return this.#byHash.get(hash)?.ref ?? null
  }

  async getL2Transactions(number: bigint): Promise<{ id: BlockId; transactions: readonly Uint8Array[] } | null> {
    this.#fail()
    const block = this.#byNumber.get(number)
    return block ? { id: { hash: block.ref.hash, number }, transactions: block.transactions } : null
  }

  async getSystemConfigByL2Hash(hash: Hash): Promise<SystemConfig | null> {
    this.#fail()
    return this.#byHash.get(hash)?.systemConfig ?? null
  }

  #fail(): void {
    const failure = this.failure
    this.failure = null
    if (failure) throw failure
  }
}

/** The made-up hash of an L2 block; two implementations that derive the same transactions agree on it. */
export function l2Hash(parent: BlockId, timestamp: bigint, transactions: readonly Uint8Array[]): Hash {
  return keccak256Hex(concatBytes(hexToBytes(parent.hash), utf8Bytes(`${timestamp}`), ...transactions.map(keccak256)))
}
