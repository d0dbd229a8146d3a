import { describe, expect, it } from 'vitest'
import { testHash } from '../testing/index.ts'
import { concatBytes, hexToBytes, utf8Bytes } from './bytes.ts'
import { keccak256, keccak256Hex } from './keccak.ts'
import { l1InfoSourceHash, upgradeSourceHash, userDepositSourceHash } from './sourceHash.ts'

const word = (value: number) => hexToBytes(`0x${value.toString(16).padStart(64, '0')}`)

describe('source hashes', () => {
  it('[EXE-006][DER-251][DER-274][DER-298] put user deposits, attributes and upgrades in domains 0, 1, 2', () => {
    const inner = keccak256(concatBytes(hexToBytes(testHash(5)), word(7)))
    const inDomain = (domain: number, hash: Uint8Array) => keccak256Hex(concatBytes(word(domain), hash))
    expect(userDepositSourceHash(testHash(5), 7)).toBe(inDomain(0, inner))
    expect(l1InfoSourceHash(testHash(5), 7)).toBe(inDomain(1, inner))
    expect(upgradeSourceHash('Ecotone: äöü')).toBe(inDomain(2, keccak256(utf8Bytes('Ecotone: äöü'))))
  })

  it('[DER-251] take sequence numbers of all 64 bits', () => {
    expect(l1InfoSourceHash(testHash(5), 2n ** 64n - 1n)).not.toBe(l1InfoSourceHash(testHash(5), 0n))
    expect(l1InfoSourceHash(testHash(5), 7n)).toBe(l1InfoSourceHash(testHash(5), 7))
  })
})
