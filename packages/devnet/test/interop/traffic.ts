import { counterInitCode } from '@keelson/execution/testing'
import { type Address, createPublicClient, createWalletClient, type Hash, http, parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { getL2TransactionHashes, walletActionsL1 } from 'viem/op-stack'
import { bytesToHex } from 'viem/utils'
import { devAccount, privateKeyOf } from '../../src/index.ts'
import { eventually } from '../support.ts'
import type { InteropChain } from './interopChain.ts'
import type { Engine } from './programs.ts'

/** Transactions that users have sent, each in a block. */
export type Traffic = {
  readonly transfer: Hash
  readonly deployment: Hash
  readonly contract: Address
  readonly call: Hash
  readonly deposit: Hash
  /** The last of their blocks. */
  readonly lastBlock: bigint
}

/** Sends a transfer, deploys a contract and calls it on L2, and deposits through the portal on L1. */
export async function sendTraffic({ l1 }: InteropChain, engine: Engine): Promise<Traffic> {
  const account = privateKeyToAccount(bytesToHex(privateKeyOf(devAccount(0))))
  // Another one: a deposit takes a nonce of its sender on L2.
  const depositor = privateKeyToAccount(bytesToHex(privateKeyOf(devAccount(2))))
  const l1Public = createPublicClient({ transport: http(l1.anvil.url), pollingInterval: 200 })
  const l1Wallet = createWalletClient({ account: depositor, transport: http(l1.anvil.url) }).extend(walletActionsL1())
  const l2 = createPublicClient({ transport: http(engine.rpc) })
  const wallet = createWalletClient({ account, transport: http(engine.rpc) })
  // op-geth answers with an error, not with null, until its index of transactions is complete.
  const mined = (hash: Hash) =>
    eventually(`a receipt of ${hash}`, () => l2.getTransactionReceipt({ hash }).catch(() => null))
  const send = (tx: { to?: Address; value?: bigint; data?: `0x${string}`; gas: bigint }) =>
    wallet.sendTransaction({ chain: null, ...tx })

  const depositHash = await l1Wallet.depositTransaction({
    account: depositor,
    chain: null,
    portalAddress: l1.contracts.OptimismPortal,
    request: { gas: 100_000n, mint: parseEther('1'), to: devAccount(1).address, value: parseEther('1') },
  } as never)
  const transfer = await send({ to: devAccount(1).address, value: 1n, gas: 21_000n })
  const deployment = await send({ data: bytesToHex(counterInitCode()), gas: 200_000n })
  const contract = (await mined(deployment)).contractAddress as Address
  const call = await send({ to: contract, gas: 100_000n })
  const [deposit] = getL2TransactionHashes(await l1Public.waitForTransactionReceipt({ hash: depositHash }))
  const receipts = await Promise.all([transfer, call, deposit as Hash].map(mined))
  if (receipts.some(({ status }) => status !== 'success')) throw new Error('a transaction of the traffic has failed')
  const [lastBlock = 0n] = receipts.map(({ blockNumber }) => blockNumber).sort((a, b) => Number(b - a))
  return { transfer, deployment, contract, call, deposit: deposit as Hash, lastBlock }
}
