import { bytesToHex, type Hex } from '@keelson/protocol'
import { createLogger } from '@keelson/service'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import {
  createBeaconClient,
  createBlobCrypto,
  createL1Client,
  createTxManager,
  privateKeySigner,
  type TxManagerOptions,
} from '../src/index.ts'
import { ANVIL_KEYS, type Anvil, startAnvil } from '../testing/index.ts'

const INBOX = '0xff00000000000000000000000000000000000901'
const crypto = createBlobCrypto()
const stops: (() => unknown)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
afterAll(() => crypto.close())

async function open(args: string[] = [], options: Partial<TxManagerOptions> = {}, key: Hex = ANVIL_KEYS[0]) {
  const anvil = await startAnvil(args)
  stops.push(anvil.stop)
  const txs = createTxManager({
    rpc: anvil.rpc,
    signer: privateKeySigner(key),
    chainId: 31337n,
    crypto,
    numConfirmations: 1,
    receiptQueryIntervalMs: 20,
    ...options,
  })
  stops.push(txs.close)
  return { anvil, txs }
}

/** Proven at once. */
const EMPTY_BLOB = new Uint8Array(131_072)
const blobOf = (text: string) => {
  const blob = new Uint8Array(131_072)
  blob.set(new TextEncoder().encode(text), 1)
  return blob
}

