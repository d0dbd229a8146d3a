import { type Address, bigintToBytes, bytesToHex, type Hash, type Hex } from '@keelson/protocol'
import type { EvmFrame, EvmFrameResult, EvmStep } from '../../evm/tracer.ts'
import { EMPTY_CODE_HASH } from '../../state/accountCodec.ts'
import type { StateReader } from '../../state/stateReader.ts'
import type { TracedRun, TransactionTracer } from './tracer.ts'

export type PrestateOptions = {
  readonly diffMode: boolean
  readonly disableCode: boolean
  readonly disableStorage: boolean
}

type AccountJson = { balance?: bigint; nonce?: number; code?: Hex; storage?: Record<Hash, Hash> }

const wordHex = (value: bigint): Hash => bytesToHex(bigintToBytes(value, 32))
const addressOf = (value: bigint): Address => bytesToHex(bigintToBytes(value & ((1n << 160n) - 1n), 20))

/** geth's `prestateTracer`: the accounts and slots that a transaction touches, as they were before (and after) it. */
export class PrestateTracer implements TransactionTracer {
  readonly wantsState: 'before' | 'both'
  readonly #options: PrestateOptions
  readonly #touched = new Map<Address, Set<bigint>>()
  readonly #created = new Set<Address>()
  readonly #destructed = new Set<Address>()

  constructor(options: PrestateOptions) {
    this.#options = options
    this.wantsState = options.diffMode ? 'both' : 'before'
  }

  enter({ from, to }: EvmFrame): void {
    this.#slots(from)
    if (to) this.#slots(to)
  }

  exit({ createdAddress }: EvmFrameResult): void {
    if (createdAddress) this.#create(createdAddress)
  }

  step({ opcode, stack, address }: EvmStep): void {
    const top = stack.at(-1)
    switch (opcode.name) {
      case 'SLOAD':
      case 'SSTORE':
        if (top !== undefined) this.#slots(address).add(top)
        break
      case 'BALANCE':
      case 'EXTCODESIZE':
      case 'EXTCODEHASH':
      case 'EXTCODECOPY':
      case 'SELFDESTRUCT':
        if (opcode.name === 'SELFDESTRUCT') this.#destructed.add(address)
        if (top !== undefined) this.#slots(addressOf(top))
        break
      case 'CALL':
      case 'CALLCODE':
      case 'DELEGATECALL':
      case 'STATICCALL': {
        const target = stack.at(-2)
        if (target !== undefined) this.#slots(addressOf(target))
        break
      }
      default:
    }
  }

  result({ from, to, contractAddress, feeRecipient, before, after }: TracedRun): unknown {
    for (const address of [from, to, feeRecipient]) if (address) this.#slots(address)
    if (contractAddress) this.#create(contractAddress)
    if (!before) return {}
    /** Contracts that began in this transaction have no state before it; other new accounts had a balance of 0. */
    const hadState = (address: Address) => !this.#created.has(address) || before.getAccount(address) !== null
    if (!this.#options.diffMode) {
      return Object.fromEntries(
        [...this.#touched]
          .filter(([address]) => hadState(address))
          .map(([address, slots]) => [address, this.#read(before, address, slots)]),
      )
    }
    const pre: Record<Address, AccountJson> = {}
    const post: Record<Address, AccountJson> = {}
    for (const [address, slots] of this.#touched) {
      if (!after) break
      const was = this.#read(before, address, slots)
      if (this.#destructed.has(address)) {
        if (hadState(address)) pre[address] = was
        continue
      }
      const is = this.#read(after, address, slots)
      const changes = changesOf(was, is)
      if (!changes) continue
      if (hadState(address)) pre[address] = onlyChangedStorage(was, is)
      post[address] = changes
    }
    return { pre, post }
  }

  #create(address: Address): void {
    this.#slots(address)
    this.#created.add(address)
  }

  #slots(address: Address): Set<bigint> {
    let slots = this.#touched.get(address)
    if (!slots) {
      slots = new Set()
      this.#touched.set(address, slots)
    }
    return slots
  }

  #read(state: StateReader, address: Address, slots: ReadonlySet<bigint>): AccountJson {
    const account = state.getAccount(address)
    if (!account) return { balance: 0n }
    const json: AccountJson = { balance: account.balance }
    if (account.nonce > 0n) json.nonce = Number(account.nonce)
    if (!this.#options.disableCode && account.codeHash !== EMPTY_CODE_HASH)
      json.code = bytesToHex(state.getCode(account.codeHash))
    if (!this.#options.disableStorage && slots.size > 0) {
      json.storage = Object.fromEntries(
        [...slots].map((slot) => [wordHex(slot), wordHex(state.getStorage(address, slot))]),
      )
    }
    return json
  }
}

const ZERO_WORD = wordHex(0n)

/** What is different afterwards; `null` for nothing. */
function changesOf(was: AccountJson, is: AccountJson): AccountJson | null {
  const changes: AccountJson = {}
  if (is.balance !== was.balance && is.balance !== undefined) changes.balance = is.balance
  if (is.nonce !== was.nonce && is.nonce !== undefined) changes.nonce = is.nonce
  if (is.code !== was.code && is.code !== undefined) changes.code = is.code
  const storage = Object.entries(is.storage ?? {}).filter(
    ([slot, value]) => value !== (was.storage?.[slot as Hash] ?? ZERO_WORD) && value !== ZERO_WORD,
  )
  const cleared = Object.entries(was.storage ?? {}).some(
    ([slot, value]) => value !== (is.storage?.[slot as Hash] ?? ZERO_WORD),
  )
  if (storage.length > 0) changes.storage = Object.fromEntries(storage)
  return Object.keys(changes).length > 0 || cleared ? changes : null
}

/** The account before, with the slots that changed and were not zero. */
function onlyChangedStorage({ storage, ...account }: AccountJson, is: AccountJson): AccountJson {
  const changed = Object.entries(storage ?? {}).filter(
    ([slot, value]) => value !== (is.storage?.[slot as Hash] ?? ZERO_WORD) && value !== ZERO_WORD,
  )
  return changed.length > 0 ? { ...account, storage: Object.fromEntries(changed) } : account
}
