import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { startL1Chain } from '@keelson/devnet'
import { createRpcClient, listFlags } from '@keelson/service'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMANDS, runCli } from '../src/cli.ts'
import { keelson, runKeelson } from './keelsonProcess.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keelson-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs a command in this process, as `bin.ts` does. */
async function inProcess(args: readonly string[]): Promise<{ code: number; output: string }> {
  let output = ''
  const write = (text: string) => {
    output += text
  }
  const io = { stdout: { write }, stderr: { write }, stdin: Readable.from([]), env: {}, signal: AbortSignal.abort() }
  const code = await runCli(args, io).catch((error: Error) => {
    write(error.message)
    return 1
  })
  return { code, output }
}

const commands = Object.entries(COMMANDS)

describe('every command', () => {
  it.each(commands)('%s tells its flags with their environment names, and its version', async (name, { load }) => {
    const help = await inProcess([name, '--help'])
    expect(help.code).toBe(0)
    const { flags, envPrefix } = await load()
    const shown = listFlags(flags).filter((def) => !def.hidden)
    expect(shown.length).toBeGreaterThan(5)
    for (const def of shown) expect(help.output).toMatch(new RegExp(`^  --${def.name.replaceAll('.', '\\.')}\\b`, 'm'))
    expect(help.output.match(new RegExp(`\\$${envPrefix}_`, 'g'))?.length).toBeGreaterThanOrEqual(shown.length)
    const version = await inProcess([name, '--version'])
    expect(version.output).toMatch(new RegExp(`^keelson ${name} .*\\d+\\.\\d+\\.\\d+`))
    expect(version.code).toBe(0)
  })

  it.each(commands)('%s refuses a flag that it does not know', async (name) => {
    const { code, output } = await inProcess([name, '--no-such-flag'])
    expect(output).toMatch(/flag provided but not defined: -no-such-flag/)
    expect(code).toBe(1)
  })

  it('listens on loopback unless told', async () => {
    const listening = await Promise.all(
      commands.map(async ([name, { load }]) =>
        listFlags((await load()).flags)
          .filter((def) => /\.addr$/.test(def.name) && !def.hidden)
          .map((def) => [name, def.name, def.default]),
      ),
    )
    expect(listening.flat().filter(([, , address]) => address !== '127.0.0.1')).toEqual([])
    expect(listening.flat().length).toBeGreaterThanOrEqual(10)
  })

  it('has a help that ends well', async () => {
    expect(await keelson(['engine', '--help'])).toEqual({
      code: 0,
      output: expect.stringContaining('$KEELSON_ENGINE_'),
    })
    expect(await keelson(['--help'])).toEqual({ code: 0, output: expect.stringContaining('Usage: keelson <command>') })
  })

  it('is named when there is none of that name', async () => {
    const { code, output } = await keelson(['batch'])
    expect(output).toMatch(/no command "batch"; one of devnet, node, engine/)
    expect(code).toBe(1)
  })

  it('takes its flags from the environment too', async () => {
    const { code, output } = await keelson(['node'], {
      OP_NODE_ROLLUP_CONFIG: '/nowhere.json',
      OP_NODE_L1_ETH_RPC: 'ftp://x',
    })
    expect(output).toMatch(/environment variable OP_NODE_L1_ETH_RPC: is not an http/)
    expect(code).toBe(1)
  })
})

describe('keelson genesis', () => {
  it('makes a chain of an L1 and its contracts, whose genesis hash is the one the engine reports', async () => {
    const l1 = await startL1Chain({
      l1ChainId: 900n,
      l2ChainId: 901n,
      l2BlockTime: 2n,
      l1BlockTimeSeconds: 4,
      l1Port: 0,
      seqWindowSize: 3600n,
      channelTimeout: 300n,
      maxSequencerDrift: 600n,
      batchInbox: '0xff00000000000000000000000000000000000901',
      forks: new Map(),
      dataDir: join(folder, 'devnet'),
    })
    try {
      const deployments = join(folder, 'deployments.json')
      await writeFile(deployments, JSON.stringify(l1.contracts))
      const outdir = join(folder, 'out')
      const made = await keelson([
        ...['genesis', '--l1', l1.anvil.url, '--l1.deployments', deployments, '--outdir', outdir],
        ...['--l2.chain-id', '4242', '--l2.block-time', '1', '--fork', 'karst=never'],
      ])
      expect(made.code, made.output).toBe(0)
      const hash = /L2 genesis (0x[0-9a-f]{64})/.exec(made.output)?.[1]
      const rollup = JSON.parse(await readFile(join(outdir, 'rollup.json'), 'utf8'))
      expect(rollup).toMatchObject({ l2_chain_id: 4242, l1_chain_id: 900, block_time: 1, genesis: { l2: { hash } } })

      const engine = runKeelson([
        ...['engine', '--genesis', join(outdir, 'genesis.json'), '--authrpc.jwtsecret', join(folder, 'jwt.txt')],
        ...['--authrpc.port', '0', '--http.port', '0'],
      ])
      try {
        const [, url] = await engine.printed(/JSON-RPC served.*? url=(\S+)/)
        const rpc = createRpcClient({ url: url as string })
        expect(await rpc.request('eth_getBlockByNumber', ['0x0', false])).toMatchObject({ hash })
        expect(await rpc.request('eth_chainId')).toBe('0x1092')
      } finally {
        await engine.stop()
      }
    } finally {
      await l1.anvil.close()
    }
  })
})