type PoolTx = { hash: string; nonce: string; maxFeePerGas: string; type: string }
const pool = async (anvil: Anvil, address: string): Promise<PoolTx[]> => {
  const content = await anvil.rpc.request<{ pending: Record<string, Record<string, PoolTx>> }>('txpool_content')
  const own = Object.entries(content.pending).find(([account]) => account.toLowerCase() === address)
  return Object.values(own?.[1] ?? {})
}
/** Lets real servers work until `check` holds; the test's own limit ends it. */
async function until<T>(ask: () => Promise<T>, check: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask()
    if (check(value)) return value
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('createTxManager on anvil', () => {
  it('[BAT-005] sends calldata as type 2 and blobs as type 3, and the beacon client finds the blobs again', async () => {
    const { anvil, txs } = await open()
    const data = new Uint8Array([0, 1, 2, 3])
    const blobs = [blobOf('first'), EMPTY_BLOB]
    const calldata = await txs.send({ to: INBOX, data })
    const blobTx = await txs.send({ to: INBOX, blobs })
    expect([calldata.status, blobTx.status, calldata.nonce, blobTx.nonce]).toEqual([true, true, 0, 1])

    const l1 = createL1Client({ rpc: anvil.rpc })
    const [raw] = (await l1.getTransactions(calldata.blockHash)) ?? []
    expect(bytesToHex(raw ?? new Uint8Array())).toContain('8400010203')
    const sent = await anvil.rpc.request<{ type: string; to: string; input: string; blobVersionedHashes: Hex[] }>(
      'eth_getTransactionByHash',
      [blobTx.hash],
    )
    expect([sent.type, sent.to, sent.input]).toEqual(['0x3', INBOX, '0x'])

    const beacon = createBeaconClient({ url: anvil.url, crypto })
    const ref = await l1.getBlockRefByHash(blobTx.blockHash)
    if (!ref) throw new Error('the block is gone')
    const hashes = sent.blobVersionedHashes.map((hash, index) => ({ hash, index }))
    expect(await beacon.getBlobs(ref, hashes)).toEqual(blobs)
    expect(await beacon.getBlobs(ref, hashes.toReversed())).toEqual(blobs.toReversed())
    expect(
      await createBeaconClient({ url: anvil.url, crypto }).getBlobs({ ...ref, hash: `0x${'77'.repeat(32)}` }, hashes),
    ).toBeNull()
    expect(await beacon.version()).toBeNull()
  })

  it('[BAT-028] gives ascending nonces to calls made one after another', async () => {
    const { anvil, txs } = await open(['--no-mining'])
    const sends = [1, 2, 3].map((byte) => txs.send({ to: INBOX, data: new Uint8Array([byte]) }))
    await until(
      () => pool(anvil, txs.address),
      (list) => list.length === 3 && txs.pending === 3,
    )
    await anvil.mine()
    const done = await Promise.all(sends)
    expect(done.map(({ nonce }) => nonce)).toEqual([0, 1, 2])
    expect(txs.pending).toBe(0)
  })

  it('stops waiting after the time a send may take, and goes on with the transaction', async () => {
    const { anvil, txs } = await open(['--no-mining'], { sendTimeoutMs: 300 })
    await expect(txs.send({ to: INBOX, data: new Uint8Array([1]) })).rejects.toMatchObject({
      fault: { code: 'timedOut', data: { timeoutMs: 300 } },
    })
    expect(txs.pending).toBe(1)
    await anvil.mine()
    await until(
      async () => txs.pending,
      (pending) => pending === 0,
    )
  })

  it('stops waiting when the caller aborts while the transaction is being published', async () => {
    const anvil = await startAnvil(['--no-mining'])
    stops.push(anvil.stop)
    const abort = new AbortController()
    const rpc = {
      ...anvil.rpc,
      request: async <T>(method: string, params?: readonly unknown[]): Promise<T> => {
        const answer = await anvil.rpc.request<T>(method, params)
        if (method === 'eth_sendRawTransaction') abort.abort(new Error('enough'))
        return answer
      },
    }
    const signer = privateKeySigner(ANVIL_KEYS[0])
    const txs = createTxManager({ rpc, signer, chainId: 31337n, receiptQueryIntervalMs: 20, numConfirmations: 1 })
    stops.push(txs.close)
    const sending = txs.send({ to: INBOX, data: new Uint8Array([1]) }, { signal: abort.signal })
    await expect(sending).rejects.toThrow('enough')
    expect(await pool(anvil, txs.address)).toHaveLength(1)
  })

  it('[BAT-033] holds a calldata transaction back while one with blobs is pending, and the other way round', async () => {
    const { anvil, txs } = await open(['--no-mining'])
    const first = txs.send({ to: INBOX, blobs: [EMPTY_BLOB] })
    const second = txs.send({ to: INBOX, data: new Uint8Array([1]) })
    const third = txs.send({ to: INBOX, blobs: [EMPTY_BLOB] })
    const seen: string[] = []
    for (const type of ['0x3', '0x2', '0x3']) {
      const list = await until(
        () => pool(anvil, txs.address),
        (txList) => txList.length > 0,
      )
      seen.push(...list.map((tx) => tx.type))
      expect(list.length).toBe(1)
      expect(list[0]?.type).toBe(type)
      await anvil.mine()
    }
    expect((await Promise.all([first, second, third])).map(({ nonce }) => nonce)).toEqual([0, 1, 2])
    expect(seen).toEqual(['0x3', '0x2', '0x3'])
  })

  it('raises the fees of what waits too long; the version that gets in is the one reported', async () => {
    const { anvil, txs } = await open(['--no-mining'], { resubmissionTimeoutMs: 50 })
    const sending = txs.send({ to: INBOX, data: new Uint8Array([9]) })
    const [before] = await until(
      () => pool(anvil, txs.address),
      (list) => list.length === 1,
    )
    const [after] = await until(
      () => pool(anvil, txs.address),
      (list) => list[0]?.hash !== before?.hash,
    )
    expect(BigInt(after?.maxFeePerGas ?? 0)).toBeGreaterThanOrEqual((BigInt(before?.maxFeePerGas ?? 0) * 11n) / 10n)
    await anvil.mine()
    const { hash, nonce } = await sending
    expect(nonce).toBe(0)
    expect(hash).not.toBe(before?.hash)
  })

  it('waits for the confirmations asked for', async () => {
    const { anvil, txs } = await open(['--no-mining'], { numConfirmations: 3 })
    let done = false
    const sending = txs.send({ to: INBOX, data: new Uint8Array([1]) }).finally(() => {
      done = true
    })
    await until(
      () => pool(anvil, txs.address),
      (list) => list.length === 1,
    )
    await anvil.mine(2)
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(done).toBe(false)
    await anvil.mine()
    expect((await sending).blockNumber).toBe(1n)
  })

  it('[BAT-031] sends again, with the same nonce, what an L1 reorg took out after it was confirmed', async () => {
    const { anvil, txs } = await open(['--no-mining'])
    const drops: boolean[] = []
    txs.onDropped(({ resent }) => drops.push(resent))
    const sending = txs.send({ to: INBOX, data: new Uint8Array([5]) })
    await until(
      () => pool(anvil, txs.address),
      (list) => list.length === 1,
    )
    await anvil.mine()
    const inclusion = await sending
    await anvil.rpc.request('anvil_reorg', [1, []])
    await until(
      async () => drops.length,
      (count) => count === 1,
    )
    expect(drops).toEqual([true])
    await until(
      () => pool(anvil, txs.address),
      (list) => list.length === 1,
    )
    await anvil.mine()
    const receipt = await until(
      () => anvil.rpc.request<{ blockHash: string } | null>('eth_getTransactionReceipt', [inclusion.hash]),
      (found) => found !== null,
    )
    expect(receipt?.blockHash).not.toBe(inclusion.blockHash)
    // The account goes on behind it.
    const next = txs.send({ to: INBOX, data: new Uint8Array([6]) })
    await until(
      () => pool(anvil, txs.address),
      (list) => list.length === 1,
    )
    await anvil.mine()
    expect((await next).nonce).toBe(1)
  })

  it('says why a transaction cannot be sent: a poor account, a closed manager, a signal', async () => {
    const { txs } = await open([], {}, `0x${'42'.repeat(32)}`)
    await expect(txs.send({ to: INBOX, value: 10n, gasLimit: 21_000n })).rejects.toMatchObject({
      fault: { code: 'unsendable' },
    })
    await expect(txs.send({ to: INBOX }, { signal: AbortSignal.abort(new Error('no more')) })).rejects.toThrow(
      'no more',
    )
    txs.close()
    await expect(txs.send({ to: INBOX })).rejects.toMatchObject({ fault: { code: 'closed' } })
  })

  it('never shows its key', async () => {
    const lines: string[] = []
    const log = createLogger({ level: 'trace', format: 'json', write: (line) => lines.push(line) })
    const { txs } = await open([], { log })
    await txs.send({ to: INBOX, data: new Uint8Array([1]) })
    expect(lines.length).toBeGreaterThan(0)
    const everything =
      lines.join() + JSON.stringify(txs) + JSON.stringify(Object.values(privateKeySigner(ANVIL_KEYS[0])))
    expect(everything.toLowerCase()).not.toContain(ANVIL_KEYS[0].slice(2))
  })
})
