import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startOpGeth } from '@keelson/execution/testing'
import { freePort } from '@keelson/service/node'
import { startExternalProcess } from '@keelson/service/testing'
import { bytesToHex } from 'viem'
import { privateKeyOf, roleAccount } from '../../src/index.ts'
import { rpc } from '../support.ts'
import type { InteropChain } from './interopChain.ts'

/** An execution engine, whoever wrote it: its public RPC and its Engine API. */
export type Engine = { readonly rpc: string; readonly engineApi: string }

/** A rollup node, whoever wrote it. */
export type RollupNode = {
  readonly rollupRpc: string
  /** With peer id. */
  readonly multiaddr: string
}

/** A rollup node with its engine. */
export type Replica = { readonly engine: Engine; readonly node: RollupNode }

/** Programs of others print what they log when `KEELSON_TEST_LOG` asks for any log. */
const onOutput = (text: string) => {
  if (process.env.KEELSON_TEST_LOG) process.stdout.write(text)
}

let made = 0
/** A folder of its own for each program. */
async function ownFolder({ folder }: InteropChain, name: string): Promise<string> {
  const path = join(folder, `${name}-${++made}`)
  await mkdir(path)
  return path
}

/** Starts op-geth on the chain's `genesis.json`. */
export async function opGeth(chain: InteropChain, binary: string): Promise<Engine> {
  const geth = await startOpGeth({
    binary,
    genesis: chain.l1.files.genesis,
    dataDir: await ownFolder(chain, 'op-geth'),
    jwtSecret: chain.jwtSecret,
  })
  chain.keep({ close: geth.stop })
  return geth
}

export type OpNodeOptions = {
  readonly engine: Engine
  readonly sequencer?: boolean
  /** Multiaddrs to stay connected to. */
  readonly peers?: readonly string[]
  /** Records of nodes to begin discovery with; absent: no discovery. */
  readonly bootnodes?: readonly string[]
  /** A beacon API with sidecars; absent: no blobs. */
  readonly beacon?: string
}

/** Starts op-node, as a verifier unless it is to sequence, with P2P on loopback. */
export async function opNode(chain: InteropChain, binary: string, options: OpNodeOptions): Promise<RollupNode> {
  const { l1 } = chain
  const folder = await ownFolder(chain, 'op-node')
  const [rpcPort, p2pPort] = await Promise.all([freePort(), freePort()])
  const rollupRpc = `http://127.0.0.1:${rpcPort}`
  const key = bytesToHex(privateKeyOf(roleAccount('sequencer'))).slice(2)
  const child = await startExternalProcess({
    binary,
    onOutput,
    args: [
      ...['--rollup.config', await rollupFile(chain, folder)],
      // Trusted, because anvil's transaction root is another one in blocks with blobs.
      ...['--l1', l1.anvil.url, '--l1.trustrpc', '--l1.http-poll-interval=250ms', '--l1.epoch-poll-interval=1s'],
      ...(options.beacon ? ['--l1.beacon', options.beacon] : ['--l1.beacon', l1.anvil.url, '--l1.beacon.ignore']),
      ...['--l2', options.engine.engineApi, '--l2.jwt-secret', join(chain.folder, 'jwt.txt')],
      ...(options.sequencer ? ['--sequencer.enabled', '--sequencer.l1-confs=0', '--p2p.sequencer.key', key] : []),
      ...['--rpc.addr=127.0.0.1', '--rpc.port', String(rpcPort), '--rpc.enable-admin'],
      ...['--p2p.listen.ip=127.0.0.1', '--p2p.listen.tcp', String(p2pPort)],
      ...(options.bootnodes
        ? [
            '--p2p.bootnodes',
            options.bootnodes.join(','),
            '--p2p.advertise.ip=127.0.0.1',
            '--p2p.netrestrict=127.0.0.0/8',
          ]
        : ['--p2p.no-discovery']),
      ...['--p2p.peerstore.path=memory', '--p2p.discovery.path=memory', '--p2p.priv.path', join(folder, 'p2p.txt')],
      ...(options.peers?.length ? ['--p2p.static', options.peers.join(',')] : []),
    ],
    ready: () => rpc(rollupRpc, 'optimism_version'),
  })
  chain.keep({ close: child.stop })
  const { peerID } = await rpc<{ peerID: string }>(rollupRpc, 'opp2p_self')
  return { rollupRpc, multiaddr: `/ip4/127.0.0.1/tcp/${p2pPort}/p2p/${peerID}` }
}

/** `rollup.json` without what came after Granite: op-node refuses fields that it does not know. */
async function rollupFile({ l1 }: InteropChain, folder: string): Promise<string> {
  const { chain_op_config: _, ...config } = JSON.parse(await readFile(l1.files.rollup, 'utf8'))
  const { batcherAddr, overhead, scalar, gasLimit } = config.genesis.system_config
  const path = join(folder, 'rollup.json')
  const genesis = { ...config.genesis, system_config: { batcherAddr, overhead, scalar, gasLimit } }
  await writeFile(path, JSON.stringify({ ...config, genesis }))
  return path
}

/** How op-batcher and op-proposer are paced on a devnet's L1. */
const PACE = [
  ...['--poll-interval=500ms', '--num-confirmations=1', '--resubmission-timeout=6s'],
  ...['--txmgr.receipt-query-interval=250ms', '--rpc.addr=127.0.0.1'],
]

export type OpBatcherOptions = Replica & { readonly extra?: readonly string[] }

/** Starts op-batcher with short channels, so that blocks become safe soon. */
export async function opBatcher(chain: InteropChain, binary: string, options: OpBatcherOptions): Promise<void> {
  const child = await startExternalProcess({
    binary,
    onOutput,
    args: [
      ...['--l1-eth-rpc', chain.l1.anvil.url, '--l2-eth-rpc', options.engine.rpc],
      ...['--rollup-rpc', options.node.rollupRpc, '--rpc.port', String(await freePort())],
      ...['--private-key', bytesToHex(privateKeyOf(roleAccount('batcher'))), '--max-channel-duration=2', ...PACE],
      ...(options.extra ?? []),
    ],
  })
  chain.keep({ close: child.stop })
}

/** Starts op-proposer for the chain's L2OutputOracle. */
export async function opProposer(chain: InteropChain, binary: string, node: RollupNode): Promise<void> {
  const child = await startExternalProcess({
    binary,
    onOutput,
    args: [
      ...['--l1-eth-rpc', chain.l1.anvil.url, '--rollup-rpc', node.rollupRpc, '--rpc.port', String(await freePort())],
      ...['--l2oo-address', chain.l1.contracts.L2OutputOracle],
      ...['--private-key', bytesToHex(privateKeyOf(roleAccount('proposer'))), ...PACE],
    ],
  })
  chain.keep({ close: child.stop })
}
