import {
  bytesToHex,
  EMPTY_REQUESTS_HASH,
  EMPTY_TRIE_ROOT,
  EMPTY_UNCLES_HASH,
  extraDataOf,
  type Hex,
  headerHash,
  nextBaseFee,
  orderedTrieRoot,
} from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import { JournaledState } from '../state/journaledState.ts'
import { type AppliedTx, applyDeposit } from './applyDeposit.ts'
import { applyPaid, type PaidTx } from './applyPaid.ts'
import { type BlockContext, createBlockContext } from './blockContext.ts'
import { L2_TO_L1_MESSAGE_PASSER } from './constants.ts'
import { ExecutionError } from './executionError.ts'
import { bloomOf, encodeReceipt, joinBlooms } from './receipts.ts'
import { blockRulesOf } from './rules.ts'
import { openBlock } from './systemCalls.ts'
import { createdAddress, decodeTransaction } from './transaction.ts'
import type {
  BlockAttributes,
  BlockExecutor,
  BlockExecutorParts,
  DepositFields,
  ExecutionTx,
  Receipt,
  Rejection,
  SealedBlock,
  TxOutcome,
} from './types.ts'

function attempt<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new ExecutionError('invalidAttributes', { reason: (cause as Error).message }, { cause })
  }
}

function isDeposit(tx: ExecutionTx): tx is ExecutionTx & { readonly deposit: DepositFields } {
  return tx.deposit !== undefined
}

const FREE = { effectiveGasPrice: 0n, priorityFee: 0n, l1Fee: 0n, operatorFee: 0n, daFootprint: 0n }

class Executor implements BlockExecutor {
  readonly #parts: BlockExecutorParts
  readonly #context: BlockContext
  readonly #extraData: Hex
  readonly #outcomes: TxOutcome[] = []
  #gasUsed = 0n
  #gasLeft: bigint
  #daFootprint = 0n
  #opening: Promise<void> | null = null

