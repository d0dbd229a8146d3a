import type { Account, Address as EvmAddress } from '@ethereumjs/util'
import { type Address, bytesToBigint, bytesToHex, type Hex } from '@keelson/protocol'
import { addressHex, type EvmStateManager } from './evmStateManager.ts'

type Undo =
  | { readonly kind: 'address' | 'touch'; readonly address: Hex }
  | { readonly kind: 'slot'; readonly slots: Set<bigint>; readonly slot: bigint }

/** Stays touched even when the touching call is taken back (a quirk of mainnet's history). */
const RIPEMD160: Address = '0x0000000000000000000000000000000000000003'

const prefixed = (hex: string): Hex => (hex.startsWith('0x') ? (hex as Hex) : `0x${hex}`)

/**
 * Which addresses and slots are warm (EIP-2929) and which accounts are touched (EIP-161) in a transaction. Takes the
 * place of EthereumJS's journal: an undo list instead of maps of differences, and slots as numbers.
 */
export class AccessJournal {
  stateManager: EvmStateManager
  /** What EthereumJS's tools may ask for; not kept here. */
  readonly accessList: undefined = undefined
  readonly preimages: undefined = undefined
  readonly touched = new Set<Hex>()
  readonly #precompiles: ReadonlySet<Hex>
  readonly #warm = new Map<Hex, Set<bigint>>()
  readonly #undo: Undo[] = []
  readonly #marks: number[] = []

  /** @param precompiles - always warm */
  constructor(stateManager: EvmStateManager, precompiles: Iterable<string>) {
    this.stateManager = stateManager
    this.#precompiles = new Set(Array.from(precompiles, prefixed))
  }

  cleanJournal(): void {
    this.#warm.clear()
    this.touched.clear()
    this.#undo.length = 0
    this.#marks.length = 0
  }

  async cleanup(): Promise<void> {
    this.cleanJournal()
  }

  async checkpoint(): Promise<void> {
    this.#marks.push(this.#undo.length)
    this.stateManager.state.checkpoint()
  }

  async commit(): Promise<void> {
    this.#marks.pop()
    this.stateManager.state.commit()
  }

  async revert(): Promise<void> {
    const length = this.#marks.pop() ?? 0
    while (this.#undo.length > length) {
      const undo = this.#undo.pop() as Undo
      if (undo.kind === 'slot') undo.slots.delete(undo.slot)
      else if (undo.kind === 'address') this.#warm.delete(undo.address)
      else if (undo.address !== RIPEMD160) this.touched.delete(undo.address)
    }
    this.stateManager.state.revert()
  }

  #touch(address: Hex): void {
    if (this.touched.has(address)) return
    this.touched.add(address)
    this.#undo.push({ kind: 'touch', address })
  }

  putAccount(address: EvmAddress, account: Account): Promise<void> {
    this.#touch(addressHex(address))
    return this.stateManager.putAccount(address, account)
  }

  deleteAccount(address: EvmAddress): Promise<void> {
    this.#touch(addressHex(address))
    return this.stateManager.deleteAccount(address)
  }

  #slots(address: Hex): Set<bigint> {
    let slots = this.#warm.get(address)
    if (!slots) {
      slots = new Set()
      this.#warm.set(address, slots)
      this.#undo.push({ kind: 'address', address })
    }
    return slots
  }

  addAlwaysWarmAddress(address: string): void {
    this.#slots(prefixed(address))
  }

  addAlwaysWarmSlot(address: string, slot: string): void {
    this.warmSlot(prefixed(address), BigInt(prefixed(slot)))
  }

  isWarmedAddress(address: Uint8Array): boolean {
    const hex = bytesToHex(address)
    return this.#warm.has(hex) || this.#precompiles.has(hex)
  }

  addWarmedAddress(address: Uint8Array): void {
    this.#slots(bytesToHex(address))
  }

  isWarmedStorage(address: Uint8Array, slot: Uint8Array): boolean {
    return this.#warm.get(bytesToHex(address))?.has(bytesToBigint(slot)) ?? false
  }

  addWarmedStorage(address: Uint8Array, slot: Uint8Array): void {
    this.warmSlot(bytesToHex(address), bytesToBigint(slot))
  }

  /** Warms an address; whether it was cold. */
  warmAddress(address: Hex): boolean {
    if (this.#warm.has(address) || this.#precompiles.has(address)) return false
    this.#slots(address)
    return true
  }

  /** Warms a slot; whether it was cold. */
  warmSlot(address: Hex, slot: bigint): boolean {
    const slots = this.#slots(address)
    if (slots.has(slot)) return false
    slots.add(slot)
    this.#undo.push({ kind: 'slot', slots, slot })
    return true
  }

  startReportingAccessList(): void {}
}
