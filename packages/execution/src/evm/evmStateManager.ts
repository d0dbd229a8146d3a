import type { AccountFields, StateManagerInterface } from '@ethereumjs/common'
import { Account, type Address as EvmAddress } from '@ethereumjs/util'
import { type Address, bigintToBytes, bytesToBigint, bytesToHex, type Hash, hexToBytes } from '@keelson/protocol'
import type { JournaledState } from '../state/journaledState.ts'
import type { AccountState } from '../state/stateReader.ts'

const MAX_HASHES = 20_000
const bytesOfHash = new Map<Hash, Uint8Array>()
/** Hashes by the very arrays that were given out for them. */
const hashOfBytes = new WeakMap<Uint8Array, Hash>()

function hashBytes(hash: Hash): Uint8Array {
  let bytes = bytesOfHash.get(hash)
  if (!bytes) {
    if (bytesOfHash.size >= MAX_HASHES) bytesOfHash.clear()
    bytes = hexToBytes(hash)
    bytesOfHash.set(hash, bytes)
    hashOfBytes.set(bytes, hash)
  }
  return bytes
}

const hashHex = (bytes: Uint8Array): Hash => hashOfBytes.get(bytes) ?? bytesToHex(bytes)

/** Lower-case hex of EthereumJS's address object. */
export const addressHex = (address: EvmAddress): Address => bytesToHex(address.bytes)

function toEvmAccount({ nonce, balance, storageRoot, codeHash }: AccountState): Account {
  return new Account(nonce, balance, hashBytes(storageRoot), hashBytes(codeHash))
}

function toAccountState(account: Account): AccountState {
  return {
    nonce: account.nonce,
    balance: account.balance,
    storageRoot: hashHex(account.storageRoot),
    codeHash: hashHex(account.codeHash),
  }
}

/** Shows a {@link JournaledState} to EthereumJS. Words travel as bytes without leading zeros. */
export class EvmStateManager implements StateManagerInterface {
  readonly state: JournaledState
  readonly originalStorageCache: StateManagerInterface['originalStorageCache']

  constructor(state: JournaledState) {
    this.state = state
    this.originalStorageCache = {
      get: async (address, key) => bigintToBytes(state.getOriginalStorage(addressHex(address), bytesToBigint(key))),
      clear: () => state.startTransaction(),
    }
  }

  async getAccount(address: EvmAddress): Promise<Account | undefined> {
    const account = this.state.getAccount(addressHex(address))
    return account === null ? undefined : toEvmAccount(account)
  }

  async putAccount(address: EvmAddress, account?: Account): Promise<void> {
    this.state.putAccount(addressHex(address), account ? toAccountState(account) : null)
  }

  async deleteAccount(address: EvmAddress): Promise<void> {
    this.state.putAccount(addressHex(address), null)
  }

  async modifyAccountFields(address: EvmAddress, fields: AccountFields): Promise<void> {
    const hex = addressHex(address)
    const account = toEvmAccount(this.state.accountOrEmpty(hex))
    Object.assign(account, fields)
    this.state.putAccount(hex, toAccountState(account))
  }

  async putCode(address: EvmAddress, code: Uint8Array): Promise<void> {
    this.state.putCode(addressHex(address), code)
  }

  async getCode(address: EvmAddress): Promise<Uint8Array> {
    return this.state.getCode(addressHex(address))
  }

  async getCodeSize(address: EvmAddress): Promise<number> {
    return this.state.getCode(addressHex(address)).length
  }

  async getStorage(address: EvmAddress, key: Uint8Array): Promise<Uint8Array> {
    return bigintToBytes(this.state.getStorage(addressHex(address), bytesToBigint(key)))
  }

  async putStorage(address: EvmAddress, key: Uint8Array, value: Uint8Array): Promise<void> {
    this.state.putStorage(addressHex(address), bytesToBigint(key), bytesToBigint(value))
  }

  async clearStorage(address: EvmAddress): Promise<void> {
    this.state.clearStorage(addressHex(address))
  }

  async checkpoint(): Promise<void> {
    this.state.checkpoint()
  }

  async commit(): Promise<void> {
    this.state.commit()
  }

  async revert(): Promise<void> {
    this.state.revert()
  }

  /** The root is only known when the block is sealed; the EVM does not ask. */
  getStateRoot(): Promise<Uint8Array> {
    return Promise.reject(new TypeError('the state root of a block under way is not known'))
  }

  setStateRoot(): Promise<void> {
    return Promise.reject(new TypeError('a block is executed on one state'))
  }

  async hasStateRoot(): Promise<boolean> {
    return false
  }

  clearCaches(): void {}

  shallowCopy(): StateManagerInterface {
    return new EvmStateManager(this.state)
  }
}
