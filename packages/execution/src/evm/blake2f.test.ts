import { createHash } from 'node:crypto'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { EVM, type PrecompileFunc } from '@ethereumjs/evm'
import { bytesToHex, concatBytes, hexToBytes } from '@keelson/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blake2fRounds, loadBlake2f } from './blake2f.ts'

const common = new Common({ chain: Mainnet, hardfork: Hardfork.Prague })
const evm = new EVM({ common, stateManager: {} as never, blockchain: {} as never })
const reference = evm.getPrecompile(`0x${'00'.repeat(19)}09`) as PrecompileFunc
const expected = async (data: Uint8Array): Promise<string> => {
  const { returnValue, exceptionError } = await reference({ data, gasLimit: 10n ** 12n, common, _EVM: evm })
  return exceptionError ? 'fails' : bytesToHex(returnValue)
}
const input = (rounds: number, rest: Uint8Array, final: number): Uint8Array => {
  const head = new Uint8Array(4)
  new DataView(head.buffer).setUint32(0, rounds)
  return concatBytes(head, rest, Uint8Array.of(final))
}

describe('blake2f', () => {
  it('compresses what BLAKE2b compresses for "abc" (RFC 7693, appendix A)', async () => {
    const blake2f = await loadBlake2f()
    const iv =
      '48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b'
    const rest = hexToBytes(`0x${iv}616263${'00'.repeat(125)}03${'00'.repeat(15)}`)
    expect(bytesToHex(blake2f(input(12, rest, 1)))).toBe(`0x${createHash('blake2b512').update('abc').digest('hex')}`)
  })

  it('gives for any input what EthereumJS gives', async () => {
    const blake2f = await loadBlake2f()
    const rest = fc.uint8Array({ minLength: 208, maxLength: 208 })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 40 }),
        rest,
        fc.integer({ min: 0, max: 1 }),
        async (rounds, bytes, final) => {
          const data = input(rounds, bytes, final)
          expect(bytesToHex(blake2f(data))).toBe(await expected(data))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('refuses other lengths and flags, as EthereumJS does', async () => {
    const rest = new Uint8Array(208)
    for (const data of [
      input(1, rest, 2),
      input(1, rest, 255),
      input(1, rest.subarray(1), 1),
      new Uint8Array(0),
      concatBytes(input(1, rest, 1), rest),
    ]) {
      expect(blake2fRounds(data)).toBeNull()
      expect(await expected(data)).toBe('fails')
    }
    expect(blake2fRounds(input(2 ** 32 - 1, rest, 0))).toBe(2 ** 32 - 1)
  })
})
