import { describe, expect, it } from 'vitest'
import { forksUpTo, testHash, testRollupConfig } from '../testing/index.ts'
import { chainPreset } from './chainPreset.ts'
import { CodedError } from './errors.ts'
import { FORKS, type TimedFork } from './forks.ts'
import { ZERO_ADDRESS, ZERO_HASH } from './primitives.ts'
import type { RollupConfig } from './rollupConfig.ts'
import { checkRollupConfig, RollupConfigError } from './rollupConfigCheck.ts'
import { rollupConfigFromJson, rollupConfigToJson } from './rollupConfigJson.ts'

const config = testRollupConfig()
type Document = Record<string, unknown> & { genesis: Record<string, unknown> }
const json = () => structuredClone(rollupConfigToJson(config)) as Document
const late = config.genesis.l2Time + 100n

/** The fault of reading a document or checking a config. */
function faultOf(action: () => unknown): CodedError['fault'] {
  try {
    action()
  } catch (err) {
    if (err instanceof CodedError) return err.fault
    throw err
  }
  throw new Error('nothing was refused')
}

describe('rollup config JSON', () => {
  it('goes there and back, also as text', () => {
    const full: RollupConfig = {
      ...config,
      forks: { ...config.forks, pectraBlobSchedule: 5n },
      protocolVersionsAddress: config.l1SystemConfigAddress,
      keepKarstUpgradeGas: true,
    }
    for (const sample of [full, chainPreset('op-mainnet')?.rollupConfig as RollupConfig]) {
      const text = JSON.stringify(rollupConfigToJson(sample))
      const back = rollupConfigFromJson(JSON.parse(text))
      expect(JSON.stringify(rollupConfigToJson(back))).toBe(text)
      expect(back).toEqual({ protocolVersionsAddress: ZERO_ADDRESS, ...sample })
    }
  })

  it('has the keys and number forms of op-node', () => {
    expect(rollupConfigToJson({ ...config, forks: { regolith: 0n, canyon: 7n } })).toEqual({
      genesis: {
        l1: { hash: testHash(0x11), number: 100 },
        l2: { hash: testHash(0x22), number: 0 },
        l2_time: 1_000_000,
        system_config: {
          batcherAddr: config.genesis.systemConfig.batcherAddress,
          overhead: ZERO_HASH,
          scalar: config.genesis.systemConfig.scalar,
          gasLimit: 60_000_000,
          eip1559Params: '0x0000000000000000',
          operatorFeeParams: ZERO_HASH,
          minBaseFee: 0,
          daFootprintGasScalar: 0,
        },
      },
      block_time: 2,
      max_sequencer_drift: 600,
      seq_window_size: 50,
      channel_timeout: 300,
      l1_chain_id: 900,
      l2_chain_id: 901,
      regolith_time: 0,
      canyon_time: 7,
      batch_inbox_address: config.batchInboxAddress,
      deposit_contract_address: config.depositContractAddress,
      l1_system_config_address: config.l1SystemConfigAddress,
      protocol_versions_address: ZERO_ADDRESS,
      chain_op_config: { eip1559Elasticity: 6, eip1559Denominator: 50, eip1559DenominatorCanyon: 250 },
    })
  })

  it('lets unknown keys pass and takes hex of either case, absent newer fields and null', () => {
    const document = json()
    const { eip1559Params, operatorFeeParams, minBaseFee, daFootprintGasScalar, ...old } = document.genesis
      .system_config as Record<string, unknown>
    const sample = {
      ...document,
      genesis: { ...document.genesis, system_config: old },
      batch_inbox_address: config.batchInboxAddress.toUpperCase().replace('0X', '0x'),
      chain_op_config: null,
      something_new: { a: 1 },
    }
    const { chainOpConfig: _none, ...expected } = config
    expect(rollupConfigFromJson(sample)).toEqual({ ...expected, protocolVersionsAddress: ZERO_ADDRESS })
  })

  const malformed: [what: string, path: string, change: (document: Document) => unknown][] = [
    ['no object', '$', () => 'text'],
    ['a missing key', '$.block_time', ({ block_time, ...rest }) => rest],
    ['a missing section', '$.genesis', ({ genesis, ...rest }) => rest],
    [
      'a short hash',
      '$.genesis.l1.hash',
      (d) => ({ ...d, genesis: { ...d.genesis, l1: { hash: '0x12', number: 1 } } }),
    ],
    ['a fraction', '$.block_time', (d) => ({ ...d, block_time: 1.5 })],
    ['a negative number', '$.seq_window_size', (d) => ({ ...d, seq_window_size: -1 })],
    ['a number above 64 bits', '$.l2_chain_id', (d) => ({ ...d, l2_chain_id: '18446744073709551616' })],
    ['an inexact number', '$.l1_chain_id', (d) => ({ ...d, l1_chain_id: 2 ** 60 })],
    ['a bad address', '$.batch_inbox_address', (d) => ({ ...d, batch_inbox_address: testHash(1) })],
    ['a fork that is not known here', '$.lagoon_time', (d) => ({ ...d, lagoon_time: 5 })],
    [
      'a word where a truth value belongs',
      '$.keep_karst_upgrade_gas',
      (d) => ({ ...d, keep_karst_upgrade_gas: 'yes' }),
    ],
  ]
  for (const [what, path, change] of malformed) {
    it(`is refused for ${what}, with the path ${path}`, () => {
      expect(faultOf(() => rollupConfigFromJson(change(json())))).toMatchObject({ code: 'badJson', data: { path } })
    })
  }
})

