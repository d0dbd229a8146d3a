import { describe, expect, expectTypeOf, it } from 'vitest'
import { flag } from './flag.ts'
import { flagHelp, flagReference } from './flagHelp.ts'
import { defineFlags, FlagError, parseFlags, shownFlagValues } from './flags.ts'

const sequencer = defineFlags('sequencer', {
  enabled: flag.boolean({ default: false, help: 'Builds blocks.' }),
  l1Confs: flag.integer({ default: 4, min: 0, unit: 'L1 blocks', help: 'Distance to the L1 head.' }),
})
const others = defineFlags('', {
  l1: flag.url({ required: true, env: 'L1_ETH_RPC', default: 'http://127.0.0.1:8545', help: 'L1 RPC.' }),
  staticPeers: flag.list({ name: 'p2p.static', env: 'P2P_STATIC', default: [], help: 'Peers.' }),
  pollInterval: flag.duration({ default: 12_000, help: 'Poll interval.' }),
  syncmode: flag.enum({ values: ['consensus-layer', 'execution-layer'], default: 'consensus-layer', help: 'Mode.' }),
  key: flag.string({ name: 'p2p.sequencer.key', secret: true, help: 'Gossip key.' }),
  jovian: flag.uint64({ name: 'override.jovian', help: 'Jovian time.' }),
  threshold: flag.float({ name: 'p2p.ban.threshold', default: -100, help: 'Threshold.' }),
})
const defs = { sequencer, ...others }
const parse = (argv: string[], env: Record<string, string> = {}) =>
  parseFlags({ defs, argv, env, envPrefix: 'OP_NODE' })
const L1 = '--l1=http://localhost:1'

describe('parseFlags', () => {
  it('takes --x v, --x=v and -x v, and gives defaults', () => {
    const { values, set, rest } = parse([
      'run',
      '--l1',
      'http://a',
      '-sequencer.l1-confs',
      '7',
      '--poll-interval=1h30m',
    ])
    expect(values.l1).toBe('http://a')
    expect(values.sequencer).toEqual({ enabled: false, l1Confs: 7 })
    expect(values.pollInterval).toBe(5_400_000)
    expect(values.jovian).toBeUndefined()
    expect([...set].sort()).toEqual(['l1', 'poll-interval', 'sequencer.l1-confs'])
    expect(rest).toEqual(['run'])
    expectTypeOf(values.sequencer.l1Confs).toEqualTypeOf<number>()
    expectTypeOf(values.jovian).toEqualTypeOf<bigint | undefined>()
    expectTypeOf(values.syncmode).toEqualTypeOf<'consensus-layer' | 'execution-layer'>()
  })

  it('lets a boolean stand alone and be switched off', () => {
    expect(parse([L1, '--sequencer.enabled']).values.sequencer.enabled).toBe(true)
    expect(parse([L1, '--sequencer.enabled=false']).values.sequencer.enabled).toBe(false)
  })

  it('reads the environment, which a flag overrides', () => {
    const env = { OP_NODE_L1_ETH_RPC: 'http://env', OP_NODE_SEQUENCER_L1_CONFS: '9', OP_NODE_SEQUENCER_ENABLED: 'true' }
    expect(parse([], env).values.l1).toBe('http://env')
    expect(parse([], env).values.sequencer).toEqual({ enabled: true, l1Confs: 9 })
    expect(parse(['--sequencer.l1-confs=2'], env).values.sequencer.l1Confs).toBe(2)
  })

  it('joins repeated and comma-separated lists', () => {
    expect(parse([L1, '--p2p.static', 'a,b', '--p2p.static=c']).values.staticPeers).toEqual(['a', 'b', 'c'])
  })

  it('asks for required flags although they have a default', () => {
    expect(() => parse([])).toThrow('flag l1 is required')
    expect(parse(['--help']).help).toBe(true)
  })

  it('refuses unknown flags, missing values and bad values, saying where', () => {
    expect(() => parse([L1, '--sequencer.l1-conf=2'])).toThrow('flag provided but not defined: -sequencer.l1-conf')
    expect(() => parse([L1, '--sequencer.l1-confs'])).toThrow('flag needs an argument: --sequencer.l1-confs')
    expect(() => parse([L1, '--sequencer.l1-confs=-1'])).toThrow('must be at least 0')
    expect(() => parse([L1], { OP_NODE_SYNCMODE: 'fast' })).toThrow(
      'invalid value "fast" for environment variable OP_NODE_SYNCMODE: must be one of consensus-layer, execution-layer',
    )
    expect(() => parse([L1, '--poll-interval=12'])).toThrow(FlagError)
  })

  it('names unknown variables with the prefix', () => {
    expect(parse([L1], { OP_NODE_L1_ETH_RCP: 'x', HOME: '/' }).unknownEnv).toEqual(['OP_NODE_L1_ETH_RCP'])
  })

  it('takes negative numbers as values', () => {
    expect(parse([L1, '--p2p.ban.threshold', '-40.5']).values.threshold).toBe(-40.5)
  })

  it('counts zero as set', () => {
    const { values, set } = parse([L1, '--override.jovian=0'])
    expect([values.jovian, set.has('override.jovian')]).toEqual([0n, true])
  })
})

it('never shows a secret', () => {
  const { values } = parse(['--l1=https://user:pass@host/v3?key=abc', '--p2p.sequencer.key=deadbeef'])
  const shown = shownFlagValues(defs, values)
  expect(shown['p2p.sequencer.key']).toBe('***')
  expect(shown.l1).toBe('https://host/…')
  const secret = defineFlags('', { key: flag.integer({ secret: true, help: 'k' }) })
  expect(() => parseFlags({ defs: secret, argv: ['--key=zzsecret'] })).toThrow(
    /^invalid value for flag --key: is not a whole number$/,
  )
})

it('prints help and reference from the same rows', () => {
  const help = flagHelp(defs, { command: 'keelson node', envPrefix: 'OP_NODE' })
  expect(help).toContain('--sequencer.l1-confs <integer>')
  expect(help).toContain('[unit: L1 blocks; default: 4; $OP_NODE_SEQUENCER_L1_CONFS]')
  expect(help).toContain('default: 12s')
  expect(flagReference(defs, 'OP_NODE')).toContain('| `--l1` | `OP_NODE_L1_ETH_RPC` | url | required | L1 RPC. |')
})
