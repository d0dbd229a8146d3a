import type { Address, Hash, Hex } from '@keelson/protocol'

/**
 * A block header with the field names of JSON-RPC. The fields of later forks are absent before them.
 *
 * @see specs/protocol/exec-engine.md#engine-api
 */
export type BlockHeader = {
  readonly parentHash: Hash
  readonly sha3Uncles: Hash
  readonly miner: Address
  readonly stateRoot: Hash
  readonly transactionsRoot: Hash
  readonly receiptsRoot: Hash
  /** 256 bytes. */
  readonly logsBloom: Hex
  readonly difficulty: bigint
  readonly number: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  readonly timestamp: bigint
  readonly extraData: Hex
  readonly mixHash: Hash
  /** 8 bytes. */
  readonly nonce: Hex
  readonly baseFeePerGas: bigint
  /** Canyon: the empty trie root; Isthmus: storage root of the message passer. */
  readonly withdrawalsRoot?: Hash
  /** Ecotone: 0; Jovian: the block's DA footprint. */
  readonly blobGasUsed?: bigint
  /** Ecotone: 0. */
  readonly excessBlobGas?: bigint
  /** Ecotone. */
  readonly parentBeaconBlockRoot?: Hash
  /** Isthmus: sha256 of nothing. */
  readonly requestsHash?: Hash
}
