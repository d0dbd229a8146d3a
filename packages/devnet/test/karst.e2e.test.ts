import { bytesToHex, upgradeTransactions } from '@keelson/protocol'
import { keccak256 } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Devnet } from '../src/index.ts'
import { differingBlocks, eventually, rpc, startTestDevnet } from './support.ts'

describe('a devnet that crosses Karst', () => {
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await startTestDevnet({ forks: new Map([['karst', { afterGenesis: 8n }]]) })
  })
  afterAll(() => devnet?.close())

  it('applies all 31 upgrade transactions in the activation block, each with success, and only there', async () => {
    const { rollup } = devnet.l1.chain
    const activation = 8n
    await eventually('the verifier has block 12', () => devnet.heads().verifier.unsafe >= 12n)
    const upgrades = upgradeTransactions(rollup, rollup.genesis.l2Time + activation).map((tx) =>
      keccak256(bytesToHex(tx)),
    )
    expect(upgrades).toHaveLength(31)
    const { rpc: eth } = devnet.info.verifier
    const receipts = await Promise.all(
      upgrades.map((hash) =>
        rpc<{ status: string; blockNumber: string } | null>(eth, 'eth_getTransactionReceipt', [hash]),
      ),
    )
    expect(receipts.map((receipt) => [receipt?.status, receipt?.blockNumber])).toEqual(
      upgrades.map(() => ['0x1', '0x8']),
    )
  })

  it('raises the gas limit in the activation block alone', async () => {
    const limits = await Promise.all(
      ['0x7', '0x8', '0x9'].map(async (number) => {
        const block = await rpc<{ gasLimit: string }>(devnet.info.verifier.rpc, 'eth_getBlockByNumber', [number, false])
        return BigInt(block.gasLimit)
      }),
    )
    expect(limits).toEqual([60_000_000n, 60_000_000n + 55_370_657n, 60_000_000n])
  })

  it('derives the activation block from L1', async () => {
    await eventually('safe past the activation block', () => devnet.heads().verifier.safe >= 12n)
    expect(await differingBlocks(devnet.sequencer, devnet.verifier, 12n)).toEqual([])
  })
})
