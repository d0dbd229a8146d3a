import type { Address, Hex } from 'viem'
import type { L1Deployments } from './contracts/deployL1.ts'

/** Where one L2 node answers. */
export type NodeEndpoints = {
  /** eth JSON-RPC of its execution engine over HTTP. */
  readonly rpc: string
  /** The same over WebSocket. */
  readonly ws: string
  /** `optimism_` and `admin_` methods. */
  readonly rollupRpc: string
  /** Engine API, HTTP with JWT. */
  readonly engineApi: string
  /** Prometheus metrics of the rollup node. */
  readonly metrics: string
  /** libp2p address with peer id. */
  readonly p2p: string | null
}

/** All that a program needs to use a running devnet; stands in `devnet.json` of the data folder. Keys are public. */
export type DevnetInfo = {
  readonly l1ChainId: number
  readonly l2ChainId: number
  readonly l1: { readonly rpc: string; readonly beacon: string }
  readonly sequencer: NodeEndpoints
  readonly verifier: NodeEndpoints
  readonly explorer: string | null
  readonly contracts: L1Deployments
  readonly accounts: readonly { readonly address: Address; readonly privateKey: Hex }[]
  readonly dataDir: string
}

/** How far the chain is, as the face shows it. */
export type DevnetHeads = {
  readonly l1: bigint
  readonly sequencer: { readonly unsafe: bigint; readonly safe: bigint; readonly finalized: bigint }
  readonly verifier: { readonly unsafe: bigint; readonly safe: bigint; readonly finalized: bigint }
}

/** What is printed once, when everything runs. */
export function banner(info: DevnetInfo): string {
  const node = (name: string, at: NodeEndpoints) => [
    `${name}`,
    `  eth RPC     ${at.rpc}   ${at.ws}`,
    `  rollup RPC  ${at.rollupRpc}`,
    `  engine API  ${at.engineApi}`,
    `  metrics     ${at.metrics}`,
    ...(at.p2p ? [`  p2p         ${at.p2p}`] : []),
  ]
  const contracts = Object.entries(info.contracts)
  const width = Math.max(...contracts.map(([name]) => name.length))
  return [
    `L1 (chain ${info.l1ChainId})   RPC and beacon API  ${info.l1.rpc}`,
    `L2 (chain ${info.l2ChainId})`,
    ...node('sequencer', info.sequencer),
    ...node('verifier', info.verifier),
    ...(info.explorer ? [`explorer      ${info.explorer}`] : []),
    '',
    'L1 contracts',
    ...contracts.map(([name, address]) => `  ${name.padEnd(width)}  ${address}`),
    '',
    'Dev accounts, funded on L1 and L2 (public keys of the test mnemonic: never put value on them)',
    ...info.accounts.map(({ address, privateKey }) => `  ${address}  ${privateKey}`),
    '',
    `Files (rollup.json, genesis.json, devnet.json): ${info.dataDir}`,
    'Ctrl-C stops everything.',
    '',
  ].join('\n')
}

/** The live line: L1 head; unsafe, safe and finalized of each node; blocks that wait for the batcher. */
export function statusLine({ l1, sequencer, verifier }: DevnetHeads): string {
  const heads = (of: DevnetHeads['verifier']) => `${of.unsafe}/${of.safe}/${of.finalized}`
  const pending = sequencer.unsafe - verifier.safe
  return `L1 ${l1} · sequencer ${heads(sequencer)} · verifier ${heads(verifier)} (unsafe/safe/finalized) · ${pending} blocks not yet safe`
}
