import { describe, expect, it } from 'vitest'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '../testing/index.ts'
import { bigintToBytes } from './bytes.ts'
import { CHAIN_NAMES, type ChainPreset, chainPreset, chainPresetById } from './chainPreset.ts'
import { keccak256Hex } from './keccak.ts'
import { l1ChainConfigOf } from './l1ChainConfig.ts'
import { conventionalBatchInbox } from './l1Contracts.ts'
import { checkRollupConfig } from './rollupConfigCheck.ts'
import { rollupConfigToJson } from './rollupConfigJson.ts'

type Registry = {
  superchains: Record<string, { l1: { chain_id: number } }>
  chains: {
    superchain: string
    short_name: string
    name: string
    chain_id: number
    public_rpc: string
    sequencer_rpc: string
    explorer: string
    data_availability_type: string
    batch_inbox_addr: string
    block_time: number
    seq_window_size: number
    max_sequencer_drift: number
    hardforks: Record<string, number | boolean>
    optimism: { eip1559_elasticity: number; eip1559_denominator: number; eip1559_denominator_canyon: number }
    genesis: {
      l1: { hash: string; number: number }
      l2: { hash: string; number: number }
      l2_time: number
      system_config: Record<string, string | number>
    }
    addresses: Record<string, string>
  }[]
}

const registry: Registry | null = fixtureFolder() ? readFixture<Registry>('superchain.json') : null
const preset = (name: string) => chainPreset(name) as ChainPreset
const lower = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : value)

