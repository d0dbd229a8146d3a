import { FORKS, type ForkSchedule, type TimedFork } from './forks.ts'
import { JsonNode, jsonNumber } from './json.ts'
import { ZERO_ADDRESS, ZERO_HASH } from './primitives.ts'
import type { BlockId } from './refs.ts'
import type { RollupConfig } from './rollupConfig.ts'
import { checkRollupConfig } from './rollupConfigCheck.ts'
import type { SystemConfig } from './systemConfig.ts'

const TIMED_FORKS = FORKS.filter((fork): fork is TimedFork => fork !== 'bedrock')

/** Later forks, whose rules are not known here: a chain that schedules one cannot be followed past it. */
const UNSUPPORTED_FORKS = ['lagoon_time', 'interop_time'] as const

function readBlockId(node: JsonNode): BlockId {
  return { hash: node.get('hash').hash(), number: node.get('number').uint64() }
}

/** Reads a system config as `rollup.json` has it; fields of forks after its making may be absent. */
export function systemConfigFromJson(json: unknown, path = '$'): SystemConfig {
  const node = json instanceof JsonNode ? json : new JsonNode(json, path)
  const {
    eip1559Params = '0x0000000000000000',
    operatorFeeParams = ZERO_HASH,
    minBaseFee = 0n,
    daFootprintGasScalar = 0n,
  } = {
    ...node.optional('eip1559Params', 'eip1559Params', (value) => value.hex(8)),
    ...node.optional('operatorFeeParams', 'operatorFeeParams', (value) => value.hash()),
    ...node.optional('minBaseFee', 'minBaseFee', (value) => value.uint64()),
    ...node.optional('daFootprintGasScalar', 'daFootprintGasScalar', (value) => value.uint64()),
  }
  return {
    batcherAddress: node.get('batcherAddr').address(),
    overhead: node.get('overhead').hash(),
    scalar: node.get('scalar').hash(),
    gasLimit: node.get('gasLimit').uint64(),
    eip1559Params,
    operatorFeeParams,
    minBaseFee,
    daFootprintGasScalar,
  }
}

/** A system config as `rollup.json` has it. */
export function systemConfigToJson(config: SystemConfig): Record<string, unknown> {
  return {
    batcherAddr: config.batcherAddress,
    overhead: config.overhead,
    scalar: config.scalar,
    gasLimit: jsonNumber(config.gasLimit),
    eip1559Params: config.eip1559Params,
    operatorFeeParams: config.operatorFeeParams,
    minBaseFee: jsonNumber(config.minBaseFee),
    daFootprintGasScalar: jsonNumber(config.daFootprintGasScalar),
  }
}

function readForks(node: JsonNode): ForkSchedule {
  for (const key of UNSUPPORTED_FORKS) {
    if (node.get(key).exists) node.get(key).fail('this fork is not supported')
  }
  const forks: Record<string, bigint> = {}
  for (const fork of TIMED_FORKS)
    Object.assign(
      forks,
      node.optional(`${fork}_time`, fork, (time) => time.uint64()),
    )
  return { ...forks, ...node.optional('pectra_blob_schedule_time', 'pectraBlobSchedule', (time) => time.uint64()) }
}

function readFees(node: JsonNode): NonNullable<RollupConfig['chainOpConfig']> {
  return {
    eip1559Elasticity: node.get('eip1559Elasticity').uint64(),
    eip1559Denominator: node.get('eip1559Denominator').uint64(),
    ...node.optional('eip1559DenominatorCanyon', 'eip1559DenominatorCanyon', (value) => value.uint64()),
  }
}

function readAltDa(node: JsonNode): NonNullable<RollupConfig['altDa']> {
  return {
    commitmentType: node.get('da_commitment_type').string(),
    challengeWindow: node.get('da_challenge_window').uint64(),
    resolveWindow: node.get('da_resolve_window').uint64(),
    ...node.optional('da_challenge_contract_address', 'challengeContractAddress', (value) => value.address()),
  }
}

/**
 * Reads op-node's `rollup.json`. Keys that are not known are let pass.
 *
 * @param options - `check: false` leaves {@link checkRollupConfig} to the caller
 * @throws {CodecError} `badJson` with the path of what is missing or malformed
 * @throws {RollupConfigError} `invalid` with the path and the rule that is broken
 */
