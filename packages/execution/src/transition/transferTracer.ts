import { type Address, bigintToBytes, bytesToHex, type Hash } from '@keelson/protocol'
import { loggedEvent } from '../evm/loggedEvent.ts'
import type { EvmFrame, EvmFrameResult, EvmStep, EvmTracer } from '../evm/tracer.ts'
import type { ReceiptLog } from './types.ts'

/** The address that stands for ether (ERC-7528). */
const ETHER: Address = '0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee'
/** `Transfer(address,address,uint256)` */
const TRANSFER: Hash = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

const wordOf = (value: bigint): Uint8Array => bigintToBytes(value, 32)
const topicOf = (address: Address): Hash => bytesToHex(wordOf(BigInt(address)))

/**
 * Collects what a call logs and, in between as if they were ERC-20 events, the transfers of ether: values of calls and
 * creations, and what self-destructed contracts held. What failed calls did is left out.
 */
export class TransferTracer implements EvmTracer {
  readonly #frames: ReceiptLog[][] = []
  /** Value that goes to a contract under creation: its address is known at the end. */
  readonly #creations: ({ readonly from: Address; readonly value: bigint } | null)[] = []
  /** Of the whole call, in order. */
  logs: readonly ReceiptLog[] = []

  enter({ kind, from, to, value }: EvmFrame): void {
    const moves = value > 0n && kind !== 'DELEGATECALL' && kind !== 'CALLCODE'
    this.#frames.push(moves && to ? [transferLog(from, to, value)] : [])
    this.#creations.push(moves && !to ? { from, value } : null)
  }

  step(step: EvmStep): void {
    const logs = this.#frames.at(-1)
    if (!logs) return
    const event = loggedEvent(step)
    if (event) logs.push(event)
    if (step.opcode.name !== 'SELFDESTRUCT') return
    const heir = bytesToHex(bigintToBytes((step.stack.at(-1) ?? 0n) & ((1n << 160n) - 1n), 20))
    const balance = step.balance()
    if (balance > 0n) logs.push(transferLog(step.address, heir, balance))
  }

  exit({ error, createdAddress }: EvmFrameResult): void {
    const logs = this.#frames.pop()
    const creation = this.#creations.pop()
    if (!logs || error !== null) return
    if (creation && createdAddress) logs.unshift(transferLog(creation.from, createdAddress, creation.value))
    const caller = this.#frames.at(-1)
    if (caller) caller.push(...logs)
    else this.logs = logs
  }
}

function transferLog(from: Address, to: Address, value: bigint): ReceiptLog {
  return { address: ETHER, topics: [TRANSFER, topicOf(from), topicOf(to)], data: wordOf(value) }
}
