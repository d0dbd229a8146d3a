import type { Address, Hash, Hex, PayloadAttributes } from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import type { EvmTracer } from '../evm/tracer.ts'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import type { StateCommit } from '../state/nodeStore.ts'
import type { TrieStateReader } from '../state/trieStateReader.ts'

/** One entry of an access list: slots are 32 bytes each. */
export type AccessListEntry = { readonly address: Address; readonly storageKeys: readonly Hash[] }

/** A signed EIP-7702 authorisation; `authority` is `null` when its signature recovers nobody. */
export type Authorization = {
  readonly chainId: bigint
  readonly address: Address
  readonly nonce: bigint
  readonly yParity: bigint
  readonly r: bigint
  readonly s: bigint
  readonly authority: Address | null
}

/** What deposits have beyond other transactions. */
export type DepositFields = { readonly sourceHash: Hash; readonly mint: bigint; readonly isSystemTx: boolean }

/** EIP-2718 types that a block can hold. */
export type TransactionType = 0 | 1 | 2 | 4 | 0x7e

/** A transaction decoded, its sender known; ready to execute, to pool and to show over RPC. */
export type ExecutionTx = {
  /** EIP-2718 encoding. */
  readonly bytes: Uint8Array
  readonly hash: Hash
  readonly type: TransactionType
  readonly sender: Address
  /** 0 for deposits, whose nonce is only known from the state. */
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** `null`: creates a contract. */
  readonly to: Address | null
  readonly value: bigint
  readonly data: Uint8Array
  /** Gas price for types 0 and 1; 0 for deposits. */
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly accessList: readonly AccessListEntry[]
  /** Type 4 only. */
  readonly authorizations: readonly Authorization[]
  /** Absent in legacy transactions without EIP-155 and in deposits. */
  readonly chainId?: bigint
  /** Absent in deposits. `v` as RPC shows it: parity for typed, 27/28 or EIP-155 for legacy transactions. */
  readonly signature?: { readonly v: bigint; readonly r: bigint; readonly s: bigint }
  readonly deposit?: DepositFields
}

/** A log as it stands in a receipt. */
export type ReceiptLog = { readonly address: Address; readonly topics: readonly Hash[]; readonly data: Uint8Array }

/** The consensus part of a receipt. */
export type Receipt = {
  readonly type: TransactionType
  readonly status: 0 | 1
  readonly cumulativeGasUsed: bigint
  readonly logs: readonly ReceiptLog[]
  /** 256 bytes. */
  readonly logsBloom: Uint8Array
  /** Deposits from Regolith: the sender's nonce before execution. Enters the encoding from Canyon. */
  readonly depositNonce?: bigint
  /** Deposits from Canyon. */
  readonly depositReceiptVersion?: 1n
}

/** What became of a transaction that is now in the block. */
export type TxOutcome = {
  readonly tx: ExecutionTx
  readonly receipt: Receipt
  readonly gasUsed: bigint
  readonly effectiveGasPrice: bigint
  /** What the fee recipient earned: effective tip × gas used. */
  readonly priorityFee: bigint
  readonly l1Fee: bigint
  readonly operatorFee: bigint
  /** Address of the contract a creating transaction made (or tried to). */
  readonly contractAddress: Address | null
  readonly returnValue: Uint8Array
  /** The EVM's word for the failure, such as `revert` or `out of gas`. */
  readonly evmError: string | null
  /** From Jovian: what the transaction adds to the block's DA footprint; else 0. */
  readonly daFootprint: bigint
}

/** Why a transaction cannot stand in this block. The state is as before. */
export type RejectionCode =
  | 'nonceTooLow'
  | 'nonceTooHigh'
  | 'nonceOverflow'
  | 'insufficientFunds'
  | 'feeTooLow'
  | 'tipAboveFee'
  | 'intrinsicGas'
  | 'gasLimitTooHigh'
  | 'blockGasExceeded'
  | 'daFootprintExceeded'
  | 'senderNotEoa'
  | 'initCodeTooLarge'
  | 'typeNotSupported'
  | 'wrongChainId'
  | 'emptyAuthorizationList'
  | 'notAllowedInActivationBlock'
  | 'unprotected'
  | 'badOverride'