export function rollupConfigFromJson(json: unknown, { check = true }: { readonly check?: boolean } = {}): RollupConfig {
  const node = new JsonNode(json)
  const genesis = node.get('genesis')
  const config: RollupConfig = {
    genesis: {
      l1: readBlockId(genesis.get('l1')),
      l2: readBlockId(genesis.get('l2')),
      l2Time: genesis.get('l2_time').uint64(),
      systemConfig: systemConfigFromJson(genesis.get('system_config')),
    },
    blockTime: node.get('block_time').uint64(),
    // Left out by op-node when it is 0, which the check then refuses.
    maxSequencerDrift: node.get('max_sequencer_drift').exists ? node.get('max_sequencer_drift').uint64() : 0n,
    seqWindowSize: node.get('seq_window_size').uint64(),
    channelTimeout: node.get('channel_timeout').uint64(),
    l1ChainId: node.get('l1_chain_id').uint64(),
    l2ChainId: node.get('l2_chain_id').uint64(),
    forks: readForks(node),
    batchInboxAddress: node.get('batch_inbox_address').address(),
    depositContractAddress: node.get('deposit_contract_address').address(),
    l1SystemConfigAddress: node.get('l1_system_config_address').address(),
    ...node.optional('protocol_versions_address', 'protocolVersionsAddress', (value) => value.address()),
    ...node.optional('chain_op_config', 'chainOpConfig', readFees),
    ...node.optional('keep_karst_upgrade_gas', 'keepKarstUpgradeGas', (value) => value.boolean()),
    ...node.optional('alt_da', 'altDa', readAltDa),
  }
  if (check) checkRollupConfig(config)
  return config
}

/** op-node's `rollup.json`, and the answer of `optimism_rollupConfig`. */
export function rollupConfigToJson(config: RollupConfig): Record<string, unknown> {
  const { genesis, forks, chainOpConfig: fees, altDa } = config
  const blockIdToJson = ({ hash, number }: BlockId) => ({ hash, number: jsonNumber(number) })
  const json: Record<string, unknown> = {
    genesis: {
      l1: blockIdToJson(genesis.l1),
      l2: blockIdToJson(genesis.l2),
      l2_time: jsonNumber(genesis.l2Time),
      system_config: systemConfigToJson(genesis.systemConfig),
    },
    block_time: jsonNumber(config.blockTime),
    max_sequencer_drift: jsonNumber(config.maxSequencerDrift),
    seq_window_size: jsonNumber(config.seqWindowSize),
    channel_timeout: jsonNumber(config.channelTimeout),
    l1_chain_id: jsonNumber(config.l1ChainId),
    l2_chain_id: jsonNumber(config.l2ChainId),
  }
  for (const fork of TIMED_FORKS) {
    const time = forks[fork]
    if (time !== undefined) json[`${fork}_time`] = jsonNumber(time)
  }
  if (forks.pectraBlobSchedule !== undefined) json.pectra_blob_schedule_time = jsonNumber(forks.pectraBlobSchedule)
  json.batch_inbox_address = config.batchInboxAddress
  json.deposit_contract_address = config.depositContractAddress
  json.l1_system_config_address = config.l1SystemConfigAddress
  json.protocol_versions_address = config.protocolVersionsAddress ?? ZERO_ADDRESS
  if (fees) {
    json.chain_op_config = {
      eip1559Elasticity: jsonNumber(fees.eip1559Elasticity),
      eip1559Denominator: jsonNumber(fees.eip1559Denominator),
      ...(fees.eip1559DenominatorCanyon !== undefined && {
        eip1559DenominatorCanyon: jsonNumber(fees.eip1559DenominatorCanyon),
      }),
    }
  }
  if (config.keepKarstUpgradeGas !== undefined) json.keep_karst_upgrade_gas = config.keepKarstUpgradeGas
  if (altDa) {
    json.alt_da = {
      ...(altDa.challengeContractAddress && { da_challenge_contract_address: altDa.challengeContractAddress }),
      da_commitment_type: altDa.commitmentType,
      da_challenge_window: jsonNumber(altDa.challengeWindow),
      da_resolve_window: jsonNumber(altDa.resolveWindow),
    }
  }
  return json
}
