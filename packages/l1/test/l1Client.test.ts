import { bytesToHex, type Hash, hexToBytes, type L1BlockRef, type L1Receipt } from '@keelson/protocol'
import { fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { RpcError } from '@keelson/service'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createL1Client, L1Error } from '../src/index.ts'
import { decodeReceipt, verifyReceipts } from '../src/receipt.ts'
import type { RpcBlock, RpcReceipt } from '../src/rpcTypes.ts'
import {
  ANVIL_KEYS,
  type Anvil,
  type RecordedChain,
  scriptedRpc,
  startAnvil,
  testL1Provider,
} from '../testing/index.ts'

/** Emits one log with its calldata word as topic: LOG1(0, 0, calldata[0]) as init-less runtime code. */
const LOGGER_INIT = '0x6008600c60003960086000f360003560006000a100'

describe('createL1Client on anvil', () => {
  let anvil: Anvil
  const recorded: { ref: L1BlockRef; transactions: Uint8Array[]; receipts: L1Receipt[] }[] = []
  let l1: ReturnType<typeof createL1Client>

  beforeAll(async () => {
    anvil = await startAnvil()
    const account = privateKeyToAccount(ANVIL_KEYS[0])
    const other = privateKeyToAccount(ANVIL_KEYS[1])
    const common = { chainId: 31337, gas: 200_000n }
    const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n }
    const logger = '0x5FbDB2315678afecb367f032d93F642f64180aa3' as const
    const authorization = await other.signAuthorization({ chainId: 31337, address: logger, nonce: 0 })
    const raws = [
      await account.signTransaction({ ...common, type: 'legacy', nonce: 0, gasPrice: 10n ** 11n, data: LOGGER_INIT }),
      await account.signTransaction({
        ...common,
        type: 'legacy',
        nonce: 1,
        gasPrice: 10n ** 11n,
        to: logger,
        data: `0x${'ab'.repeat(32)}`,
      }),
      await account.signTransaction({
        ...common,
        type: 'eip2930',
        nonce: 2,
        gasPrice: 10n ** 11n,
        to: logger,
        accessList: [{ address: logger, storageKeys: [`0x${'01'.repeat(32)}`] }],
      }),
      await account.signTransaction({ ...common, ...fees, type: 'eip1559', nonce: 3, to: account.address, value: 7n }),
      await account.signTransaction({
        ...common,
        ...fees,
        type: 'eip7702',
        nonce: 4,
        to: account.address,
        authorizationList: [authorization],
      }),
    ]
    for (const raw of raws) {
      const hash = await anvil.rpc.request<Hash>('eth_sendRawTransaction', [raw])
      const { blockHash } = await anvil.receipt<RpcReceipt>(hash)
      const block = await anvil.rpc.request<RpcBlock>('eth_getBlockByHash', [blockHash, false])
      const receipts = await anvil.rpc.request<RpcReceipt[]>('eth_getBlockReceipts', [block.hash])
      recorded.push({
        ref: {
          hash: block.hash,
          number: BigInt(block.number),
          parentHash: block.parentHash,
          timestamp: BigInt(block.timestamp),
        },
        transactions: [hexToBytes(raw)],
        receipts: receipts.map((r) => ({
          status: r.status === '0x1',
          logs: r.logs.map(({ address, topics, data }) => ({ address, topics, data })),
        })),
      })
    }
    l1 = createL1Client({ rpc: anvil.rpc })
  })
  afterAll(async () => {
    l1?.close()
    await anvil?.stop()
  })

  const chain = (): RecordedChain => ({ blocks: recorded })
  testL1Provider('the RPC client (standard)', () => ({ l1, chain: chain() }))
  testL1Provider('the RPC client (basic)', () => ({
    l1: createL1Client({ rpc: anvil.rpc, rpcKind: 'basic' }),
    chain: chain(),
  }))
  testL1Provider('the RPC client (any)', () => ({
    l1: createL1Client({ rpc: anvil.rpc, rpcKind: 'any' }),
    chain: chain(),
  }))

  it('has a log among its receipts, so that the contract above proves something', () => {
    expect(recorded[1]?.receipts[0]?.logs[0]?.topics).toEqual([`0x${'ab'.repeat(32)}`])
  })

  it('gives blocks by label, and null while there is none', async () => {
    expect(await l1.getBlockRefByLabel('latest')).toEqual(recorded.at(-1)?.ref)
    expect(await l1.getBlockRefByLabel('finalized')).not.toBeNull()
  })

  it('proves storage against the state root, and refuses a value that is not proven', async () => {
    const head = await l1.getBlockRefByLabel('latest')
    if (!head) throw new Error('no head')
    const address = '0x5fbdb2315678afecb367f032d93f642f64180aa3'
    const slot: Hash = `0x${'00'.repeat(32)}`
    expect(await l1.getStorageAt(address, slot, head)).toBe(slot)
    const lying = createL1Client({
      rpc: {
        ...anvil.rpc,
        request: async <T>(method: string, params?: readonly unknown[]) => {
          const answer = await anvil.rpc.request<T>(method, params)
          if (method !== 'eth_getProof') return answer
          const proof = answer as { storageProof: { value: string }[] }
          return { ...proof, storageProof: proof.storageProof.map((entry) => ({ ...entry, value: '0x1' })) } as T
        },
      },
    })
    await expect(lying.getStorageAt(address, slot, head)).rejects.toMatchObject({ fault: { code: 'badProof' } })
  })
})

