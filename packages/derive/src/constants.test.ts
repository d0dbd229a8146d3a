import { MAX_SPAN_BATCH_ELEMENT_COUNT } from '@keelson/protocol'
import { testRollupConfig } from '@keelson/protocol/testing'
import { expect, it } from 'vitest'
import { channelTimeout, maxChannelBankSize, maxRlpBytesPerChannel, maxSequencerDrift } from './constants.ts'

const config = testRollupConfig({
  forks: { fjord: 100n, granite: 200n },
  channelTimeout: 300n,
  maxSequencerDrift: 600n,
})

it('[DER-011] [DER-012] the sequencer drift is that of the config, 1,800 s from Fjord', () => {
  expect([maxSequencerDrift(config, 99n), maxSequencerDrift(config, 100n)]).toEqual([600n, 1_800n])
})

it('[DER-013] [DER-014] [DER-015] [DER-016] the limits of channels grow tenfold with Fjord', () => {
  expect([maxRlpBytesPerChannel(config, 99n), maxRlpBytesPerChannel(config, 100n)]).toEqual([10_000_000, 100_000_000])
  expect([maxChannelBankSize(config, 99n), maxChannelBankSize(config, 100n)]).toEqual([100_000_000, 1_000_000_000])
})

it('[DER-018] [DER-019] the channel timeout is that of the config, 50 from Granite', () => {
  expect([channelTimeout(config, 199n), channelTimeout(config, 200n)]).toEqual([300n, 50n])
})

it('[DER-017] one limit of blocks and transactions of a span batch serves all forks', () => {
  expect(MAX_SPAN_BATCH_ELEMENT_COUNT).toBe(10_000_000)
})
