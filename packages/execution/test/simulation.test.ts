import { bytesToHex, EMPTY_TRIE_ROOT, hexToBytes } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { createdAddress, simulateBlocks, simulateCall } from '../src/index.ts'
import { ALICE, BOB, CAROL, code, codeHex, ETHER, executorChain } from '../testing/executorChain.ts'

const TARGET = `0x${'77'.repeat(20)}` as const
const MESSAGE_PASSER = '0x4200000000000000000000000000000000000016'
const word = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as const
/** Returns its slot 0 and stores its input there. */
const SWAPS = codeHex('600054 600052 600035 600055 60206000f3')

const chainWith = () =>
  executorChain('jovian', {
    alloc: {
      [TARGET]: { nonce: 1, code: SWAPS, storage: { [word(0)]: word(7) } },
      [MESSAGE_PASSER]: { nonce: 1, storage: { [word(0)]: word(1) } },
    },
  })

function call(chain: ReturnType<typeof chainWith>, parts: Parameters<typeof simulateCall>[0]['call']) {
  const { spec, header, state: reader } = chain
  return simulateCall({ spec, header, reader, call: parts, getBlockHash: () => null })
}

describe('simulateCall', () => {
  it('leaves no trace, and charges neither L1 cost nor operator fee', async () => {
    const chain = chainWith()
    const before = chain.header.stateRoot
    const outcome = await call(chain, { from: `0x${'01'.repeat(20)}`, to: TARGET, data: hexToBytes(word(9)) })
    expect(bytesToHex(outcome.returnValue)).toBe(word(7))
    expect(chain.state.getStorage(TARGET, 0n)).toBe(7n)
    expect(chain.header.stateRoot).toBe(before)
  })

  it('takes state overrides', async () => {
    const chain = chainWith()
    const whole = { [TARGET]: { state: { [word(1)]: 5n } } }
    const one = { [TARGET]: { stateDiff: { [word(0)]: 8n } } }
    expect(bytesToHex((await call(chain, { to: TARGET, stateOverrides: whole })).returnValue)).toBe(word(0))
    expect(bytesToHex((await call(chain, { to: TARGET, stateOverrides: one })).returnValue)).toBe(word(8))
    const rich = { [CAROL]: { balance: ETHER, nonce: 5n, code: code('47600052 60206000f3') } }
    const balance = await call(chain, { to: CAROL, stateOverrides: rich })
    expect(BigInt(bytesToHex(balance.returnValue))).toBe(ETHER)
  })

  it('says why a call cannot start', async () => {
    const chain = chainWith()
    await expect(call(chain, { from: ALICE, to: BOB, gas: 20_000n })).rejects.toMatchObject({
      fault: { code: 'callRejected', data: { code: 'intrinsicGas' } },
    })
    await expect(call(chain, { from: CAROL, to: BOB, value: 1n })).rejects.toMatchObject({
      fault: { code: 'callRejected', data: { code: 'insufficientFunds' } },
    })
  })

  it('gives revert data and the address of a creation', async () => {
    const chain = chainWith()
    const reverted = await call(chain, { from: ALICE, data: code('63deadbeef 6000 52 6004 601c fd') })
    expect(reverted).toMatchObject({ status: 0, evmError: 'revert', contractAddress: createdAddress(ALICE, 0n) })
    expect(bytesToHex(reverted.returnValue)).toBe('0xdeadbeef')
  })
})

describe('simulateBlocks', () => {
  const simulate = (chain: ReturnType<typeof chainWith>, blocks: Parameters<typeof simulateBlocks>[0]['blocks']) =>
    simulateBlocks({
      spec: chain.spec,
      parent: chain.header,
      parentHash: chain.hash,
      reader: chain.state,
      blocks,
      getBlockHash: () => null,
    })

  it('runs each call upon what the ones before left, block upon block', async () => {
    const chain = chainWith()
    const blocks = await simulate(chain, [
      { calls: [{ to: TARGET, data: hexToBytes(word(9)) }, { to: TARGET }] },
      { overrides: { timestamp: 5_000n }, calls: [{ from: ALICE, to: CAROL, value: 3n }, { to: TARGET }] },
    ])
    const values = blocks.flatMap(({ transactions }) =>
      transactions.map(({ outcome }) => bytesToHex(outcome.returnValue)),
    )
    expect(values).toEqual([word(7), word(9), '0x', word(0)])
    expect(blocks.map(({ header }) => header.number)).toEqual([1n, 2n])
    expect(blocks[1]?.header).toMatchObject({ parentHash: blocks[0]?.hash, timestamp: 5_000n, baseFeePerGas: 0n })
    expect(chain.balance(CAROL)).toBe(0n)
  })

  it("[EXE-096] puts the root of no withdrawals where a real block has the message passer's", async () => {
    const chain = chainWith()
    const [block] = await simulate(chain, [{ calls: [] }])
    expect(block?.header.withdrawalsRoot).toBe(EMPTY_TRIE_ROOT)
    expect((await chain.build([])).header.withdrawalsRoot).not.toBe(EMPTY_TRIE_ROOT)
  })
})
