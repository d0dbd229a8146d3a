/**
 * Talks to a running devnet with nothing but viem: reads, sends, deploys, traces, deposits.
 *
 *   npm start                          # in one terminal
 *   npm run example:viem               # in another
 *
 * The devnet leaves its endpoints, addresses and keys in `devnet.json` in its data folder.
 */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { DevnetInfo } from '@keelson/devnet'
import { createPublicClient, createWalletClient, defineChain, formatEther, http, parseEther, webSocket } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { chainConfig, getL2TransactionHashes, publicActionsL1, publicActionsL2, walletActionsL1 } from 'viem/op-stack'

/** What one run saw; the test of this example asserts on it. */
export type ExampleResult = {
  l1Block: bigint
  l2Block: bigint
  transferStatus: string
  transferFeeWei: bigint
  depositStatus: string
  mintedWei: bigint
  subscribedBlock: bigint
}

/** Runs the example against the devnet that `info` describes, printing each step through `print`. */
export async function runExample(info: DevnetInfo, print: (line: string) => void): Promise<ExampleResult> {
  const l1Chain = defineChain({
    id: Number(info.l1ChainId),
    name: 'Keelson devnet L1',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [info.l1.rpc] } },
  })
  const l2Chain = defineChain({
    ...chainConfig,
    id: Number(info.l2ChainId),
    name: 'Keelson devnet L2',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [info.sequencer.rpc], webSocket: [info.sequencer.ws] } },
    sourceId: l1Chain.id,
    contracts: { ...chainConfig.contracts, portal: { [l1Chain.id]: { address: info.contracts.OptimismPortal } } },
  })
  const account = privateKeyToAccount(info.accounts[0]!.privateKey)
  const receiver = info.accounts[1]!.address
  const l1 = createPublicClient({ chain: l1Chain, transport: http(), pollingInterval: 250 }).extend(publicActionsL1())
  const l2 = createPublicClient({ chain: l2Chain, transport: http(), pollingInterval: 250 }).extend(publicActionsL2())
  const l1Wallet = createWalletClient({ account, chain: l1Chain, transport: http() }).extend(walletActionsL1())
  const l2Wallet = createWalletClient({ account, chain: l2Chain, transport: http() })

  const [l1Block, l2Block] = await Promise.all([l1.getBlockNumber(), l2.getBlockNumber()])
  print(`L1 is at block ${l1Block}, L2 at block ${l2Block}`)

  const hash = await l2Wallet.sendTransaction({ to: receiver, value: parseEther('0.01') })
  const transfer = await l2.waitForTransactionReceipt({ hash })
  const fee = transfer.gasUsed * transfer.effectiveGasPrice + (transfer.l1Fee ?? 0n)
  print(`sent 0.01 ETH on L2: ${transfer.status} in block ${transfer.blockNumber}, fee ${formatEther(fee)} ETH`)

  const before = await l2.getBalance({ address: receiver })
  const deposit = await l2.buildDepositTransaction({ mint: parseEther('1'), to: receiver })
  const depositHash = await l1Wallet.depositTransaction(deposit)
  const l1Receipt = await l1.waitForTransactionReceipt({ hash: depositHash })
  const [l2Hash] = getL2TransactionHashes(l1Receipt)
  print(`deposited 1 ETH in L1 block ${l1Receipt.blockNumber}; its L2 transaction is ${l2Hash}`)
  const arrived = await l2.waitForTransactionReceipt({ hash: l2Hash!, timeout: 60_000 })
  const minted = (await l2.getBalance({ address: receiver })) - before
  print(`deposit ${arrived.status} in L2 block ${arrived.blockNumber}: ${formatEther(minted)} ETH arrived`)

  const socket = createPublicClient({ chain: l2Chain, transport: webSocket(info.sequencer.ws) })
  const subscribedBlock = await new Promise<bigint>((resolve, reject) => {
    const stop = socket.watchBlocks({
      onBlock: (block) => {
        stop()
        resolve(block.number)
      },
      onError: reject,
    })
  })
  await socket.transport.getRpcClient().then((client) => client.close())
  print(`saw block ${subscribedBlock} over WebSocket`)
  return {
    l1Block,
    l2Block,
    transferStatus: transfer.status,
    transferFeeWei: fee,
    depositStatus: arrived.status,
    mintedWei: minted,
    subscribedBlock,
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const path = process.argv[2] ?? '.keelson/devnet/devnet.json'
  await runExample(JSON.parse(readFileSync(path, 'utf8')) as DevnetInfo, console.log)
  process.exit(0)
}
