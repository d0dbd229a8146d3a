import { scriptedRpc } from '@keelson/l1/testing'
import {
  blockHeaderOf,
  bytesToHex,
  type ExecutionPayloadEnvelope,
  encodeBlock,
  payloadToL2BlockRef,
} from '@keelson/protocol'
import { forksUpTo, testEnvelope, testRollupConfig, testTx } from '@keelson/protocol/testing'
import { RpcError } from '@keelson/service'
import { describe, expect, it } from 'vitest'
import { batchBlockOf, createBlockLoader, spoiledActivation } from './batchBlock.ts'

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

describe('createBlockLoader', () => {
  const config = testRollupConfig()
  const envelope = testEnvelope({ config, transactions: [testTx({ chainId: config.l2ChainId })] })
  const { blockNumber: number, transactions } = envelope.executionPayload
  const raw = bytesToHex(encodeBlock({ header: blockHeaderOf(envelope), transactions }))

  it('reads a block as RLP', async () => {
    const load = createBlockLoader(scriptedRpc({ debug_getRawBlock: () => raw }), config)
    expect(await load(number)).toEqual(blockOf(envelope))
  })

  it('gives null for a block that is not there', async () => {
    const rawOnly = scriptedRpc({
      debug_getRawBlock: (name: string) => {
        throw new RpcError(-32000, `block #${name} not found`)
      },
    })
    expect(await createBlockLoader(rawOnly, config)(number)).toBeNull()
    expect(await createBlockLoader(scriptedRpc({ eth_getBlockByNumber: () => null }), config)(number)).toBeNull()
  })

  it('asks once whether the engine serves RLP, and passes other errors on', async () => {
    const json = scriptedRpc({ eth_getBlockByNumber: () => null })
    const load = createBlockLoader(json, config)
    await load(number)
    await load(number)
    expect(json.calls.map(({ method }) => method)).toEqual([
      'debug_getRawBlock',
      'eth_getBlockByNumber',
      'eth_getBlockByNumber',
    ])
    const busy = scriptedRpc({
      debug_getRawBlock: () => {
        throw new RpcError(-32005, 'too many requests')
      },
    })
    await expect(createBlockLoader(busy, config)(number)).rejects.toThrow('too many requests')
  })

  it('does not ask for the genesis block, which has no batch', async () => {
    const load = createBlockLoader(scriptedRpc({}), config)
    await expect(load(config.genesis.l2.number)).rejects.toThrow(RangeError)
  })
})