describe('chain presets', () => {
  it.skipIf(registry)(FIXTURES_ABSENT, () => {
    expect(registry).toBeNull()
  })

  it.skipIf(!registry)('are those of the registry', () => {
    const names = registry?.chains.map((chain) => `${chain.short_name}-${chain.superchain}`)
    expect(CHAIN_NAMES.toSorted()).toEqual(names?.toSorted())
  })

  for (const chain of registry?.chains ?? []) {
    it(`of ${chain.short_name}-${chain.superchain} has the values of the registry`, () => {
      const { rollupConfig, ...found } = preset(`${chain.short_name}-${chain.superchain}`)
      const json = rollupConfigToJson(rollupConfig) as Record<string, unknown> & { genesis: Record<string, unknown> }
      const { eip1559Params, operatorFeeParams, minBaseFee, daFootprintGasScalar, batcherAddr, ...rest } = json.genesis
        .system_config as Record<string, unknown>
      expect([eip1559Params, Number(operatorFeeParams), minBaseFee, daFootprintGasScalar]).toEqual([
        '0x0000000000000000',
        0,
        0,
        0,
      ])
      const expectedSystem = Object.entries(chain.genesis.system_config).map(([key, value]) => [key, lower(value)])
      expect({ batcherAddress: batcherAddr, ...rest }).toEqual(Object.fromEntries(expectedSystem))
      expect(json.genesis).toMatchObject({ l1: chain.genesis.l1, l2: chain.genesis.l2, l2_time: chain.genesis.l2_time })
      const { keep_karst_upgrade_gas = undefined, ...times } = chain.hardforks
      expect(json).toMatchObject({
        l1_chain_id: registry?.superchains[chain.superchain]?.l1.chain_id,
        l2_chain_id: chain.chain_id,
        block_time: chain.block_time,
        seq_window_size: chain.seq_window_size,
        max_sequencer_drift: chain.max_sequencer_drift,
        channel_timeout: 300,
        regolith_time: 0,
        ...times,
        batch_inbox_address: chain.batch_inbox_addr.toLowerCase(),
        deposit_contract_address: chain.addresses.OptimismPortalProxy?.toLowerCase(),
        l1_system_config_address: chain.addresses.SystemConfigProxy?.toLowerCase(),
        chain_op_config: {
          eip1559Elasticity: chain.optimism.eip1559_elasticity,
          eip1559Denominator: chain.optimism.eip1559_denominator,
          eip1559DenominatorCanyon: chain.optimism.eip1559_denominator_canyon,
        },
      })
      const forkKeys = Object.keys(json).filter(
        (key) => key.endsWith('_time') && !['block_time', 'regolith_time'].includes(key),
      )
      expect(forkKeys.toSorted()).toEqual(Object.keys(times).toSorted())
      expect(json.keep_karst_upgrade_gas).toBe(keep_karst_upgrade_gas)
      expect(found).toMatchObject({
        title: chain.name,
        publicRpc: chain.public_rpc,
        sequencerRpc: chain.sequencer_rpc,
        explorer: chain.explorer,
      })
      expect(found.l1Contracts.standardBridge).toBe(chain.addresses.L1StandardBridgeProxy?.toLowerCase())
      if (chain.data_availability_type === 'eth-da') expect(() => checkRollupConfig(rollupConfig)).not.toThrow()
      else expect(() => checkRollupConfig(rollupConfig)).toThrow('alt_da')
    })
  }

  it('[DER-328] keep the Karst upgrade gas on the chains whose history has it', () => {
    const keeping = CHAIN_NAMES.filter((name) => preset(name).rollupConfig.keepKarstUpgradeGas)
    expect(keeping).toEqual([
      'ink-mainnet',
      'ink-sepolia',
      'lisk-sepolia',
      'metal-sepolia',
      'mode-sepolia',
      'op-mainnet',
      'op-sepolia',
      'soneium-mainnet',
      'soneium-minato-sepolia',
      'unichain-mainnet',
      'unichain-sepolia',
      'zora-sepolia',
    ])
  })

  it('[DER-009][DER-010][DER-018] of OP Mainnet have the standard window and timeout', () => {
    const { rollupConfig } = preset('op-mainnet')
    expect([rollupConfig.seqWindowSize, rollupConfig.channelTimeout, rollupConfig.blockTime]).toEqual([3600n, 300n, 2n])
  })

  it('[EXE-181] have the published fork times of both superchains', () => {
    const timesOf = (name: string) => {
      const { canyon, delta, ecotone, fjord, granite, holocene } = preset(name).rollupConfig.forks
      return [canyon, delta, ecotone, fjord, granite, holocene]
    }
    expect(timesOf('op-mainnet')).toEqual([
      1_704_992_401n,
      1_708_560_000n,
      1_710_374_401n,
      1_720_627_201n,
      1_726_070_401n,
      1_736_445_601n,
    ])
    expect(timesOf('op-sepolia')).toEqual([
      1_699_981_200n,
      1_703_203_200n,
      1_708_534_800n,
      1_716_998_400n,
      1_723_478_400n,
      1_732_633_200n,
    ])
  })

  it('[EXE-176] need not follow the convention for inboxes', () => {
    expect(conventionalBatchInbox(420n)).toBe(`0x00${keccak256Hex(bigintToBytes(420n, 32)).slice(2, 40)}`)
    const following = CHAIN_NAMES.map((name) => preset(name).rollupConfig).filter(
      (config) => config.batchInboxAddress === conventionalBatchInbox(config.l2ChainId),
    )
    expect(following.length).toBeGreaterThan(0)
    expect(following.length).toBeLessThan(CHAIN_NAMES.length)
  })

  it('are found by any letter case, by the old names and by chain id', () => {
    expect(preset('OP-Mainnet').name).toBe('op-mainnet')
    expect(preset('mainnet').name).toBe('op-mainnet')
    expect(preset('sepolia').name).toBe('op-sepolia')
    expect(chainPresetById(11_155_420n)?.name).toBe('op-sepolia')
    expect(chainPreset('nowhere')).toBeNull()
    expect(chainPresetById(123n)).toBeNull()
  })

  it('stand on an L1 whose blob schedule is built in', () => {
    for (const name of CHAIN_NAMES) expect(l1ChainConfigOf(preset(name).rollupConfig.l1ChainId)).not.toBeNull()
  })
})