export type Rejection = { readonly code: RejectionCode; readonly reason: string }

/** The part of payload attributes that is not transactions. */
export type BlockAttributes = Omit<PayloadAttributes, 'transactions' | 'noTxPool'>

/** Hash of an ancestor by number; `null` where unknown. Asked only for the 256 blocks before. */
export type BlockHashLookup = (number: bigint) => Hash | null

export type BlockExecutorParts = {
  readonly spec: ChainSpec
  readonly parent: BlockHeader
  readonly parentHash: Hash
  /** The state at the parent's state root. Not changed: several executors may share it. */
  readonly reader: TrieStateReader
  readonly attributes: BlockAttributes
  readonly getBlockHash: BlockHashLookup
  /** Ends the execution, also in the middle of a transaction, with `aborted`; the block is lost then. */
  readonly signal?: AbortSignal
  /** Watches the transaction with this index; `null` for those of no interest. */
  readonly tracerFor?: (transactionIndex: number) => EvmTracer | null
}

/** A block and everything that comes of executing it. */
export type SealedBlock = {
  readonly header: BlockHeader
  readonly hash: Hash
  readonly transactions: readonly Uint8Array[]
  /** One per transaction, in order. */
  readonly outcomes: readonly TxOutcome[]
  readonly receipts: readonly Receipt[]
  /** Sum of priority fees: the Engine API's block value. */
  readonly blockValue: bigint
  readonly commit: StateCommit
}

/**
 * Executes one block transaction by transaction on top of its parent's state.
 *
 * The first call runs the block's opening (system calls, irregular state changes). An executor that is dropped leaves
 * nothing behind; `seal` may be called once, or more often with transactions between.
 */
export interface BlockExecutor {
  /** Fields of the header that are fixed before any transaction. */
  readonly env: {
    readonly number: bigint
    readonly timestamp: bigint
    readonly gasLimit: bigint
    readonly baseFeePerGas: bigint
  }
  readonly gasUsed: bigint
  readonly gasLeft: bigint
  /** Sum so far; 0 before Jovian. */
  readonly daFootprint: bigint
  readonly outcomes: readonly TxOutcome[]
  /**
   * Executes a transaction that must be in the block.
   *
   * @throws {ExecutionError} `forcedTransactionFailed`, naming hash, type, sender and nonce; the block is lost then
   */
  applyForced(bytes: Uint8Array): Promise<TxOutcome>
  /** Executes a transaction that may be in the block; a rejection leaves the block as it was. */
  applyPooled(tx: ExecutionTx): Promise<TxOutcome | { readonly rejected: Rejection }>
  /** Computes roots and header. */
  seal(): Promise<SealedBlock>
}

/** A call that leaves no trace in the state: `eth_call`, `eth_estimateGas`, `debug_traceCall`. */
export type SimulatedCall = {
  readonly from?: Address
  readonly to?: Address | null
  readonly gas?: bigint
  readonly gasPrice?: bigint
  /** Asked for when the call must be affordable; what it pays is `gasPrice`. */
  readonly maxFeePerGas?: bigint
  readonly maxPriorityFeePerGas?: bigint
  readonly nonce?: bigint
  readonly value?: bigint
  readonly data?: Uint8Array
  readonly accessList?: readonly AccessListEntry[]
  readonly authorizations?: readonly Authorization[]
  readonly stateOverrides?: Readonly<Record<Address, StateOverride>>
}

export type StateOverride = {
  readonly balance?: bigint
  readonly nonce?: bigint
  readonly code?: Uint8Array
  /** Replaces all storage. */
  readonly state?: Readonly<Record<Hex, bigint>>
  /** Puts the precompile that is here there. */
  readonly movePrecompileToAddress?: Address
  /** Changes some slots. */
  readonly stateDiff?: Readonly<Record<Hex, bigint>>
}

export type CallOutcome = {
  readonly gasUsed: bigint
  readonly returnValue: Uint8Array
  readonly status: 0 | 1
  /** `revert`, `out of gas`, …; `null` on success. */
  readonly evmError: string | null
  readonly logs: readonly ReceiptLog[]
  readonly contractAddress: Address | null
}
