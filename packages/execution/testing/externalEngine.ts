/// <reference types="node" />
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FORKS, type Fork } from '@keelson/protocol'
import { freePort } from '@keelson/service/node'
import { startExternalProcess } from '@keelson/service/testing'
import type { GenesisJson } from '../src/genesis/genesisJson.ts'
import { devGenesis } from './devChain.ts'
import { askOver, clientOver, type MakeEngine } from './engineUnderTest.ts'

/** An engine of others, as a contract suite runs on it. */
export type ExternalEngineUnderTest = {
  readonly name: string
  readonly make: MakeEngine
  /** The newest fork that this binary knows. */
  readonly newestFork: Fork
}

/** Engines whose binaries the environment names. */
export function externalEngines(): ExternalEngineUnderTest[] {
  const { OP_GETH_BIN, OP_RETH_BIN } = process.env
  return [
    ...(OP_GETH_BIN
      ? [{ name: 'op-geth', make: makeWith(startOpGeth, OP_GETH_BIN), newestFork: newestForkOfGeth(OP_GETH_BIN) }]
      : []),
    ...(OP_RETH_BIN
      ? [{ name: 'op-reth', make: makeWith(startOpReth, OP_RETH_BIN), newestFork: FORKS.at(-1) as Fork }]
      : []),
  ]
}

/** A started engine of others on loopback. */
export type ExternalEngine = { readonly rpc: string; readonly engineApi: string; stop(): Promise<void> }

export type ExternalEngineOptions = {
  readonly binary: string
  /** Of `genesis.json`. */
  readonly genesis: string
  readonly dataDir: string
  readonly jwtSecret: Uint8Array
}

/** Starts op-geth on a new chain, without peers. */
export async function startOpGeth(options: ExternalEngineOptions): Promise<ExternalEngine> {
  const { binary, genesis, dataDir } = options
  run(binary, ['init', '--datadir', dataDir, '--state.scheme=hash', genesis])
  return startEngine(options, [
    ...['--datadir', dataDir, '--nodiscover', '--maxpeers=0', '--nat=none', '--port=0', '--ipcdisable'],
    ...['--syncmode=full', '--gcmode=archive', '--cache=64', '--rollup.disabletxpoolgossip=true'],
  ])
}

/** Starts op-reth on a new chain, without peers. */
export async function startOpReth(options: ExternalEngineOptions): Promise<ExternalEngine> {
  const { genesis, dataDir } = options
  return startEngine(options, [
    ...['node', '--chain', genesis, '--datadir', dataDir, '--disable-discovery', '--port=0', '--ipcdisable'],
  ])
}

async function startEngine(options: ExternalEngineOptions, args: readonly string[]): Promise<ExternalEngine> {
  const { binary, dataDir, jwtSecret } = options
  const jwt = join(dataDir, 'jwt.hex')
  writeFileSync(jwt, Buffer.from(jwtSecret).toString('hex'))
  const [authPort, httpPort] = await Promise.all([freePort(), freePort()])
  const rpc = `http://127.0.0.1:${httpPort}`
  const child = await startExternalProcess({
    binary,
    args: [
      ...args,
      ...['--authrpc.addr=127.0.0.1', '--authrpc.port', String(authPort), '--authrpc.jwtsecret', jwt],
      ...['--http', '--http.addr=127.0.0.1', '--http.port', String(httpPort)],
      '--http.api=eth,net,web3,txpool,debug,miner',
    ],
    ready: () => askOver(rpc)('eth_chainId', []),
  })
  return { rpc, engineApi: `http://127.0.0.1:${authPort}`, stop: child.stop }
}

function makeWith(start: (options: ExternalEngineOptions) => Promise<ExternalEngine>, binary: string): MakeEngine {
  return async (genesis, fork) => {
    const { folder, path } = writeGenesis(genesis)
    const jwtSecret = new Uint8Array(32).fill(9)
    const engine = await start({ binary, genesis: path, dataDir: folder, jwtSecret })
    const auth = askOver(engine.engineApi, jwtSecret)
    return {
      client: clientOver(auth, fork),
      auth,
      rpc: askOver(engine.rpc),
      close: async () => {
        await engine.stop()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  }
}

/** Gives a chain with all forks to the binary and asks which of them it has kept. */
function newestForkOfGeth(binary: string): Fork {
  const newest = FORKS.at(-1) as Fork
  const { folder, path } = writeGenesis(devGenesis({ fork: newest }))
  try {
    run(binary, ['init', '--datadir', folder, '--state.scheme=hash', path])
    const { config } = JSON.parse(run(binary, ['dumpgenesis', '--datadir', folder])) as GenesisJson
    return FORKS.findLast((fork) => config && `${fork}Time` in config) ?? 'bedrock'
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function writeGenesis(genesis: GenesisJson): { readonly folder: string; readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-external-'))
  const path = join(folder, 'genesis.json')
  writeFileSync(path, JSON.stringify(genesis))
  return { folder, path }
}

function run(binary: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(binary, args, { encoding: 'utf8', env: {}, maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${binary} ${args[0]} failed: ${stderr}`)
  return stdout
}
