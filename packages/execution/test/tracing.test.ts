import { FIXTURES_ABSENT, fixtureFolder } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import {
  createStateReader,
  type EvmFrame,
  type EvmStep,
  type EvmTracer,
  executePayload,
  simulateCall,
} from '../src/index.ts'
import { readExecutionFixture } from '../testing/executionFixture.ts'
import { ALICE, BOB, codeHex, depositTx, executorChain, signTx } from '../testing/executorChain.ts'

const CALLER = `0x${'77'.repeat(20)}` as const
const CALLEE = `0x${'66'.repeat(20)}` as const
/** Calls the callee with no input and stops. */
const CALLS = codeHex(`6000 6000 6000 6000 6000 73${CALLEE.slice(2)} 61ffff f1 00`)
const REVERTS = codeHex('60006000fd')

function recorder() {
  const steps: EvmStep[] = []
  const frames: EvmFrame[] = []
  const errors: (string | null)[] = []
  const tracer: EvmTracer = {
    step: (step) => steps.push(step),
    enter: (frame) => frames.push(frame),
    exit: ({ error }) => errors.push(error),
  }
  return { steps, frames, errors, tracer }
}

describe('tracers', () => {
  const alloc = { [CALLER]: { nonce: 1, code: CALLS }, [CALLEE]: { nonce: 1, code: REVERTS } }

  it('see every step, and frames nested, of the transaction they ask for', async () => {
    const chain = executorChain('jovian', { alloc })
    const { steps, frames, errors, tracer } = recorder()
    const { createBlockExecutor } = await import('../src/index.ts')
    const executor = createBlockExecutor({
      spec: chain.spec,
      parent: chain.header,
      parentHash: chain.hash,
      reader: chain.state,
      attributes: chain.attributes(),
      getBlockHash: () => null,
      tracerFor: (index) => (index === 1 ? tracer : null),
    })
    await executor.applyForced(depositTx({ to: CALLER, from: BOB }))
    await executor.applyForced(signTx({ nonce: 0n, to: CALLER, gas: 100_000n }))
    expect(frames).toMatchObject([
      { kind: 'CALL', depth: 0, from: ALICE, to: CALLER },
      { kind: 'CALL', depth: 1, from: CALLER, to: CALLEE, gas: 65_535n },
    ])
    expect(errors).toEqual(['revert', null])
    expect(steps.map(({ opcode }) => opcode.name)).toEqual([
      ...['PUSH1', 'PUSH1', 'PUSH1', 'PUSH1', 'PUSH1', 'PUSH20', 'PUSH2', 'CALL'],
      ...['PUSH1', 'PUSH1', 'REVERT'],
      'STOP',
    ])
    expect(steps.map(({ depth }) => depth)).toEqual([...Array(8).fill(0), 1, 1, 1, 0])
    expect(steps[0]?.gasLeft).toBe(79_000n)
  })

  it('change nothing of the outcome', async () => {
    const chain = executorChain('jovian', { alloc })
    const { spec, header, state: reader } = chain
    const call = { from: ALICE, to: CALLER, gas: 90_000n }
    const parts = { spec, header, reader, call, getBlockHash: () => null }
    const { tracer } = recorder()
    expect(await simulateCall({ ...parts, tracer })).toEqual(await simulateCall(parts))
  })

  it('survive a REVERT whose memory nobody could pay for', async () => {
    const chain = executorChain('jovian', {
      alloc: { [CALLER]: { nonce: 1, code: codeHex(`6001 7f${'ff'.repeat(31)}00 fd`) } },
    })
    const { spec, header, state: reader } = chain
    const call = { from: ALICE, to: CALLER, gas: 90_000n }
    const { tracer, steps } = recorder()
    const outcome = await simulateCall({ spec, header, reader, call, getBlockHash: () => null, tracer })
    expect(outcome).toMatchObject({ status: 0, evmError: 'out of gas', gasUsed: 90_000n })
    expect(steps.at(-1)?.opcode.name).toBe('REVERT')
  })
})

describe('long calls', () => {
  const alloc = { [CALLER]: { nonce: 1, code: codeHex('5b600056') } }
  const gas = 50_000_000n

  it('let the host have its turns, and end when their signal says so', async () => {
    const chain = executorChain('jovian', { alloc })
    const { spec, header, state: reader } = chain
    const parts = {
      spec,
      header,
      reader,
      call: { from: ALICE, to: CALLER, gas },
      getBlockHash: () => null,
      gasCap: gas,
    }
    const stop = new AbortController()
    // A timer can only fire when the call makes way.
    setTimeout(() => stop.abort(), 0)
    await expect(simulateCall({ ...parts, signal: stop.signal })).rejects.toMatchObject({ fault: { code: 'aborted' } })
    // The EVM is fit for the next call.
    const small = { ...parts, call: { from: ALICE, to: CALLER, gas: 50_000n } }
    expect(await simulateCall(small)).toMatchObject({ evmError: 'out of gas', gasUsed: 50_000n })
  })

  it('do not mix when several run at once', async () => {
    const chain = executorChain('jovian', { alloc })
    const { spec, header, state: reader } = chain
    const run = (limit: bigint) =>
      simulateCall({ spec, header, reader, call: { from: ALICE, to: CALLER, gas: limit }, getBlockHash: () => null })
    const limits = [5_000_000n, 3_000_000n, 4_000_000n]
    const outcomes = await Promise.all(limits.map(run))
    expect(outcomes.map(({ gasUsed }) => gasUsed)).toEqual(limits)
  })
})

describe.skipIf(!fixtureFolder())(
  `watched and unwatched runs (${fixtureFolder() ? 'real blocks' : FIXTURES_ABSENT})`,
  () => {
    // Where steps are watched, EthereumJS's handlers do all opcodes: they must agree with the fast ones on all gas.
    it.each(['block-11155420-22884230', 'block-10-121003241', 'block-130-10311000', 'block-11155420-26207960'])(
      'agree on %s',
      async (name) => {
        const { spec, parent, parentHash, store, envelope, getBlockHash, expected } = readExecutionFixture(
          `${name}.json.gz`,
        )
        const reader = createStateReader({ store, root: parent.stateRoot })
        let steps = 0
        const tracer: EvmTracer = { step: () => steps++ }
        const parts = { spec, parent, parentHash, reader, envelope, getBlockHash }
        const block = await executePayload({ ...parts, tracerFor: () => tracer })
        expect(block.hash).toBe(expected.hash)
        expect(steps).toBeGreaterThan(100)
      },
    )
  },
)
