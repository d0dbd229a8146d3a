import { type ExecutionPayloadEnvelope, payloadToL2BlockRef } from '@keelson/protocol'
import { forksUpTo, testEnvelope, testRollupConfig, testTx } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { batchBlockOf, spoiledActivation } from './batchBlock.ts'

const blockOf = ({ executionPayload: payload }: ExecutionPayloadEnvelope) => {
  const { blockHash: hash, blockNumber: number, parentHash, timestamp, transactions } = payload
  return batchBlockOf({ info: { hash, number, parentHash, timestamp }, transactions })
}

describe('batchBlockOf', () => {
  it('[BAT-004] leaves out the deposits, takes the epoch from the L1 attributes, parent and time from the header', () => {
    const config = testRollupConfig()
    const tx = testTx({ chainId: config.l2ChainId })
    const envelope = testEnvelope({ config, sequenceNumber: 3n, transactions: [tx] })
    const { ref, batch, originTime } = blockOf(envelope)
    expect(ref).toEqual(payloadToL2BlockRef(config, envelope.executionPayload))
    expect(batch).toEqual({
      parentHash: envelope.executionPayload.parentHash,
      epochNumber: ref.l1Origin.number,
      epochHash: ref.l1Origin.hash,
      timestamp: envelope.executionPayload.timestamp,
      transactions: [tx],
    })
    expect(originTime).toBe(1_000_000n)
  })
})

describe('spoiledActivation', () => {
  it('[BAT-023] names the fork whose activation block holds user transactions', () => {
    const base = testRollupConfig()
    const at = base.genesis.l2Time + 2n * base.blockTime
    const config = testRollupConfig({ forks: { ...forksUpTo('isthmus'), jovian: at } })
    const block = (timestamp: bigint, transactions: Uint8Array[]) =>
      blockOf(testEnvelope({ config, transactions, payload: { timestamp } }))
    const tx = testTx({ chainId: config.l2ChainId })
    expect(spoiledActivation(config, block(at, [tx]))).toBe('jovian')
    expect(spoiledActivation(config, block(at, []))).toBeNull()
    expect(spoiledActivation(config, block(at + config.blockTime, [tx]))).toBeNull()
  })
})
