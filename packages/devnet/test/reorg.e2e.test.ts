import { createPublicClient, createWalletClient, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { getL2TransactionHashes, publicActionsL2, walletActionsL1 } from 'viem/op-stack'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Devnet } from '../src/index.ts'
import { differingBlocks, eventually, rpc, startTestDevnet } from './support.ts'

describe('an L1 reorg', () => {
  let devnet: Devnet
  beforeAll(async () => {
    // What L1 has finalized is never reorged: keep it far behind.
    devnet = await startTestDevnet({ slotsInAnEpoch: 32 })
  })
  afterAll(() => devnet?.close())

  it('that takes out batcher transactions and a deposit: all nodes end where the new L1 says', async () => {
    const { info, l1 } = devnet
    await eventually('six safe blocks', () => devnet.heads().verifier.safe >= 6n)
    const account = privateKeyToAccount(info.accounts[3]!.privateKey)
    const l1Client = createPublicClient({ transport: http(info.l1.rpc), pollingInterval: 100 })
    const l2Client = createPublicClient({ transport: http(info.verifier.rpc), pollingInterval: 100 }).extend(
      publicActionsL2(),
    )
    const wallet = createWalletClient({ account, transport: http(info.l1.rpc) }).extend(walletActionsL1())
    const depositHash = await wallet.depositTransaction({
      account,
      chain: null,
      portalAddress: info.contracts.OptimismPortal,
      request: { gas: 100_000n, mint: 11n, to: account.address, value: 11n },
    } as never)
    const receipt = await l1Client.waitForTransactionReceipt({ hash: depositHash })
    const [l2Hash] = getL2TransactionHashes(receipt)
    await l2Client.waitForTransactionReceipt({ hash: l2Hash!, timeout: 60_000 })
    await eventually('a batch in or after the deposit block is derived', () => {
      const { currentL1, safeL2 } = devnet.verifier.node.node.syncStatus()
      return currentL1.number > receipt.blockNumber && safeL2.l1Origin.number >= receipt.blockNumber - 1n
    })

    await l1.anvil.stopMining()
    const head = await l1Client.getBlockNumber({ cacheTime: 0 })
    const depth = Number(head - receipt.blockNumber) + 2
    await rpc(info.l1.rpc, 'anvil_reorg', [depth, []])
    const replaced = await l1Client.getBlock({ blockNumber: receipt.blockNumber })
    expect(replaced.hash).not.toBe(receipt.blockHash)
    expect(replaced.transactions).not.toContain(depositHash)
    await l1.anvil.startMining()

    const target = head + 12n
    const safe = await eventually('both nodes derive past the reorg', () => {
      const [ours, theirs] = [devnet.sequencer, devnet.verifier].map(({ node }) => node.node.syncStatus())
      const past = [ours!, theirs!].every(({ safeL2 }) => safeL2.l1Origin.number >= target)
      return past && (ours!.safeL2.number < theirs!.safeL2.number ? ours!.safeL2 : theirs!.safeL2)
    })
    expect(await differingBlocks(devnet.sequencer, devnet.verifier, safe.number)).toEqual([])
    const deposit = await rpc<{ blockHash: string } | null>(info.verifier.rpc, 'eth_getTransactionReceipt', [l2Hash])
    const again = await l1Client.getTransactionReceipt({ hash: depositHash }).catch(() => null)
    // The deposit is on L2 exactly if the new L1 has it, and then under the hash of its new log.
    if (again === null) expect(deposit).toBeNull()
    else expect(getL2TransactionHashes(again)).not.toEqual([l2Hash])
    const origin = await l1Client.getBlock({ blockNumber: safe.l1Origin.number })
    expect(origin.hash).toBe(safe.l1Origin.hash)
  }, 240_000)
})
