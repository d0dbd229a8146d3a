import { createPublicClient, createWalletClient, defineChain, http, parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import {
  chainConfig,
  getWithdrawals,
  publicActionsL1,
  publicActionsL2,
  walletActionsL1,
  walletActionsL2,
} from 'viem/op-stack'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Devnet } from '../src/index.ts'
import { eventually, startTestDevnet } from './support.ts'

describe('a withdrawal', () => {
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await startTestDevnet()
  })
  afterAll(() => devnet?.close())

  it('[PRO-003] [PRO-004] [PRO-007] [PRO-012] [PRO-027] [PRO-028] [PRO-029] [PRO-030] [PRO-031] [PRO-032] [PRO-033] [PRO-034] is proven on L1 against a proposed output, and paid out', async () => {
    const { info } = devnet
    const l1Chain = defineChain({
      id: info.l1ChainId,
      name: 'L1',
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [info.l1.rpc] } },
      contracts: { multicall3: { address: '0xcA11bde05977b3631167028862bE2a173976CA11' } },
    })
    const l2Chain = defineChain({
      ...chainConfig,
      id: info.l2ChainId,
      name: 'L2',
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [info.sequencer.rpc] } },
      sourceId: l1Chain.id,
      contracts: {
        ...chainConfig.contracts,
        portal: { [l1Chain.id]: { address: info.contracts.OptimismPortal } },
        l2OutputOracle: { [l1Chain.id]: { address: info.contracts.L2OutputOracle } },
      },
    })
    const account = privateKeyToAccount(info.accounts[5]!.privateKey)
    const l1 = createPublicClient({ chain: l1Chain, transport: http(), pollingInterval: 250 }).extend(publicActionsL1())
    const l2 = createPublicClient({ chain: l2Chain, transport: http(), pollingInterval: 250 }).extend(publicActionsL2())
    const l1Wallet = createWalletClient({ account, chain: l1Chain, transport: http() }).extend(walletActionsL1())
    const l2Wallet = createWalletClient({ account, chain: l2Chain, transport: http() }).extend(walletActionsL2())
    const receiver = '0x00000000000000000000000000000000000d0a01'

    const hash = await l2Wallet.initiateWithdrawal({
      request: { gas: 21_000n, to: receiver, value: parseEther('0.5') },
    } as never)
    const receipt = await l2.waitForTransactionReceipt({ hash })
    expect(receipt.status).toBe('success')
    const [sent] = getWithdrawals(receipt)
    expect(sent).toMatchObject({ sender: account.address, value: parseEther('0.5') })

    await eventually('the first proposed output', async () => {
      const outputs = await l1.readContract({
        address: info.contracts.L2OutputOracle,
        abi: [
          {
            type: 'function',
            name: 'nextOutputIndex',
            stateMutability: 'view',
            inputs: [],
            outputs: [{ type: 'uint256' }],
          },
        ],
        functionName: 'nextOutputIndex',
      })
      return outputs > 0n
    })
    const { output, withdrawal } = await l1.waitToProve({ receipt, targetChain: l2Chain } as never)
    const proof = await l2.buildProveWithdrawal({ output, withdrawal } as never)
    const proved = await l1Wallet.proveWithdrawal(proof as never)
    expect((await l1.waitForTransactionReceipt({ hash: proved })).status).toBe('success')

    // What the portal says to the same calls at a time when it does not allow them.
    const finalize = { account, targetChain: l2Chain, withdrawal } as never
    await expect(l1.estimateFinalizeWithdrawalGas(finalize)).rejects.toThrow('finalization period has not elapsed')
    await expect(l1.estimateProveWithdrawalGas({ ...proof, account } as never)).rejects.toThrow(
      'withdrawal hash has already been proven',
    )

    await l1.waitToFinalize({ targetChain: l2Chain, withdrawalHash: withdrawal.withdrawalHash } as never)
    const finalized = await l1Wallet.finalizeWithdrawal({ targetChain: l2Chain, withdrawal } as never)
    expect((await l1.waitForTransactionReceipt({ hash: finalized })).status).toBe('success')
    expect(await l1.getBalance({ address: receiver })).toBe(parseEther('0.5'))
    await expect(l1.estimateFinalizeWithdrawalGas(finalize)).rejects.toThrow('withdrawal has already been finalized')
  }, 240_000)
})