describe('createL1Client and the moving head', () => {
  let anvil: Anvil
  beforeAll(async () => {
    anvil = await startAnvil(['--no-mining'])
  })
  afterAll(() => anvil.stop())

  it('[DER-024] fetches finalized blocks ahead of the one asked for, with what derivation will ask of them', async () => {
    await anvil.mine(40)
    const counted = scriptedRpc({})
    const calls: string[] = []
    const l1 = createL1Client({
      rpc: {
        ...counted,
        request: (method, params, options) => {
          calls.push(`${method} ${String(params?.[0])}`)
          return anvil.rpc.request(method, params, options)
        },
      },
      prefetchBlocks: 4,
    })
    await l1.getBlockRefByLabel('finalized')
    const first = await l1.getBlockRefByNumber(10n)
    while (!calls.includes('eth_getBlockByNumber 0xe')) await new Promise((resolve) => setTimeout(resolve, 5))
    const eleventh = await l1.getBlockRefByNumber(11n)
    expect(eleventh?.parentHash).toBe(first?.hash)
    const before = calls.length
    expect(await l1.getTransactions(eleventh?.hash ?? '0x')).toEqual([])
    expect(await l1.getReceipts(eleventh?.hash ?? '0x')).toEqual([])
    expect(calls.slice(before).filter((call) => call.includes(eleventh?.hash ?? ''))).toEqual([])
    expect(calls.filter((call) => call === 'eth_getBlockByNumber 0xb').length).toBe(1)
    // Past the finalized block nothing is taken from memory.
    const head = await l1.getBlockRefByLabel('latest')
    await l1.getBlockRefByNumber(head?.number ?? 0n)
    await l1.getBlockRefByNumber(head?.number ?? 0n)
    const atHead = `eth_getBlockByNumber 0x${(head?.number ?? 0n).toString(16)}`
    expect(calls.filter((call) => call === atHead).length).toBe(2)
    l1.close()
  })

  it('[DER-026] gives the new block at a height after a reorg', async () => {
    const l1 = createL1Client({ rpc: anvil.rpc })
    const old = await l1.getBlockRefByLabel('latest')
    await anvil.rpc.request('evm_increaseTime', [7])
    await anvil.rpc.request('anvil_reorg', [2, []])
    const now = await l1.getBlockRefByNumber(old?.number ?? 0n)
    expect(now?.number).toBe(old?.number)
    expect(now?.hash).not.toBe(old?.hash)
    l1.close()
  })
})

type BlockVectors = { vectors: { name: string; input: { block: RpcBlock }; expected: { valid: boolean } }[] }
type ReceiptsVectors = { vectors: { name: string; input: { receipts: string[] }; expected: { receiptsRoot: Hash } }[] }
type ReceiptVectors = {
  vectors: { name: string; input: { receipt: `0x${string}` }; expected: { status: number; logs: L1Receipt['logs'] } }[]
}

describe.skipIf(fixtureFolder() === null)('vectors', () => {
  if (fixtureFolder() === null) return
  for (const { name, input, expected } of readFixture<BlockVectors>('vectors/l1-rpc-block.json').vectors) {
    it(`${expected.valid ? 'accepts' : 'refuses'} the L1 block "${name}"`, async () => {
      const rpc = scriptedRpc({ eth_getBlockByHash: () => input.block })
      const ask = async () => {
        const l1 = createL1Client({ rpc })
        await l1.getBlockInfo(input.block.hash)
        return l1.getTransactions(input.block.hash)
      }
      if (expected.valid) expect((await ask())?.length).toBe(input.block.transactions?.length)
      else await expect(ask()).rejects.toMatchObject({ severity: 'temporary', name: 'L1Error' })
    })
  }

  for (const { name, input, expected } of readFixture<ReceiptsVectors>('vectors/receipts-root.json').vectors) {
    it(`computes the receipts root of ${name}, deposits included, and reads each receipt`, () => {
      const encoded = input.receipts.map(hexToBytes)
      const block = { hash: expected.receiptsRoot, receiptsRoot: expected.receiptsRoot }
      verifyReceipts(block, encoded)
      expect(encoded.map(decodeReceipt).length).toBe(encoded.length)
      expect(() => verifyReceipts(block, encoded.slice(1))).toThrow(L1Error)
    })
  }

  for (const { name, input, expected } of readFixture<ReceiptVectors>('vectors/receipt-encoding.json').vectors) {
    it(`reads the receipt "${name}"`, () => {
      expect(decodeReceipt(hexToBytes(input.receipt))).toEqual({ status: expected.status === 1, logs: expected.logs })
    })
  }
})

describe('createL1Client against servers that err', () => {
  it('answers null when the server says in words that it does not know the block', async () => {
    const l1 = createL1Client({
      rpc: scriptedRpc({
        eth_getBlockByHash: () => {
          throw new RpcError(-32000, 'header not found')
        },
      }),
    })
    expect(await l1.getBlockInfo(`0x${'11'.repeat(32)}`)).toBeNull()
  })

  it('classes every failure to ask as temporary', async () => {
    const l1 = createL1Client({ rpc: scriptedRpc({}) })
    await expect(l1.getBlockRefByNumber(1n)).rejects.toMatchObject({
      severity: 'temporary',
      fault: { code: 'unavailable' },
    })
  })

  it.skipIf(fixtureFolder() === null)('asks once for what many want at the same time', async () => {
    const [vector] = readFixture<BlockVectors>('vectors/l1-rpc-block.json').vectors
    if (!vector) throw new Error('no vector')
    const rpc = scriptedRpc({ eth_getBlockByHash: () => vector.input.block })
    const l1 = createL1Client({ rpc })
    const { hash } = vector.input.block
    await Promise.all([l1.getTransactions(hash), l1.getTransactions(hash), l1.getTransactions(hash)])
    await l1.getTransactions(hash)
    expect(rpc.calls.length).toBe(1)
    expect(bytesToHex((await l1.getTransactions(hash))?.[0] ?? new Uint8Array()).length).toBeGreaterThan(2)
  })
})
