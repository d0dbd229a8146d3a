import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join, resolve } from 'node:path'
import { freePort } from '@keelson/service/node'
import { bytesToHex } from 'viem'
import { type L1Chain, privateKeyOf, roleAccount } from '../src/index.ts'
import { eventually, rpc } from './support.ts'

const BIN = resolve(import.meta.dirname, '../../keelson/src/bin.ts')

/** The sequencer's engine and rollup node as two processes of their own, as an operator runs them. */
export type SequencerProcesses = {
  readonly rpc: string
  readonly rollupRpc: string
  readonly multiaddr: string
  /** Starts both on the same folder and ports; resolves when both answer. */
  start(): Promise<void>
  /** Ends both at once, without any chance to clean up. */
  kill(): Promise<void>
}

/** Prepares `keelson engine` and `keelson node --sequencer.enabled` for a chain; `start` runs them. */
export async function sequencerProcesses(l1: L1Chain, folder: string): Promise<SequencerProcesses> {
  const [rpcPort, enginePort, rollupPort, p2pPort] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const running: ChildProcess[] = []
  const run = (name: string, args: readonly string[]) => {
    const child = spawn(process.execPath, [BIN, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: {} })
    const log = createWriteStream(join(folder, `${name}.log`), { flags: 'a' })
    child.stdout.pipe(log)
    child.stderr.pipe(log)
    running.push(child)
  }
  const engineUrl = `http://127.0.0.1:${rpcPort}`
  const rollupUrl = `http://127.0.0.1:${rollupPort}`
  const p2pKey = bytesToHex(privateKeyOf(roleAccount('challenger'))).slice(2)
  const signingKey = bytesToHex(privateKeyOf(roleAccount('sequencer'))).slice(2)
  let multiaddr = ''
  return {
    rpc: engineUrl,
    rollupRpc: rollupUrl,
    get multiaddr() {
      return multiaddr
    },
    async start() {
      run('engine', [
        ...['engine', '--genesis', l1.files.genesis, '--datadir', join(folder, 'engine')],
        ...['--authrpc.jwtsecret', join(folder, 'jwt.txt'), '--authrpc.port', String(enginePort)],
        ...['--http.port', String(rpcPort)],
      ])
      await eventually('the engine answers', () => rpc(engineUrl, 'eth_chainId').catch(() => null))
      run('node', [
        ...['node', '--rollup.config', l1.files.rollup, '--rollup.l1-chain-config', l1.files.l1],
        ...['--l1', l1.anvil.url, '--l1.beacon', l1.anvil.beaconUrl],
        ...['--l1.http-poll-interval', '250ms', '--l1.epoch-poll-interval', '1s'],
        ...['--l2', `http://127.0.0.1:${enginePort}`, '--l2.jwt-secret', join(folder, 'jwt.txt')],
        ...['--sequencer.enabled', '--sequencer.l1-confs', '0', '--p2p.sequencer.key', signingKey],
        ...['--rpc.addr', '127.0.0.1', '--rpc.port', String(rollupPort), '--rpc.enable-admin'],
        ...['--p2p.no-discovery', '--p2p.listen.ip', '127.0.0.1', '--p2p.listen.tcp', String(p2pPort)],
        ...['--p2p.priv.raw', p2pKey, '--p2p.peerstore.path', 'memory', '--p2p.discovery.path', 'memory'],
      ])
      const self = await eventually('the sequencer answers', () =>
        rpc<{ peerID: string }>(rollupUrl, 'opp2p_self').catch(() => null),
      )
      multiaddr = `/ip4/127.0.0.1/tcp/${p2pPort}/p2p/${self.peerID}`
    },
    async kill() {
      const alive = running.splice(0).filter((child) => child.exitCode === null && child.signalCode === null)
      const ended = alive.map((child) => new Promise((resolved) => child.once('exit', resolved)))
      for (const child of alive) child.kill('SIGKILL')
      await Promise.all(ended)
    },
  }
}
