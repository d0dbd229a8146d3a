import {
  ENGINE_ERROR,
  type EngineApiError,
  type ExecutionClient,
  type ExecutionPayloadEnvelope,
  type PayloadAttributes,
  ZERO_HASH,
} from '@keelson/protocol'
import { describe, expect, it } from 'vitest'

/** An engine to be tested, whose head is `genesis`. */
export type EngineUnderTest = {
  readonly engine: ExecutionClient
  readonly chainId: bigint
  readonly genesis: ExecutionPayloadEnvelope
  /** Valid attributes of the block after `genesis`, with a deposit first. */
  readonly attributes: PayloadAttributes
}

/**
 * The contract of `ExecutionClient`: the fake, the HTTP client and every engine that can be put behind the node run it.
 *
 * @param make - a fresh engine for each test
 */
export function testEngineApi(name: string, make: () => Promise<EngineUnderTest>): void {
  const state = (hash: `0x${string}`) => ({
    headBlockHash: hash,
    safeBlockHash: ZERO_HASH,
    finalizedBlockHash: ZERO_HASH,
  })

  /** Builds the block after genesis and makes it the head. */
  async function advance(t: EngineUnderTest): Promise<ExecutionPayloadEnvelope> {
    const { blockHash } = t.genesis.executionPayload
    const { payloadId } = await t.engine.forkchoiceUpdated(state(blockHash), t.attributes)
    if (!payloadId) throw new Error('no payload id')
    const built = await t.engine.getPayload(payloadId, t.attributes.timestamp)
    expect(await t.engine.newPayload(built)).toMatchObject({ status: 'VALID' })
    const result = await t.engine.forkchoiceUpdated(state(built.executionPayload.blockHash), null)
    expect(result.payloadStatus.status).toBe('VALID')
    return built
  }

  describe(`${name} as an engine`, () => {
    it('names its chain and reads its head by label, number and hash', async () => {
      const { engine, chainId, genesis } = await make()
      expect(await engine.getChainId()).toBe(chainId)
      const { blockHash } = genesis.executionPayload
      for (const selector of ['unsafe', { number: 0n }, { hash: blockHash }] as const) {
        expect((await engine.getBlock(selector))?.executionPayload.blockHash).toBe(blockHash)
      }
      expect(await engine.getBlock({ number: 99n })).toBeNull()
      expect(await engine.getBlock({ hash: `0x${'77'.repeat(32)}` })).toBeNull()
    })

    it('builds a block from attributes and reads it back as it was built', async () => {
      const t = await make()
      const built = await advance(t)
      expect(built.executionPayload).toMatchObject({
        parentHash: t.genesis.executionPayload.blockHash,
        timestamp: t.attributes.timestamp,
        prevRandao: t.attributes.prevRandao,
        gasLimit: t.attributes.gasLimit,
      })
      expect(built.executionPayload.transactions[0]).toEqual(t.attributes.transactions[0])
      expect(await t.engine.getBlock('unsafe')).toEqual(built)
    })

    it('moves the safe and finalized labels', async () => {
      const t = await make()
      const built = await advance(t)
      const { blockHash } = built.executionPayload
      await t.engine.forkchoiceUpdated(
        {
          headBlockHash: blockHash,
          safeBlockHash: blockHash,
          finalizedBlockHash: t.genesis.executionPayload.blockHash,
        },
        null,
      )
      expect((await t.engine.getBlock('safe'))?.executionPayload.blockHash).toBe(blockHash)
      expect((await t.engine.getBlock('finalized'))?.executionPayload.blockNumber).toBe(0n)
    })

    it('refuses a payload whose hash is not that of its content', async () => {
      const t = await make()
      const built = await advance(t)
      const forged = {
        ...built,
        executionPayload: { ...built.executionPayload, gasUsed: built.executionPayload.gasUsed + 1n },
      }
      expect((await t.engine.newPayload(forged)).status).toMatch(/^INVALID/)
    })

    it('answers SYNCING for a head that it does not have', async () => {
      const t = await make()
      const result = await t.engine.forkchoiceUpdated(state(`0x${'77'.repeat(32)}`), null)
      expect(result).toMatchObject({ payloadStatus: { status: 'SYNCING' }, payloadId: null })
    })

    it('refuses a safe block that is not below the head, unknown payload ids and attributes from the past', async () => {
      const t = await make()
      const { blockHash, timestamp } = t.genesis.executionPayload
      const unknown = { ...state(blockHash), safeBlockHash: `0x${'77'.repeat(32)}` as const }
      const codeOf = async (call: Promise<unknown>) =>
        call.then(
          () => null,
          (error: EngineApiError) => error.code,
        )
      expect(await codeOf(t.engine.forkchoiceUpdated(unknown, null))).toBe(ENGINE_ERROR.invalidForkchoiceState)
      expect(await codeOf(t.engine.getPayload('0x00000000000000ff', t.attributes.timestamp))).toBe(
        ENGINE_ERROR.unknownPayload,
      )
      const past = { ...t.attributes, timestamp }
      expect(await codeOf(t.engine.forkchoiceUpdated(state(blockHash), past))).toBe(
        ENGINE_ERROR.invalidPayloadAttributes,
      )
    })
  })
}
