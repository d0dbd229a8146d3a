import type { Address, Hash, Hex, RpcTransaction } from '@keelson/protocol'

/** A block as L1's JSON-RPC answers it. Fields that a fork brought are absent before it. */
export type RpcBlock = {
  readonly hash: Hash
  readonly parentHash: Hash
  readonly sha3Uncles: Hash
  readonly miner: Address
  readonly stateRoot: Hash
  readonly transactionsRoot: Hash
  readonly receiptsRoot: Hash
  readonly logsBloom: Hex
  readonly difficulty: Hex
  readonly number: Hex
  readonly gasLimit: Hex
  readonly gasUsed: Hex
  readonly timestamp: Hex
  readonly extraData: Hex
  readonly mixHash: Hash
  readonly nonce: Hex
  readonly baseFeePerGas?: Hex | null
  readonly withdrawalsRoot?: Hash | null
  readonly blobGasUsed?: Hex | null
  readonly excessBlobGas?: Hex | null
  readonly parentBeaconBlockRoot?: Hash | null
  readonly requestsHash?: Hash | null
  readonly transactions?: readonly (L1RpcTransaction | Hash | null)[]
  readonly withdrawals?: readonly RpcWithdrawal[] | null
}

export type RpcWithdrawal = {
  readonly index: Hex
  readonly validatorIndex: Hex
  readonly address: Address
  readonly amount: Hex
}

/** A transaction with its sidecar, which only anvil shows. */
export type L1RpcTransaction = RpcTransaction & {
  readonly blobs?: readonly Hex[] | null
  readonly commitments?: readonly Hex[] | null
  readonly proofs?: readonly Hex[] | null
  readonly cellProofs?: readonly Hex[] | null
}

export type RpcLog = { readonly address: Address; readonly topics: readonly Hash[]; readonly data: Hex }

/** A receipt as L1's JSON-RPC answers it. */
export type RpcReceipt = {
  readonly transactionHash: Hash
  readonly blockHash: Hash
  readonly blockNumber: Hex
  readonly type?: Hex
  readonly status?: Hex
  /** Post state root, before Byzantium. */
  readonly root?: Hex
  readonly cumulativeGasUsed: Hex
  readonly gasUsed?: Hex
  readonly effectiveGasPrice?: Hex
  readonly contractAddress?: Address | null
  readonly logsBloom: Hex
  readonly logs: readonly RpcLog[]
  readonly depositNonce?: Hex | null
  readonly depositReceiptVersion?: Hex | null
}
