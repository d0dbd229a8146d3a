/// <reference types="node" />
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askOver, clientOver, type MakeEngine } from './engineUnderTest.ts'

/** How long a foreign engine may take to answer for the first time. */
const START_TIMEOUT_MS = 60_000

/** Binaries of other engines that the environment names, with what starts each. */
export function externalEngines(): { readonly name: string; readonly make: MakeEngine }[] {
  const { OP_GETH_BIN, OP_RETH_BIN } = process.env
  return [
    ...(OP_GETH_BIN ? [{ name: 'op-geth', make: makeExternal(OP_GETH_BIN, gethArguments) }] : []),
    ...(OP_RETH_BIN ? [{ name: 'op-reth', make: makeExternal(OP_RETH_BIN, rethArguments) }] : []),
  ]
}

type Setting = {
  readonly folder: string
  readonly genesis: string
  readonly jwt: string
  readonly authPort: number
  readonly httpPort: number
}
type Arguments = { readonly init: string[] | null; readonly run: string[] }

const gethArguments = ({ folder, genesis, jwt, authPort, httpPort }: Setting): Arguments => ({
  init: ['init', '--datadir', folder, '--state.scheme=hash', genesis],
  run: [
    ...['--datadir', folder, '--nodiscover', '--maxpeers=0', '--syncmode=full', '--gcmode=archive'],
    ...['--authrpc.port', String(authPort), '--authrpc.jwtsecret', jwt, '--rollup.disabletxpoolgossip=true'],
    ...['--http', '--http.port', String(httpPort), '--http.api=eth,net,web3,txpool,debug,miner'],
    ...['--port=0', '--ipcdisable'],
  ],
})

const rethArguments = ({ folder, genesis, jwt, authPort, httpPort }: Setting): Arguments => ({
  init: null,
  run: [
    ...['node', '--chain', genesis, '--datadir', folder, '--disable-discovery', '--ipcdisable', '--port=0'],
    ...['--authrpc.port', String(authPort), '--authrpc.jwtsecret', jwt],
    ...['--http', '--http.port', String(httpPort), '--http.api=eth,net,web3,txpool,debug,miner'],
  ],
})

function makeExternal(binary: string, argumentsOf: (setting: Setting) => Arguments): MakeEngine {
  return async (genesis, fork) => {
    const folder = mkdtempSync(join(tmpdir(), 'keelson-external-'))
    const setting: Setting = {
      folder,
      genesis: join(folder, 'genesis.json'),
      jwt: join(folder, 'jwt.hex'),
      authPort: await freePort(),
      httpPort: await freePort(),
    }
    const secret = new Uint8Array(32).fill(9)
    writeFileSync(setting.genesis, JSON.stringify(genesis))
    writeFileSync(setting.jwt, Buffer.from(secret).toString('hex'))
    const { init, run } = argumentsOf(setting)
    if (init) {
      const made = spawnSync(binary, init, { encoding: 'utf8' })
      if (made.status !== 0) throw new Error(`${binary} init failed: ${made.stderr}`)
    }
    const child = spawn(binary, run, { stdio: 'ignore' })
    const auth = askOver(`http://127.0.0.1:${setting.authPort}`, secret)
    const rpc = askOver(`http://127.0.0.1:${setting.httpPort}`)
    await untilItAnswers(() => rpc('eth_chainId', []), child)
    return {
      client: clientOver(auth, fork),
      auth,
      rpc,
      close: async () => {
        const gone = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGTERM')
        await gone
        rmSync(folder, { recursive: true, force: true })
      },
    }
  }
}

async function untilItAnswers(ask: () => Promise<unknown>, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS
  for (;;) {
    try {
      await ask()
      return
    } catch (error) {
      if (child.exitCode !== null) throw new Error(`the engine stopped with ${child.exitCode}`, { cause: error })
      if (performance.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
