import type { Address, Hash, Hex } from '@keelson/protocol'

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
  readonly transactions?: readonly (RpcTransaction | Hash | null)[]
  readonly withdrawals?: readonly RpcWithdrawal[] | null
}

export type RpcWithdrawal = {
  readonly index: Hex
  readonly validatorIndex: Hex
  readonly address: Address
  readonly amount: Hex
}

export type RpcAccessList = readonly { readonly address: Address; readonly storageKeys: readonly Hash[] }[]

/** A transaction as L1's JSON-RPC answers it, of any type. */
export type RpcTransaction = {
  readonly hash: Hash
  /** The sidecar of a blob transaction, which only anvil shows. */
  readonly blobs?: readonly Hex[] | null
  readonly commitments?: readonly Hex[] | null
  readonly proofs?: readonly Hex[] | null
  readonly cellProofs?: readonly Hex[] | null
  readonly type?: Hex
  readonly chainId?: Hex | null
  readonly nonce: Hex
  readonly gasPrice?: Hex | null
  readonly maxPriorityFeePerGas?: Hex | null
  readonly maxFeePerGas?: Hex | null
  readonly maxFeePerBlobGas?: Hex | null
  readonly gas: Hex
  readonly from: Address
  readonly to: Address | null
  readonly value: Hex
  readonly input: Hex
  readonly accessList?: RpcAccessList | null
  readonly blobVersionedHashes?: readonly Hash[] | null
  readonly authorizationList?: readonly RpcAuthorization[] | null
  readonly v?: Hex
  readonly yParity?: Hex
  readonly r: Hex
  readonly s: Hex
  readonly sourceHash?: Hash
  readonly mint?: Hex | null
  readonly isSystemTx?: boolean
}

export type RpcAuthorization = {
  readonly chainId: Hex
  readonly address: Address
  readonly nonce: Hex
  readonly yParity: Hex
  readonly r: Hex
  readonly s: Hex
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
