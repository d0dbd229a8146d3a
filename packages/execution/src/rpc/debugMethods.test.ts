import {
  bytesToHex,
  type ExecutionPayloadEnvelope,
  type Hex,
  hexToBytes,
  keccak256,
  nextBaseFee,
  txHash,
} from '@keelson/protocol'
import { systemClock } from '@keelson/service'
import { encodeRpcJson } from '@keelson/service/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  DEV_ACCOUNTS,
  DEV_KEYS,
  devAttributes,
  devDeposit,
  devGenesis,
  devL1InfoTx,
  devTx,
  extendChain,
  genesisOf,
} from '../../testing/devChain.ts'
import { codeHex } from '../../testing/executorChain.ts'
import { createExecutionEngine, type ExecutionEngine } from '../engine/executionEngine.ts'
import { createEthApi, type EthApi } from './ethApi.ts'

const ALICE = DEV_ACCOUNTS[0] as Hex
const CAROL = DEV_ACCOUNTS[2] as Hex
const STORE: Hex = `0x${'91'.repeat(20)}`
/** Stores its second word at its first. */
const STORE_CODE = codeHex('6020 35 6000 35 55')
const word = (value: bigint | number): Hex => `0x${value.toString(16).padStart(64, '0')}`
const hashOf = (slot: number): Hex => bytesToHex(keccak256(hexToBytes(word(slot))))