describe('rollup config rules', () => {
  const genesis = (changes: Partial<RollupConfig['genesis']>) => ({ genesis: { ...config.genesis, ...changes } })
  const system = (changes: Partial<RollupConfig['genesis']['systemConfig']>) =>
    genesis({ systemConfig: { ...config.genesis.systemConfig, ...changes } })
  const broken: [path: string, change: Partial<RollupConfig>][] = [
    ['$.block_time', { blockTime: 0n }],
    ['$.channel_timeout', { channelTimeout: 0n }],
    ['$.seq_window_size', { seqWindowSize: 1n }],
    ['$.max_sequencer_drift', { maxSequencerDrift: 0n }],
    ['$.genesis.l1.hash', genesis({ l1: { hash: ZERO_HASH, number: 1n } })],
    ['$.genesis.l2.hash', genesis({ l2: { hash: ZERO_HASH, number: 0n } })],
    ['$.genesis.l2.hash', genesis({ l2: { hash: config.genesis.l1.hash, number: 0n } })],
    ['$.genesis.l2_time', genesis({ l2Time: 0n })],
    ['$.genesis.system_config.batcherAddr', system({ batcherAddress: ZERO_ADDRESS })],
    ['$.genesis.system_config.scalar', system({ scalar: ZERO_HASH })],
    ['$.genesis.system_config.gasLimit', system({ gasLimit: 0n })],
    ['$.batch_inbox_address', { batchInboxAddress: ZERO_ADDRESS }],
    ['$.deposit_contract_address', { depositContractAddress: ZERO_ADDRESS }],
    ['$.l1_chain_id', { l1ChainId: 0n }],
    ['$.l2_chain_id', { l2ChainId: 0n }],
    ['$.l2_chain_id', { l2ChainId: config.l1ChainId }],
    ['$.chain_op_config.eip1559Elasticity', { chainOpConfig: { eip1559Elasticity: 0n, eip1559Denominator: 1n } }],
    ['$.chain_op_config.eip1559Denominator', { chainOpConfig: { eip1559Elasticity: 1n, eip1559Denominator: 0n } }],
    ['$.alt_da', { altDa: { commitmentType: 'KeccakCommitment', challengeWindow: 1n, resolveWindow: 1n } }],
    ['$.canyon_time', { forks: { canyon: 0n } }],
    ['$.delta_time', { forks: { regolith: 0n, canyon: 9n, delta: 8n } }],
    ['$.jovian_time', { forks: { ...forksUpTo('isthmus'), isthmus: late, jovian: late } }],
    ['$.karst_time', { forks: { ...forksUpTo('jovian'), jovian: late, karst: late } }],
    ['$.karst_time', { forks: { ...forksUpTo('isthmus'), karst: late } }],
  ]
  for (const [path, change] of broken) {
    it(`name ${path} when it breaks one`, () => {
      const fault = faultOf(() => checkRollupConfig({ ...config, ...change }))
      expect(fault).toMatchObject({ code: 'invalid', data: { path } })
      expect(() => checkRollupConfig({ ...config, ...change })).toThrow(RollupConfigError)
    })
  }

  it('[DER-023] want Fjord a block after Ecotone, unless both are active at genesis', () => {
    const at = (ecotone: bigint, fjord: bigint) => ({ ...config, forks: { ...forksUpTo('delta'), ecotone, fjord } })
    expect(faultOf(() => checkRollupConfig(at(late, late)))).toMatchObject({ data: { path: '$.fjord_time' } })
    expect(faultOf(() => checkRollupConfig(at(late, late + 1n)))).toMatchObject({ data: { path: '$.fjord_time' } })
    expect(() => checkRollupConfig(at(late, late + 2n))).not.toThrow()
    expect(() => checkRollupConfig(at(0n, 0n))).not.toThrow()
  })

  it('let older forks share a time, and all forks when active at genesis', () => {
    const shared = { ...forksUpTo('fjord'), granite: late, holocene: late, isthmus: late, jovian: late + 1n }
    expect(() => checkRollupConfig({ ...config, forks: shared })).not.toThrow()
    for (const fork of FORKS.slice(1) as TimedFork[]) {
      expect(() => checkRollupConfig({ ...config, forks: forksUpTo(fork, config.genesis.l2Time) })).not.toThrow()
    }
  })

  it('are checked when a document is read, unless told otherwise', () => {
    const document = { ...json(), block_time: 0 }
    expect(faultOf(() => rollupConfigFromJson(document))).toMatchObject({ code: 'invalid' })
    expect(rollupConfigFromJson(document, { check: false }).blockTime).toBe(0n)
  })
})
