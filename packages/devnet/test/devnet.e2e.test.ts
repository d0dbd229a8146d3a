import { decodeDepositLog, encodeDepositTx } from '@keelson/protocol'
import { createPublicClient, createWalletClient, type Hash, http, keccak256, parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { getL2TransactionHashes, publicActionsL2, walletActionsL1 } from 'viem/op-stack'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runExample } from '../../../examples/viem.ts'
import type { Devnet } from '../src/index.ts'
import { differingBlocks, eventually, rpc, startTestDevnet, syncStatus } from './support.ts'
import { startVerifier } from './verifier.ts'

describe.each(['blobs', 'calldata'] as const)('a devnet that writes %s', (dataAvailabilityType) => {
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await startTestDevnet({ dataAvailabilityType })
  })
  afterAll(() => devnet?.close())

  it('carries an L2 transfer and an ETH deposit through the real portal, by viem alone', async () => {
    const lines: string[] = []
    const result = await runExample(devnet.info, (line) => lines.push(line))
    expect(result).toMatchObject({ transferStatus: 'success', depositStatus: 'success', mintedWei: parseEther('1') })
    expect(result.transferFeeWei).toBeGreaterThan(0n)
    expect(result.subscribedBlock).toBeGreaterThan(0n)
    expect(lines.at(-1)).toMatch(/^saw block \d+ over WebSocket$/)
  })

  it('derives on the verifier, from L1, the very blocks that the sequencer built', async () => {
    const safe = await eventually('the verifier derives 12 blocks', () => {
      const { verifier } = devnet.heads()
      return verifier.safe >= 12n && verifier.safe
    })
    expect(await differingBlocks(devnet.sequencer, devnet.verifier, safe)).toEqual([])
  })

  it('finalizes as L1 finalizes, and keeps the heads in order', async () => {
    const status = await eventually('a finalized L2 block', async () => {
      const now = await syncStatus(devnet.info.verifier.rollupRpc)
      return now.finalizedL2.number > 0n && now
    })
    expect(status.unsafeL2.number).toBeGreaterThanOrEqual(status.safeL2.number)
    expect(status.safeL2.number).toBeGreaterThanOrEqual(status.finalizedL2.number)
    expect(status.finalizedL2.l1Origin.number).toBeLessThanOrEqual(status.finalizedL1.number)
  })

  it('ends with the same hashes on a third node that comes late, without P2P', async () => {
    const late = await startVerifier({ name: 'late', l1: devnet.l1, jwtSecret: devnet.jwtSecret, peers: null })
    try {
      const { safe } = devnet.heads().verifier
      await eventually(`the late node derives ${safe} blocks`, () => late.node.node.syncStatus().safeL2.number >= safe)
      expect(await differingBlocks(devnet.sequencer, late, safe)).toEqual([])
      expect(await rpc(late.node.rollupRpc, 'optimism_outputAtBlock', [`0x${safe.toString(16)}`])).toMatchObject({
        outputRoot: (
          await rpc<{ outputRoot: Hash }>(devnet.info.sequencer.rollupRpc, 'optimism_outputAtBlock', [
            `0x${safe.toString(16)}`,
          ])
        ).outputRoot,
      })
    } finally {
      await late.close()
    }
  })
})

