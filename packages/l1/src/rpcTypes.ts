import type { Address, Hash, Hex, RpcTransaction } from '@keelson/protocol'

/** A block as L1's JSON-RPC answers it; the members of its header are read by the protocol's codec. */
export type RpcBlock = {
  readonly hash: Hash
  readonly parentHash: Hash
  readonly number: Hex
  readonly timestamp: Hex
  readonly stateRoot: Hash
  readonly extraData: Hex
  readonly baseFeePerGas?: Hex | null
  readonly withdrawalsRoot?: Hash | null
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
