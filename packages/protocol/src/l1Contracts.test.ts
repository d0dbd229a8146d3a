import { describe, expect, it } from 'vitest'
import { utf8Bytes } from './bytes.ts'
import { keccak256Hex } from './keccak.ts'
import { conventionalBatchInbox, L1_SLOTS } from './l1Contracts.ts'

const hashOf = (text: string) => BigInt(keccak256Hex(utf8Bytes(text)))

describe('L1 contracts', () => {
  it('[EXE-147][P2P-058] keep signer and protocol versions in slots named by hash', () => {
    expect(BigInt(L1_SLOTS.unsafeBlockSigner)).toBe(hashOf('systemconfig.unsafeblocksigner'))
    expect(BigInt(L1_SLOTS.requiredProtocolVersion)).toBe(hashOf('protocolversion.required') - 1n)
    expect(BigInt(L1_SLOTS.recommendedProtocolVersion)).toBe(hashOf('protocolversion.recommended') - 1n)
  })

  it('[EXE-176] have a conventional inbox that begins with a zero byte', () => {
    expect(conventionalBatchInbox(420_130_015n)).toBe('0x00ab2d21a3e869a42603c37731699d1eedf89eb3')
  })
})
