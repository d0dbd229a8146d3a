import { fakeChain } from '@keelson/engine/testing'
import { nullLogger } from '@keelson/service'
import { ManualClock } from '@keelson/service/testing'
import { expect, it } from 'vitest'
import { FakeL1 } from '../testing/fakeL1.ts'
import { createRuntimeConfig } from './runtimeConfig.ts'

const parts = (l1: FakeL1, clock: ManualClock) => ({
  config: fakeChain().config,
  l1: l1.client,
  l1Confs: 0n,
  reloadIntervalMs: 60_000,
  clock,
  log: nullLogger,
})
const word = (byte: string): `0x${string}` => `0x${'00'.repeat(12)}${byte.repeat(20)}`

it('reads the signer of unsafe blocks, and again after a while', async () => {
  const [l1, clock] = [new FakeL1(), new ManualClock()]
  l1.signer = word('aa')
  const runtime = await createRuntimeConfig(parts(l1, clock))
  expect(runtime.unsafeBlockSigner()).toBe(`0x${'aa'.repeat(20)}`)
  l1.signer = word('bb')
  await clock.advance(60_000)
  expect(runtime.unsafeBlockSigner()).toBe(`0x${'bb'.repeat(20)}`)
  l1.goDown()
  await clock.advance(60_000)
  expect(runtime.unsafeBlockSigner()).toBe(`0x${'bb'.repeat(20)}`)
  runtime.close()
})

it('gives up after five tries at start', async () => {
  const [l1, clock] = [new FakeL1(), new ManualClock()]
  l1.goDown()
  const made = createRuntimeConfig(parts(l1, clock))
  const outcome = expect(made).rejects.toThrow('L1 did not give anything')
  await clock.advance(40_000)
  await outcome
})