describe('looks into chain and state', () => {
  let engine: ExecutionEngine
  let api: EthApi
  let genesis: ExecutionPayloadEnvelope
  beforeEach(async () => {
    const storage = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [word(i), word(i + 1)]))
    engine = await createExecutionEngine({
      genesis: devGenesis({ alloc: { [STORE]: { nonce: 1, code: STORE_CODE, storage } } }),
    })
    api = createEthApi({ engine, clock: systemClock, clientVersion: 'test' })
    genesis = await genesisOf(engine)
  })
  afterEach(async () => {
    api.close()
    await engine.close()
  })
  const ask = async <T>(method: string, ...params: unknown[]): Promise<T> =>
    JSON.parse(encodeRpcJson((await api.methods[method]?.(params)) ?? null))
  const mine = (parent: ExecutionPayloadEnvelope, ...transactions: Uint8Array[]) =>
    extendChain(
      engine,
      parent,
      devAttributes(parent, { transactions: [devL1InfoTx(parent.executionPayload.blockNumber + 1n), ...transactions] }),
    )
  const write = (nonce: bigint, slot: number, value: number) =>
    devTx({
      nonce,
      to: STORE,
      value: 0n,
      gasLimit: 100_000n,
      data: hexToBytes(`${word(slot)}${word(value).slice(2)}`),
    })

  type Range = { readonly storage: Record<Hex, { key: null; value: Hex }>; readonly nextKey: Hex | null }

  it('debug_storageRangeAt gives the storage in parts that fit together', async () => {
    const { blockHash } = (await mine(genesis)).executionPayload
    const all: Record<Hex, { value: Hex }> = {}
    const sizes: number[] = []
    for (let start: Hex | null = '0x'; start !== null; ) {
      const part: Range = await ask('debug_storageRangeAt', blockHash, 0, STORE, start, 16)
      sizes.push(Object.keys(part.storage).length)
      for (const hash of Object.keys(part.storage)) expect(hash >= (start as string)).toBe(true)
      Object.assign(all, part.storage)
      start = part.nextKey
    }
    expect(sizes).toEqual([16, 16, 8])
    const expected = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [hashOf(i), { key: null, value: word(i + 1) }]),
    )
    expect(all).toEqual(expected)
    expect(Object.keys(all)).toEqual(Object.keys(all).toSorted())
    const nobody = await ask('debug_storageRangeAt', blockHash, 0, CAROL, '0x00', 16)
    expect(nobody).toEqual({ storage: {}, nextKey: null })
  })

  it('debug_storageRangeAt sees what the transactions before did, and not its own', async () => {
    const { blockHash } = (await mine(genesis, write(0n, 7, 99), write(1n, 7, 0))).executionPayload
    const at = async (index: number) => {
      const range: Range = await ask('debug_storageRangeAt', blockHash, index, STORE, hashOf(7), 1)
      return range.storage[hashOf(7)]?.value
    }
    expect([await at(0), await at(1), await at(2)]).toEqual([word(8), word(8), word(99)])
    await expect(at(3)).rejects.toThrow('out of range')
    await expect(ask('debug_storageRangeAt', genesis.executionPayload.blockHash, 0, STORE, '0x', 1)).rejects.toThrow()
  })

  it('debug_intermediateRoots gives the root after each transaction, the last of them the block’s', async () => {
    const { blockHash, stateRoot } = (await mine(genesis, write(0n, 7, 99), write(1n, 8, 1))).executionPayload
    const roots = await ask<Hex[]>('debug_intermediateRoots', blockHash)
    expect(roots).toHaveLength(3)
    expect(new Set(roots).size).toBe(3)
    expect(roots.at(-1)).toBe(stateRoot)
  })

  it('debug_dbGet gives trie nodes and code by hash', async () => {
    const { stateRoot } = genesis.executionPayload
    const root = await ask<Hex>('debug_dbGet', stateRoot)
    expect(bytesToHex(keccak256(hexToBytes(root)))).toBe(stateRoot)
    const codeHash = bytesToHex(keccak256(hexToBytes(STORE_CODE)))
    expect(await ask('debug_dbGet', codeHash)).toBe(STORE_CODE)
    expect(await ask('debug_dbGet', `0x63${codeHash.slice(2)}`)).toBe(STORE_CODE)
    for (const key of [word(1), '0x63', '0x']) await expect(ask('debug_dbGet', key)).rejects.toThrow('not found')
  })

  it('eth_getTransactionBySenderAndNonce finds what is mined and what waits', async () => {
    const sent = [0n, 1n, 2n].map((nonce) => write(nonce, 1, Number(nonce)))
    const one = await mine(genesis, sent[0] as Uint8Array)
    const two = await mine(one, sent[1] as Uint8Array, sent[2] as Uint8Array)
    await mine(await mine(two))
    const waiting = devTx({ nonce: 3n })
    engine.pool.add(waiting)
    for (const [nonce, tx] of [...sent, waiting].entries()) {
      const found = await ask<{ hash: Hex }>('eth_getTransactionBySenderAndNonce', ALICE, `0x${nonce.toString(16)}`)
      expect(found.hash).toBe(txHash(tx))
    }
    expect(await ask('eth_getTransactionBySenderAndNonce', ALICE, '0x4')).toBeNull()
    expect(await ask('eth_getTransactionBySenderAndNonce', `0x${'00'.repeat(20)}`, '0x0')).toBeNull()
  })

  it('eth_getTransactionBySenderAndNonce finds deposits by the nonce of their receipt', async () => {
    const deposits = [devDeposit(1n, CAROL, 5n), devDeposit(2n, CAROL, 6n)]
    const transfer = devTx({ key: DEV_KEYS[2] as Hex, nonce: 2n })
    await mine(await mine(genesis, deposits[0] as Uint8Array), deposits[1] as Uint8Array, transfer)
    for (const [nonce, tx] of [...deposits, transfer].entries()) {
      const found = await ask<{ hash: Hex }>('eth_getTransactionBySenderAndNonce', CAROL, `0x${nonce.toString(16)}`)
      expect(found.hash).toBe(txHash(tx))
    }
  })

  it('eth_baseFee is that of the block to come', async () => {
    const { header } = engine.chain.head
    const expected = nextBaseFee(engine.chain.spec, header, header.timestamp + 2n)
    expect(BigInt(await ask<Hex>('eth_baseFee'))).toBe(expected)
    const next = await mine(genesis)
    expect(next.executionPayload.baseFeePerGas).toBe(expected)
  })

  it('rpc_modules names the namespaces', async () => {
    expect(Object.keys(await ask<object>('rpc_modules')).toSorted()).toEqual([
      'admin',
      'debug',
      'eth',
      'miner',
      'net',
      'rpc',
      'txpool',
      'web3',
    ])
  })

  it('tells subscribers of the receipts that they wait for, or of all', async () => {
    const tx = write(0n, 1, 1)
    const [all, some, none]: unknown[][] = [[], [], []]
    const subscribe = (list: unknown[] | undefined, params: unknown[]) =>
      api.subscriptions.transactionReceipts?.(params, (result) => list?.push(result))
    const stops = [
      subscribe(all, []),
      subscribe(some, [{ transactionHashes: [txHash(tx)] }]),
      subscribe(none, [{ transactionHashes: [word(1)] }]),
    ]
    const one = await mine(genesis, tx)
    expect(all).toMatchObject([[{ type: 0x7en }, { transactionHash: txHash(tx) }]])
    expect(some).toMatchObject([[{ transactionHash: txHash(tx), status: 1n }]])
    expect(none).toEqual([])
    for (const stop of stops) stop?.()
    await mine(one)
    expect(all).toHaveLength(1)
  })
})
