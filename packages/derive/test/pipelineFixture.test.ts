import {
  decodeTxEnvelope,
  type Hash,
  isDepositTx,
  orderedTrieRoot,
  readChannelBatches,
  tryDecodeFrames,
} from '@keelson/protocol'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { createDerivationPipeline } from '../src/index.ts'
import type { Verdict } from '../src/verdict.ts'
import { type MemoryL1, type PipelineFixture, recordedPipeline } from '../testing/index.ts'

const FILE = 'derivation/pipeline-op-mainnet-regolith-18090205.json.gz'

/** Every batch names the hash of its parent, that is of the real block derived from the batch before it. */
function parentHashes({ expected }: PipelineFixture, l1: MemoryL1): Map<bigint, Hash> {
  const hashes = new Map<bigint, Hash>()
  for (const { l1Block, txIndex } of expected.batcherTransactions) {
    const tx = decodeTxEnvelope(l1.block(BigInt(l1Block))?.transactions[txIndex] as Uint8Array)
    for (const frame of tryDecodeFrames(tx.input) ?? []) {
      for (const { type, batch } of readChannelBatches(frame.data, { maxRlpBytes: 10_000_000, brotliAllowed: false })) {
        if (type === 'singular') hashes.set(batch.timestamp, batch.parentHash)
      }
    }
  }
  return hashes
}

describe.skipIf(!fixtureFolder())(`14 real L1 blocks (${fixtureFolder() ? FILE : FIXTURES_ABSENT})`, () => {
  it('[DER-008] [DER-226] [DER-227] [DER-149] derive 32 blocks of OP Mainnet exactly', async () => {
    const fixture = readFixture<PipelineFixture>(FILE)
    const { config, l1, l2, base, expected } = recordedPipeline(fixture)
    const verdicts: Verdict[] = []
    const pipeline = createDerivationPipeline({ config, l1, l2, observer: { verdict: (v) => verdicts.push(v) } })
    pipeline.resetTo(base)

    const batches = fixture.expected.channels.flatMap((channel) => channel.batches)
    const byNumber = new Map(batches.map((batch) => [BigInt(batch.l2Number), batch]))
    const parents = parentHashes(fixture, l1)
    let safe = base.l2
    let derived = 0
    for (;;) {
      const pulled = await pipeline.step(safe)
      if (pulled.status === 'drained') break
      if (pulled.status === 'again') continue
      const { attributes, parent, isLastInSpan, derivedFrom } = pulled.value
      expect(parent).toEqual(safe)
      expect(isLastInSpan).toBe(true)
      expect(derivedFrom.number).toBe(18090218n)
      const known = expected[derived]
      if (known) expect(attributes).toEqual(known.attributes)
      const batch = byNumber.get(safe.number + 1n)
      const sequenced = attributes.transactions.filter((tx) => !isDepositTx(tx))
      if (batch) expect([sequenced.length, orderedTrieRoot(sequenced)]).toEqual([batch.txCount, batch.txRoot])
      const hash = parents.get(attributes.timestamp + config.blockTime)
      safe = l2.build(pulled.value, hash ? { hash } : {})
      if (known) expect(safe).toEqual(known.ref)
      derived++
    }
    expect(derived).toBe(32)
    expect(pipeline.origin?.number).toBe(18090218n)

    const batcherTxs = verdicts.filter((v) => v.subject === 'transaction' && v.outcome === 'accepted')
    const shown = batcherTxs.map((v) => v.subject === 'transaction' && [Number(v.origin.number), v.txIndex, v.txHash])
    expect(shown).toEqual(fixture.expected.batcherTransactions.map((tx) => [tx.l1Block, tx.txIndex, tx.txHash]))
    const channels = verdicts.filter((v) => v.subject === 'channel')
    expect(channels.map((v) => [v.channelId, Number(v.origin.number)])).toEqual(
      fixture.expected.channels.map((channel) => [channel.id, channel.l1Block]),
    )
  })
})
