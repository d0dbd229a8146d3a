import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { devGenesis } from '@keelson/execution/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CommandIo } from '../command.ts'
import { engineCommand } from './engine.ts'

describe('keelson engine', () => {
  let folder: string
  let genesis: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keelson-command-'))
    genesis = join(folder, 'genesis.json')
    writeFileSync(genesis, JSON.stringify(devGenesis()))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const ioOf = (env: Record<string, string> = {}) => {
    const stop = new AbortController()
    const output: string[] = []
    const served = Promise.withResolvers<string>()
    const write = (text: string) => {
      output.push(text)
      const url = /JSON-RPC served.*url=(\S+)/.exec(text)?.[1]
      if (url) served.resolve(url)
    }
    const io: CommandIo = { stdout: { write }, stderr: { write }, stdin: empty(), env, signal: stop.signal }
    return { io, stop, output, served: served.promise }
  }
  const argv = (...more: string[]) => [
    ...['--genesis', genesis, '--datadir', join(folder, 'data'), '--authrpc.jwtsecret', join(folder, 'jwt.hex')],
    ...['--authrpc.port', '0', '--http.port', '0', ...more],
  ]

  it('serves until it is stopped, makes the secret, keeps the chain in its folder', async () => {
    const { io, stop, served } = ioOf()
    const running = engineCommand.run(argv(), io)
    const response = await fetch(await served, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] }),
    })
    expect(await response.json()).toMatchObject({ result: '0x385' })
    expect(statSync(join(folder, 'jwt.hex')).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'data', 'chain.mdb')).size).toBeGreaterThan(0)
    stop.abort()
    expect(await running).toBe(0)
  })

  it('takes its flags from the environment too, and shows them with --help', async () => {
    const { io, output } = ioOf()
    expect(await engineCommand.run(['--help'], io)).toBe(0)
    const help = output.join('')
    for (const text of ['--genesis', '--authrpc.port, --engine.port', '--history', '$KEELSON_ENGINE_HTTP_PORT']) {
      expect(help).toContain(text)
    }
    const other = ioOf({ KEELSON_ENGINE_GENESIS: join(folder, 'absent.json') })
    await expect(engineCommand.run(['--authrpc.jwtsecret', join(folder, 'jwt.hex')], other.io)).rejects.toThrow(
      /cannot read genesis .*absent\.json/,
    )
  })

  it('says which port is taken and which flag changes it', async () => {
    const taken = createServer()
    const port = await listen(taken)
    try {
      await expect(engineCommand.run([...argv(), '--http.port', String(port)], ioOf().io)).rejects.toThrow(
        `port ${port} is already in use; choose another with --http.port`,
      )
    } finally {
      taken.close()
    }
  })

  it('refuses a genesis that is no JSON, or has a field that cannot be', async () => {
    writeFileSync(genesis, '{')
    await expect(engineCommand.run(argv(), ioOf().io)).rejects.toThrow(/is no JSON/)
    writeFileSync(genesis, JSON.stringify({ ...devGenesis(), gasLimit: 'much' }))
    await expect(engineCommand.run(argv(), ioOf().io)).rejects.toThrow(/gasLimit is no number/)
  })
})

async function* empty(): AsyncGenerator<string> {}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}
