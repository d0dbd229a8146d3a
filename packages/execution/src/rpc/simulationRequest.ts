import type { JsonNode } from '@keelson/protocol'
import { invalidParams, RpcMethodError } from '@keelson/service'
import type { BlockHeader } from '../blockHeader.ts'
import { SIMULATED_BLOCK_TIME, type SimulatedBlock } from '../transition/simulateBlocks.ts'
import { readBlockOverrides, readCall, readStateOverrides } from './callObject.ts'

const MAX_BLOCKS = 256
const MAX_CALLS = 5_000

const CODE = { blockNumber: -38020, timestamp: -38021, limitExceeded: -38026 }

/** What `eth_simulateV1` is asked for. */
export type SimulationRequest = {
  readonly blocks: readonly SimulatedBlock[]
  readonly validation: boolean
  readonly traceTransfers: boolean
  /** Whole transactions in the answer instead of their hashes. */
  readonly full: boolean
}

const isOn = (node: JsonNode, key: string): boolean => node.get(key).exists && node.get(key).boolean()

/**
 * @throws {RpcMethodError} -32602 without blocks; -38026 for more blocks or calls than one request may have
 * @throws {CodecError} `badJson`
 */
export function readSimulation(node: JsonNode): SimulationRequest {
  const list = node.get('blockStateCalls').items()
  if (list.length === 0) throw invalidParams('empty input')
  if (list.length > MAX_BLOCKS) throw new RpcMethodError(CODE.limitExceeded, 'too many blocks')
  const blocks = list.map((item): SimulatedBlock => {
    const calls = item.get('calls')
    return {
      ...item.optional('blockOverrides', 'overrides', readBlockOverrides),
      ...item.optional('stateOverrides', 'stateOverrides', readStateOverrides),
      calls: calls.exists ? calls.items().map(readCall) : [],
    }
  })
  if (blocks.reduce((sum, { calls }) => sum + calls.length, 0) > MAX_CALLS) {
    throw new RpcMethodError(CODE.limitExceeded, `too many calls, at most ${MAX_CALLS}`)
  }
  return {
    blocks,
    validation: isOn(node, 'validation'),
    traceTransfers: isOn(node, 'traceTransfers'),
    full: isOn(node, 'returnFullTransactions'),
  }
}

/**
 * The blocks with number and time each, and empty ones where numbers are left out.
 *
 * @throws {RpcMethodError} -38020 and -38021 when number or time does not go up; -38026 for too many blocks
 */
export function withoutGaps(blocks: readonly SimulatedBlock[], base: BlockHeader): SimulatedBlock[] {
  const all: SimulatedBlock[] = []
  let { number, timestamp } = base
  for (const block of blocks) {
    const next = block.overrides?.number ?? number + 1n
    if (next <= number) {
      throw new RpcMethodError(CODE.blockNumber, `block numbers must be in order: ${next} <= ${number}`)
    }
    if (next - base.number > BigInt(MAX_BLOCKS)) throw new RpcMethodError(CODE.limitExceeded, 'too many blocks')
    while (++number < next) {
      timestamp += SIMULATED_BLOCK_TIME
      all.push({ overrides: { number, timestamp }, calls: [] })
    }
    const time = block.overrides?.timestamp ?? timestamp + SIMULATED_BLOCK_TIME
    if (time <= timestamp) {
      throw new RpcMethodError(CODE.timestamp, `block timestamps must be in order: ${time} <= ${timestamp}`)
    }
    timestamp = time
    all.push({ ...block, overrides: { ...block.overrides, number, timestamp } })
  }
  return all
}