  constructor(parts: BlockExecutorParts) {
    const { spec, parent, attributes, reader, getBlockHash, signal } = parts
    const { timestamp, gasLimit, suggestedFeeRecipient, prevRandao } = attributes
    if (timestamp <= parent.timestamp) {
      throw new ExecutionError('invalidAttributes', { reason: `time ${timestamp} is not after ${parent.timestamp}` })
    }
    this.#parts = parts
    this.#extraData = attempt(() => extraDataOf(spec, attributes))
    this.#gasLeft = gasLimit
    this.#context = createBlockContext({
      spec,
      rules: blockRulesOf(spec, timestamp, parent.timestamp),
      env: {
        number: parent.number + 1n,
        timestamp,
        gasLimit,
        baseFeePerGas: attempt(() => nextBaseFee(spec, parent, timestamp)),
        feeRecipient: suggestedFeeRecipient,
        prevRandao,
      },
      state: new JournaledState(reader),
      getBlockHash,
      signal,
    })
  }

  get env() {
    return this.#context.env
  }

  get gasUsed() {
    return this.#gasUsed
  }

  get gasLeft() {
    return this.#gasLeft
  }

  get daFootprint() {
    return this.#daFootprint
  }

  get outcomes() {
    return this.#outcomes
  }

  #open(): Promise<void> {
    const { parentHash, attributes } = this.#parts
    this.#opening ??= openBlock(this.#context, parentHash, attributes.parentBeaconBlockRoot)
    return this.#opening
  }

  async applyForced(bytes: Uint8Array): Promise<TxOutcome> {
    const tx = this.#decode(bytes)
    if (isDeposit(tx)) {
      if (tx.gasLimit > this.#gasLeft && !(tx.deposit.isSystemTx && !this.#context.rules.regolith)) {
        throw this.#failure(tx, 'blockGasExceeded', `gas limit ${tx.gasLimit}, ${this.#gasLeft} left in the block`)
      }
      await this.#open()
      return this.#deposit(tx)
    }
    const outcome = await this.applyPooled(tx)
    if ('rejected' in outcome) throw this.#failure(tx, outcome.rejected.code, outcome.rejected.reason)
    return outcome
  }

  #decode(bytes: Uint8Array): ExecutionTx {
    try {
      return decodeTransaction(bytes)
    } catch (cause) {
      if (!(cause instanceof ExecutionError) || cause.fault.code !== 'badTransaction') throw cause
      const { hash, reason } = cause.fault.data
      const index = this.#outcomes.length
      const type = (bytes[0] ?? 0) >= 0xc0 ? 0 : (bytes[0] ?? 0)
      const data = { index, hash, type, sender: null, nonce: 0n, code: 'badTransaction', reason }
      throw new ExecutionError('forcedTransactionFailed', data, { cause })
    }
  }

  #failure({ hash, type, sender, nonce }: ExecutionTx, code: string, reason: string): ExecutionError {
    const index = this.#outcomes.length
    return new ExecutionError('forcedTransactionFailed', { index, hash, type, sender, nonce, code, reason })
  }

  async applyPooled(tx: ExecutionTx): Promise<TxOutcome | { readonly rejected: Rejection }> {
    if (isDeposit(tx)) return { rejected: { code: 'typeNotSupported', reason: 'deposits come from L1 only' } }
    await this.#open()
    const room = { gasLeft: this.#gasLeft, footprintLeft: this.env.gasLimit - this.#daFootprint }
    const applied = await applyPaid(this.#context, tx, room, this.#tracer())
    if ('rejected' in applied) return applied
    return this.#include(tx, applied, tx.nonce, {})
  }

  async #deposit(tx: ExecutionTx & { readonly deposit: DepositFields }): Promise<TxOutcome> {
    const { state, rules } = this.#context
    const depositNonce = state.accountOrEmpty(tx.sender).nonce
    const applied = await applyDeposit(this.#context, tx, this.#tracer())
    return this.#include(tx, { ...applied, ...FREE }, depositNonce, {
      ...(rules.regolith && { depositNonce }),
      ...(rules.canyon && { depositReceiptVersion: 1n as const }),
    })
  }

  #tracer() {
    return this.#parts.tracerFor?.(this.#outcomes.length) ?? null
  }

  #include(tx: ExecutionTx, applied: PaidTx, nonce: bigint, more: Partial<Receipt>): TxOutcome {
    const { gasUsed, poolGas, result, ...fees } = applied satisfies AppliedTx
    this.#gasUsed += gasUsed
    this.#gasLeft -= poolGas
    this.#daFootprint += fees.daFootprint
    const outcome: TxOutcome = {
      tx,
      receipt: {
        type: tx.type,
        status: result.error === null ? 1 : 0,
        cumulativeGasUsed: this.#gasUsed,
        logs: result.logs,
        logsBloom: bloomOf(result.logs),
        ...more,
      },
      gasUsed,
      ...fees,
      contractAddress: tx.to === null ? createdAddress(tx.sender, nonce) : null,
      returnValue: result.returnValue,
      evmError: result.error,
    }
    this.#outcomes.push(outcome)
    return outcome
  }

  async seal(): Promise<SealedBlock> {
    await this.#open()
    const { state, env } = this.#context
    const outcomes = this.#outcomes.slice()
    const receipts = outcomes.map(({ receipt }) => receipt)
    const transactions = outcomes.map(({ tx }) => tx.bytes)
    const { storageRootOf, ...commit } = state.seal()
    const header: BlockHeader = {
      parentHash: this.#parts.parentHash,
      sha3Uncles: EMPTY_UNCLES_HASH,
      miner: env.feeRecipient,
      stateRoot: commit.root,
      transactionsRoot: orderedTrieRoot(transactions),
      receiptsRoot: orderedTrieRoot(receipts.map(encodeReceipt)),
      logsBloom: bytesToHex(joinBlooms(receipts.map(({ logsBloom }) => logsBloom))),
      difficulty: 0n,
      number: env.number,
      gasLimit: env.gasLimit,
      gasUsed: this.#gasUsed,
      timestamp: env.timestamp,
      extraData: this.#extraData,
      mixHash: env.prevRandao,
      nonce: '0x0000000000000000',
      baseFeePerGas: env.baseFeePerGas,
      ...this.#forkFields(this.#parts.attributes, storageRootOf),
    }
    let blockValue = 0n
    for (const { priorityFee } of outcomes) blockValue += priorityFee
    return { header, hash: headerHash(header), transactions, outcomes, receipts, blockValue, commit }
  }

  #forkFields(
    { parentBeaconBlockRoot }: BlockAttributes,
    storageRootOf: ReturnType<JournaledState['seal']>['storageRootOf'],
  ): Partial<BlockHeader> {
    const { rules } = this.#context
    return {
      ...(rules.canyon && {
        withdrawalsRoot: rules.isthmus ? storageRootOf(L2_TO_L1_MESSAGE_PASSER) : EMPTY_TRIE_ROOT,
      }),
      ...(rules.ecotone && {
        blobGasUsed: this.#daFootprint,
        excessBlobGas: 0n,
        ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
      }),
      ...(rules.isthmus && { requestsHash: EMPTY_REQUESTS_HASH }),
    }
  }
}

/**
 * Starts a block on top of its parent.
 *
 * @throws {ExecutionError} `invalidAttributes`
 */
export function createBlockExecutor(parts: BlockExecutorParts): BlockExecutor {
  return new Executor(parts)
}