describe('deposits and RPC of a devnet', () => {
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await startTestDevnet()
  })
  afterAll(() => devnet?.close())

  it('gives a deposit the L2 transaction hash that follows from its L1 log', async () => {
    const { info } = devnet
    const account = privateKeyToAccount(info.accounts[2]!.privateKey)
    const l1 = createPublicClient({ transport: http(info.l1.rpc), pollingInterval: 200 })
    const l2 = createPublicClient({ transport: http(info.verifier.rpc), pollingInterval: 200 }).extend(
      publicActionsL2(),
    )
    const wallet = createWalletClient({ account, transport: http(info.l1.rpc) }).extend(walletActionsL1())
    const hash = await wallet.depositTransaction({
      account,
      chain: null,
      portalAddress: info.contracts.OptimismPortal,
      request: { gas: 100_000n, mint: 7n, to: account.address, value: 7n },
    } as never)
    const receipt = await l1.waitForTransactionReceipt({ hash })
    const log = receipt.logs.find(
      ({ address }) => address.toLowerCase() === info.contracts.OptimismPortal.toLowerCase(),
    )
    const deposit = decodeDepositLog(
      { address: log!.address, topics: log!.topics as Hash[], data: log!.data },
      receipt.blockHash,
      log!.logIndex,
    )
    const expected = keccak256(encodeDepositTx(deposit))
    expect(getL2TransactionHashes(receipt)).toEqual([expected])
    const arrived = await l2.waitForTransactionReceipt({ hash: expected, timeout: 60_000 })
    expect(arrived).toMatchObject({ status: 'success', from: account.address.toLowerCase() })
  })

  it('answers the rollup RPC as op-node does', async () => {
    const { rollupRpc } = devnet.info.sequencer
    expect(await rpc(rollupRpc, 'optimism_version')).toMatch(/keelson/)
    const config = await rpc<Record<string, unknown>>(rollupRpc, 'optimism_rollupConfig')
    expect(config).toMatchObject({ l1_chain_id: 900, l2_chain_id: 901, block_time: 1, jovian_time: 0 })
    const status = await rpc<Record<string, Record<string, unknown>>>(rollupRpc, 'optimism_syncStatus')
    expect(Object.keys(status).sort()).toEqual(
      [
        ...['cross_unsafe_l2', 'current_l1', 'current_l1_finalized', 'finalized_l1', 'finalized_l2', 'head_l1'],
        ...['local_safe_l2', 'pending_safe_l2', 'safe_l1', 'safe_l2', 'unsafe_l2'],
      ].sort(),
    )
    expect(status.unsafe_l2).toMatchObject({ number: expect.any(Number), l1origin: { number: expect.any(Number) } })
    expect(await rpc(rollupRpc, 'admin_sequencerActive')).toBe(true)
  })

  it('stops and starts the sequencer over RPC, with the head as proof', async () => {
    const { rollupRpc } = devnet.info.sequencer
    const head = await rpc<Hash>(rollupRpc, 'admin_stopSequencer')
    expect(await rpc(rollupRpc, 'admin_sequencerActive')).toBe(false)
    await expect(rpc(rollupRpc, 'admin_startSequencer', [`0x${'11'.repeat(32)}`])).rejects.toThrow(/does not match/)
    await rpc(rollupRpc, 'admin_startSequencer', [head])
    expect(await rpc(rollupRpc, 'admin_sequencerActive')).toBe(true)
    const { unsafeL2 } = await syncStatus(rollupRpc)
    await eventually('a further block', async () => (await syncStatus(rollupRpc)).unsafeL2.number > unsafeL2.number)
  })

  it('derives the same blocks again after admin_resetDerivationPipeline', async () => {
    const { rollupRpc } = devnet.info.verifier
    await eventually('a safe block', () => devnet.heads().verifier.safe > 0n)
    await rpc(rollupRpc, 'admin_resetDerivationPipeline')
    const { safe } = devnet.heads().verifier
    const moved = await eventually('safe moves on', () => {
      const now = devnet.heads().verifier.safe
      return now > safe && now
    })
    expect(await differingBlocks(devnet.sequencer, devnet.verifier, moved)).toEqual([])
  })

  it('serves metrics under the names of op-node', async () => {
    const text = await (await fetch(devnet.info.sequencer.metrics)).text()
    expect(text).toMatch(/^op_node_default_up 1$/m)
    expect(text).toMatch(/^op_node_default_refs_number\{layer="l2",type="l2_unsafe"\} \d+$/m)
  })

  it('serves the explorer page', async () => {
    const html = await (await fetch(devnet.info.explorer!)).text()
    expect(html).toContain(devnet.info.verifier.rollupRpc)
  })
})
