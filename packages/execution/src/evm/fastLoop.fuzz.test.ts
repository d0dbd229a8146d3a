import { bytesToHex, hexToBytes } from '@keelson/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assemble, HELPER, HELPER_CODE, PROGRAM, piece } from '../../testing/evmPrograms.ts'
import { executorChain, signTx } from '../../testing/executorChain.ts'
import { createBlockExecutor } from '../index.ts'

/** Runs a program as a transaction, watched step by step (all by EthereumJS's handlers) or not (the fast one). */
async function execute(code: Uint8Array, gas: bigint, watched: boolean) {
  const chain = executorChain('karst', {
    alloc: {
      [PROGRAM]: {
        nonce: 1,
        balance: 1_000n,
        code: bytesToHex(code),
        storage: { [`0x${'00'.repeat(32)}`]: `0x${'00'.repeat(31)}05` },
      },
      [HELPER]: { nonce: 1, balance: 5n, code: HELPER_CODE },
    },
  })
  let steps = 0
  const executor = createBlockExecutor({
    spec: chain.spec,
    parent: chain.header,
    parentHash: chain.hash,
    reader: chain.state,
    attributes: chain.attributes(),
    getBlockHash: () => `0x${'ab'.repeat(32)}`,
    tracerFor: () => (watched ? { step: () => steps++ } : null),
  })
  const data = hexToBytes(`0x${'0102030405060708'.repeat(9)}`)
  const { receipt, returnValue, gasUsed, evmError } = await executor.applyForced(
    signTx({ nonce: 0n, to: PROGRAM, data, gas }),
  )
  const { header } = await executor.seal()
  const failure = evmError === 'revert' ? evmError : evmError !== null
  return { gasUsed, failure, logs: receipt.logs, returnValue: bytesToHex(returnValue), stateRoot: header.stateRoot }
}

const RUNS = Number(process.env.KEELSON_FUZZ_RUNS ?? 300)

describe('the fast loop', () => {
  it(
    "does what EthereumJS's handlers do, for any program",
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(piece, { maxLength: 60 }),
          fc.integer({ min: 60_000, max: 1_000_000 }),
          async (pieces, gas) => {
            const code = assemble(pieces)
            expect(await execute(code, BigInt(gas), false)).toEqual(await execute(code, BigInt(gas), true))
          },
        ),
        { numRuns: RUNS },
      )
    },
    60_000 + RUNS * 20,
  )
})
