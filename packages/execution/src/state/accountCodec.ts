import { bytesToHex, encodeRlp, type Hash, RlpReader } from '@keelson/protocol'
import type { AccountState } from './stateReader.ts'

/** keccak-256 of nothing: the code hash of accounts without code. */
export const EMPTY_CODE_HASH: Hash = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'

/** RLP of an account as the state trie holds it: nonce, balance, storage root, code hash. */
export function encodeAccount({ nonce, balance, storageRoot, codeHash }: AccountState): Uint8Array {
  return encodeRlp([nonce, balance, storageRoot, codeHash])
}

/** @throws {CodecError} when the bytes are no account */
export function decodeAccount(rlp: Uint8Array): AccountState {
  const fields = new RlpReader(rlp).list()
  return {
    nonce: fields.quantity(),
    balance: fields.quantity(),
    storageRoot: bytesToHex(fields.fixed(32)),
    codeHash: bytesToHex(fields.fixed(32)),
  }
}
