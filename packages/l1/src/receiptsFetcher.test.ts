import { type Hash, hexToBytes, type L1BlockInfo, orderedTrieRoot } from '@keelson/protocol'
import { testL1Info } from '@keelson/protocol/testing'
import { nullLogger } from '@keelson/service'
import { ManualClock } from '@keelson/service/testing'
import { describe, expect, it } from 'vitest'
import { scriptedRpc } from '../testing/scriptedRpc.ts'
import { RPC_KINDS, type RpcKind } from './l1Api.ts'
import { encodeRpcReceipt } from './receipt.ts'
import { createReceiptsFetcher } from './receiptsFetcher.ts'
import type { RpcReceipt } from './rpcTypes.ts'

const receiptOf = (i: number): RpcReceipt => ({
  transactionHash: `0x${i.toString(16).padStart(64, '0')}`,
  blockHash: `0x${'bb'.repeat(32)}`,
  blockNumber: '0x1',
  type: '0x2',
  status: '0x1',
  cumulativeGasUsed: `0x${(21_000 * (i + 1)).toString(16)}`,
  logsBloom: `0x${'00'.repeat(256)}`,
  logs: [{ address: `0x${'ab'.repeat(20)}`, topics: [`0x${'01'.repeat(32)}`], data: '0x1234' }],
})

function blockOf(count: number) {
  const receipts = Array.from({ length: count }, (_, i) => receiptOf(i))
  const encoded = receipts.map(encodeRpcReceipt)
  const info: L1BlockInfo = { ...testL1Info(), receiptsRoot: orderedTrieRoot(encoded) }
  const raw = encoded.map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`)
  return { receipts, raw, info, hashes: receipts.map(({ transactionHash }) => transactionHash) }
}

/** A server that has every method, or only some. */
function serverOf({ receipts, raw }: ReturnType<typeof blockOf>, only?: readonly string[]) {
  const all = {
    alchemy_getTransactionReceipts: () => ({ receipts }),
    debug_getRawReceipts: () => raw,
    erigon_getBlockReceiptsByBlockHash: () => receipts,
    eth_getBlockReceipts: () => receipts,
    parity_getBlockReceipts: () => receipts,
    eth_getTransactionReceipt: (hash: Hash) => receipts.find(({ transactionHash }) => transactionHash === hash) ?? null,
  }
  return scriptedRpc(only ? Object.fromEntries(Object.entries(all).filter(([name]) => only.includes(name))) : all)
}

async function methodUsed(kind: RpcKind, count: number): Promise<string | undefined> {
  const block = blockOf(count)
  const rpc = serverOf(block)
  const fetch = createReceiptsFetcher({ rpc, kind, clock: new ManualClock(), log: nullLogger })
  const answer = await fetch(block.info, block.hashes)
  expect(answer?.receipts.length).toBe(count)
  expect(answer?.receipts[0]?.logs[0]).toEqual({
    address: `0x${'ab'.repeat(20)}`,
    topics: [`0x${'01'.repeat(32)}`],
    data: '0x1234',
  })
  return rpc.calls[0]?.method
}

describe('createReceiptsFetcher', () => {
  it('asks each kind of provider by its best method', async () => {
    const used = Object.fromEntries(
      await Promise.all(RPC_KINDS.map(async (kind) => [kind, await methodUsed(kind, 40)] as const)),
    )
    expect(used).toEqual({
      alchemy: 'alchemy_getTransactionReceipts',
      quicknode: 'debug_getRawReceipts',
      infura: 'eth_getBlockReceipts',
      parity: 'parity_getBlockReceipts',
      nethermind: 'parity_getBlockReceipts',
      debug_geth: 'debug_getRawReceipts',
      erigon: 'erigon_getBlockReceiptsByBlockHash',
      basic: 'eth_getTransactionReceipt',
      any: 'alchemy_getTransactionReceipts',
      standard: 'eth_getBlockReceipts',
    })
    expect(await methodUsed('alchemy', 10)).toBe('eth_getTransactionReceipt')
  })

  it('leaves a method alone for a minute when the server does not know it', async () => {
    const block = blockOf(3)
    const rpc = serverOf(block, ['eth_getTransactionReceipt'])
    const clock = new ManualClock()
    const fetch = createReceiptsFetcher({ rpc, kind: 'debug_geth', clock, log: nullLogger })
    const triesOf = () => rpc.calls.filter(({ method }) => method === 'debug_getRawReceipts').length
    await fetch(block.info, block.hashes)
    await fetch(block.info, block.hashes)
    expect(triesOf()).toBe(1)
    await clock.advance(60_001)
    await fetch(block.info, block.hashes)
    expect(triesOf()).toBe(2)
  })

  it('refuses receipts that do not add up to the root, and answers null when one is missing', async () => {
    const block = blockOf(3)
    const fetch = createReceiptsFetcher({
      rpc: serverOf(block),
      kind: 'standard',
      clock: new ManualClock(),
      log: nullLogger,
    })
    const otherRoot = { ...block.info, receiptsRoot: orderedTrieRoot([hexToBytes('0x01')]) }
    await expect(fetch(otherRoot, block.hashes)).rejects.toMatchObject({
      fault: { code: 'badBlock' },
      severity: 'temporary',
    })
    const basic = createReceiptsFetcher({
      rpc: serverOf(block),
      kind: 'basic',
      clock: new ManualClock(),
      log: nullLogger,
    })
    expect(await basic(block.info, [...block.hashes, `0x${'ee'.repeat(32)}`])).toBeNull()
  })

  it('asks nothing for a block without transactions, but checks that its root says so too', async () => {
    const rpc = scriptedRpc({})
    const fetch = createReceiptsFetcher({ rpc, kind: 'standard', clock: new ManualClock(), log: nullLogger })
    const empty = { ...testL1Info(), receiptsRoot: orderedTrieRoot([]) }
    expect(await fetch(empty, [])).toEqual({ receipts: [], bytes: 0 })
    await expect(fetch(blockOf(1).info, [])).rejects.toThrow('receipts')
    expect(rpc.calls).toEqual([])
  })
})
