import type { Address, Hash, Hex } from 'viem'

/** One account of a genesis allocation, as op-geth's `genesis.json` has it. */
export type GenesisAccount = {
  balance: Hex
  nonce?: Hex
  code?: Hex
  storage?: Record<Hash, Hash>
}

/** Accounts by lower-case address. */
export type GenesisAlloc = Record<Address, GenesisAccount>

/** Writes accounts of an allocation, merging what is said of one address in several places. */
export class AllocBuilder {
  readonly #alloc: GenesisAlloc = {}

  setCode(address: Address, code: Hex): this {
    this.#account(address).code = code
    return this
  }

  setNonce(address: Address, nonce: bigint): this {
    this.#account(address).nonce = `0x${nonce.toString(16)}`
    return this
  }

  setBalance(address: Address, wei: bigint): this {
    this.#account(address).balance = `0x${wei.toString(16)}`
    return this
  }

  /** @param slot - 32 bytes, or a small slot number */
  setStorage(address: Address, slot: Hash | number, value: Hex): this {
    const account = this.#account(address)
    account.storage ??= {}
    account.storage[typeof slot === 'number' ? word(`0x${slot.toString(16)}`) : slot] = word(value)
    return this
  }

  build(): GenesisAlloc {
    return this.#alloc
  }

  #account(address: Address): GenesisAccount {
    const key = address.toLowerCase() as Address
    let account = this.#alloc[key]
    if (!account) {
      account = { balance: '0x0' }
      this.#alloc[key] = account
    }
    return account
  }
}

/** A value as a 32-byte word, padded on the left. */
export function word(value: Hex): Hash {
  return `0x${value.slice(2).toLowerCase().padStart(64, '0')}`
}
