import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeChain } from '@keelson/engine/testing'
import { rollupConfigToJson } from '@keelson/protocol'
import { createLogger } from '@keelson/service'
import { envNames, listFlags, parseFlags } from '@keelson/service/node'
import { describe, expect, it, onTestFinished } from 'vitest'
import { NODE_ENV_PREFIX, nodeFlags } from './nodeFlags.ts'
import { loadRollupConfig, nodeFromFlags } from './nodeFromFlags.ts'

const log = createLogger({ write: () => {} })
const required = ['--l1', 'http://127.0.0.1:1', '--l2', 'http://127.0.0.1:2', '--l2.jwt-secret', 'jwt.txt']
const parse = (...argv: string[]) =>
  parseFlags({ defs: nodeFlags, argv: [...required, ...argv], env: {}, envPrefix: NODE_ENV_PREFIX }).values

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'keelson-flags-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

describe('flags', () => {
  it('have op-node’s environment names, also where those do not follow from the flag', () => {
    const env = Object.fromEntries(listFlags(nodeFlags).map((def) => [def.name, envNames(def, NODE_ENV_PREFIX)[0]]))
    expect(env).toMatchObject({
      l1: 'OP_NODE_L1_ETH_RPC',
      'l1.trustrpc': 'OP_NODE_L1_TRUST_RPC',
      'l1.rpckind': 'OP_NODE_L1_RPC_KIND',
      'l1.http-poll-interval': 'OP_NODE_L1_HTTP_POLL_INTERVAL',
      'l1.beacon': 'OP_NODE_L1_BEACON',
      l2: 'OP_NODE_L2_ENGINE_RPC',
      'l2.jwt-secret': 'OP_NODE_L2_ENGINE_AUTH',
      'l2.enginekind': 'OP_NODE_L2_ENGINE_KIND',
      'rollup.config': 'OP_NODE_ROLLUP_CONFIG',
      'sequencer.l1-confs': 'OP_NODE_SEQUENCER_L1_CONFS',
      'verifier.l1-confs': 'OP_NODE_VERIFIER_L1_CONFS',
      'rpc.enable-admin': 'OP_NODE_RPC_ENABLE_ADMIN',
      'safedb.path': 'OP_NODE_SAFEDB_PATH',
      'p2p.sequencer.key': 'OP_NODE_P2P_SEQUENCER_KEY',
      'conductor.rpc-timeout': 'OP_NODE_CONDUCTOR_RPC_TIMEOUT',
    })
    expect(new Set(Object.keys(env)).size).toBe(listFlags(nodeFlags).length)
  })

  it('have op-node’s defaults', () => {
    const values = parse()
    expect(values.sequencer).toMatchObject({ enabled: false, l1Confs: 4n, maxSafeLag: 0n, sealingDuration: 50 })
    expect(values.l1).toMatchObject({ httpPollInterval: 12_000, epochPollInterval: 384_000, maxConcurrency: 10 })
    expect(values.other).toMatchObject({ rpcPort: 9545, verifierL1Confs: 0n, conductorRpcTimeout: 1000 })
  })
})

describe('the rollup config', () => {
  it('comes from a preset or a file, with overrides on top', async () => {
    expect((await loadRollupConfig(parse('--network', 'OP-Sepolia'), log)).l2ChainId).toBe(11155420n)
    const path = join(await folder(), 'rollup.json')
    const { config } = fakeChain()
    await writeFile(path, JSON.stringify(rollupConfigToJson(config)))
    const overridden = await loadRollupConfig(parse('--rollup.config', path, '--override.holocene', '1700000100'), log)
    expect(overridden.forks).toEqual({ ...config.forks, holocene: 1_700_000_100n })
  })

  it('names file, path and rule of what is wrong', async () => {
    const path = join(await folder(), 'rollup.json')
    const load = () => loadRollupConfig(parse('--rollup.config', path), log)
    await expect(load()).rejects.toThrow(`--rollup.config ${path}`)
    await writeFile(path, '{')
    await expect(load()).rejects.toThrow('is not JSON')
    const json = rollupConfigToJson(fakeChain().config)
    await writeFile(path, JSON.stringify({ ...json, block_time: 0 }))
    await expect(load()).rejects.toThrow(/block_time.*must not be 0/)
    await writeFile(path, JSON.stringify({ ...json, genesis: {} }))
    await expect(load()).rejects.toThrow('$.genesis')
    await expect(loadRollupConfig(parse('--network', 'nowhere'), log)).rejects.toThrow('--network nowhere is unknown')
    await expect(loadRollupConfig(parse(), log)).rejects.toThrow('neither --network nor --rollup.config')
  })
})

describe('flags that do not go together', () => {
  const cases: [string, string[]][] = [
    ['--l1.beacon is needed', ['--network', 'op-sepolia']],
    [
      '--conductor.enabled needs --sequencer.enabled',
      ['--network', 'op-sepolia', '--l1.beacon.ignore', '--conductor.enabled'],
    ],
    [
      '--syncmode.req-resp cannot be on',
      ['--network', 'op-sepolia', '--l1.beacon.ignore', '--syncmode.req-resp', '--p2p.sync.req-resp=false'],
    ],
    ['only Ethereum data availability', ['--network', 'op-sepolia', '--l1.beacon.ignore', '--altda.enabled']],
  ]
  for (const [message, argv] of cases) {
    it(`are refused: ${message}`, async () => {
      await expect(nodeFromFlags(parse(...argv), log, 'test')).rejects.toThrow(message)
    })
  }
})
