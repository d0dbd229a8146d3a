import { describe, expect, it } from 'vitest'
import { testHash } from '../testing/index.ts'
import { JsonNode } from './json.ts'
import { ZERO_HASH } from './primitives.ts'
import { type L1BlockRef, type L2BlockRef, ZERO_L1_BLOCK_REF, ZERO_L2_BLOCK_REF } from './refs.ts'
import type { SyncStatus } from './rollupRpc.ts'
import {
  l2BlockRefToJson,
  outputAtBlockFromJson,
  outputAtBlockToJson,
  safeHeadAtL1BlockFromJson,
  safeHeadAtL1BlockToJson,
  syncStatusFromJson,
  syncStatusToJson,
} from './rollupRpcJson.ts'

const l1 = (number: bigint): L1BlockRef => ({ hash: testHash(1), number, parentHash: testHash(2), timestamp: 5n })
const l2 = (number: bigint): L2BlockRef => ({
  ...l1(number),
  l1Origin: { hash: testHash(3), number: 7n },
  sequenceNumber: 4n,
})
const status: SyncStatus = {
  currentL1: l1(1n),
  currentL1Finalized: l1(2n),
  headL1: l1(3n),
  safeL1: l1(4n),
  finalizedL1: l1(5n),
  unsafeL2: l2(6n),
  safeL2: l2(7n),
  finalizedL2: l2(8n),
  pendingSafeL2: l2(9n),
  crossUnsafeL2: l2(10n),
  localSafeL2: l2(11n),
}
const wire = <T>(json: T): unknown => JSON.parse(JSON.stringify(json))

describe('rollup RPC JSON', () => {
  it('[PRO-008] [PRO-009] [PRO-011] spells refs as op-node does, with numbers', () => {
    expect(syncStatusToJson(status).head_l1).toEqual({
      hash: testHash(1),
      number: 3,
      parentHash: testHash(2),
      timestamp: 5,
    })
    expect(l2BlockRefToJson(l2(6n))).toEqual({
      hash: testHash(1),
      number: 6,
      parentHash: testHash(2),
      timestamp: 5,
      l1origin: { hash: testHash(3), number: 7 },
      sequenceNumber: 4,
    })
  })

  it('[PRO-010] carries a sync status there and back', () => {
    expect(Object.keys(syncStatusToJson(status))).toEqual([
      'current_l1',
      'current_l1_finalized',
      'head_l1',
      'safe_l1',
      'finalized_l1',
      'unsafe_l2',
      'safe_l2',
      'finalized_l2',
      'pending_safe_l2',
      'cross_unsafe_l2',
      'local_safe_l2',
    ])
    expect(syncStatusFromJson(wire(syncStatusToJson(status)))).toEqual(status)
  })

  it('has zero-valued refs for unknown ones', () => {
    const unknown = { ...status, headL1: ZERO_L1_BLOCK_REF, finalizedL2: ZERO_L2_BLOCK_REF }
    expect(syncStatusToJson(unknown).finalized_l2.l1origin).toEqual({ hash: ZERO_HASH, number: 0 })
    expect(syncStatusFromJson(wire(syncStatusToJson(unknown)))).toEqual(unknown)
  })

  it('reads a status without the newer heads', () => {
    const { pending_safe_l2, cross_unsafe_l2, local_safe_l2, current_l1_finalized, ...old } = syncStatusToJson(status)
    expect(syncStatusFromJson(old)).toEqual({
      ...status,
      pendingSafeL2: status.safeL2,
      crossUnsafeL2: status.unsafeL2,
      localSafeL2: status.safeL2,
      currentL1Finalized: status.finalizedL1,
    })
  })

  it('carries outputs and safe heads there and back', () => {
    const output = {
      version: ZERO_HASH,
      outputRoot: testHash(1),
      blockRef: l2(1n),
      withdrawalStorageRoot: testHash(2),
      stateRoot: testHash(3),
      syncStatus: status,
    }
    expect(outputAtBlockFromJson(wire(outputAtBlockToJson(output)))).toEqual(output)
    const head = { l1Block: { hash: testHash(1), number: 2n }, safeHead: { hash: testHash(3), number: 4n } }
    expect(safeHeadAtL1BlockFromJson(wire(safeHeadAtL1BlockToJson(head)))).toEqual(head)
  })

  it('names the path of what it cannot read', () => {
    const json = wire(syncStatusToJson(status)) as { safe_l2: { l1origin: { hash: unknown } } }
    json.safe_l2.l1origin.hash = 5
    expect(() => syncStatusFromJson(json)).toThrow('$.safe_l2.l1origin.hash: not a string')
    expect(() => syncStatusFromJson({})).toThrow('$.unsafe_l2')
    expect(() => syncStatusFromJson(null)).toThrow('$: missing')
  })
})

describe('JsonNode', () => {
  it('reads integers however they are written', () => {
    for (const value of [5, '5', '0x5']) expect(new JsonNode(value).uint64()).toBe(5n)
    for (const value of [-1, 1.5, '', '0x', 'five', null, {}, `${2n ** 64n}`]) {
      expect(() => new JsonNode(value).uint64()).toThrow('$')
    }
    expect(new JsonNode('0x10').quantity()).toBe(16n)
    expect(() => new JsonNode(16).quantity()).toThrow('not a string')
  })

  it('reads hex in lower case and of the right length', () => {
    expect(new JsonNode('0xABcd').hex()).toBe('0xabcd')
    expect(() => new JsonNode('0xabc').hex()).toThrow('not hex')
    expect(() => new JsonNode('0xabcd').hex(3)).toThrow('not 3 bytes')
    expect(() => new JsonNode({ list: 5 }).get('list').items()).toThrow('$.list: not a list')
    expect(() => new JsonNode({ list: ['0x', 5] }).get('list').items()[1]?.bytes()).toThrow('$.list[1]')
  })
})
