import { hexToBytes, isZeroBytes } from './bytes.ts'
import { codedError } from './errors.ts'
import { FORKS, type TimedFork } from './forks.ts'
import { type Hex, ZERO_HASH } from './primitives.ts'
import type { RollupConfig } from './rollupConfig.ts'

/** Why a rollup config cannot be used: `path` is that of `rollup.json`. */
export class RollupConfigError extends codedError('RollupConfigError', {
  invalid: {
    severity: 'critical',
    text: (d: { path: string; rule: string }) => `rollup config: ${d.path} ${d.rule}`,
  },
}) {}

function require(condition: boolean, path: string, rule: string): asserts condition {
  if (!condition) throw new RollupConfigError('invalid', { path: `$.${path}`, rule })
}

const isUnset = (hex: Hex) => isZeroBytes(hexToBytes(hex))

function checkGenesis({ genesis }: RollupConfig): void {
  require(genesis.l1.hash !== ZERO_HASH, 'genesis.l1.hash', 'must be set')
  require(genesis.l2.hash !== ZERO_HASH, 'genesis.l2.hash', 'must be set')
  require(genesis.l1.hash !== genesis.l2.hash, 'genesis.l2.hash', 'must differ from genesis.l1.hash')
  require(genesis.l2Time !== 0n, 'genesis.l2_time', 'must not be 0')
  const { batcherAddress, scalar, gasLimit } = genesis.systemConfig
  require(!isUnset(batcherAddress), 'genesis.system_config.batcherAddr', 'must be set')
  require(scalar !== ZERO_HASH, 'genesis.system_config.scalar', 'must be set')
  require(gasLimit !== 0n, 'genesis.system_config.gasLimit', 'must not be 0')
}

/** From here on two forks never share an activation block. */
const FIRST_DISTINCT_FORK = FORKS.indexOf('jovian')

function checkForks(config: RollupConfig): void {
  const { forks, blockTime, genesis } = config
  const isLate = (time: bigint) => time > genesis.l2Time
  for (let i = 2; i < FORKS.length; i++) {
    const fork = FORKS[i] as TimedFork
    const before = FORKS[i - 1] as TimedFork
    const time = forks[fork]
    if (time === undefined) continue
    const timeBefore = forks[before]
    require(timeBefore !== undefined, `${fork}_time`, `needs ${before}_time`)
    require(timeBefore <= time, `${fork}_time`, `must not be before ${before}_time`)
    if (i >= FIRST_DISTINCT_FORK && isLate(time)) {
      require(timeBefore < time, `${fork}_time`, `must be after ${before}_time`)
    }
  }
  const { ecotone, fjord } = forks
  if (ecotone !== undefined && fjord !== undefined && isLate(fjord)) {
    require(fjord >= ecotone + blockTime, 'fjord_time', 'must be a block after ecotone_time')
  }
}

/**
 * Checks that a config describes a chain that can be derived. Forks come in their order, none left out; forks before
 * Jovian may share a time, later ones only at genesis.
 *
 * @throws {RollupConfigError} `invalid`, with the JSON path and the rule that is broken
 */
export function checkRollupConfig(config: RollupConfig): void {
  require(config.blockTime > 0n, 'block_time', 'must not be 0')
  require(config.channelTimeout > 0n, 'channel_timeout', 'must not be 0')
  require(config.seqWindowSize >= 2n, 'seq_window_size', 'must be at least 2')
  require(config.maxSequencerDrift > 0n, 'max_sequencer_drift', 'must not be 0')
  checkGenesis(config)
  require(!isUnset(config.batchInboxAddress), 'batch_inbox_address', 'must be set')
  require(!isUnset(config.depositContractAddress), 'deposit_contract_address', 'must be set')
  require(config.l1ChainId > 0n, 'l1_chain_id', 'must be set')
  require(config.l2ChainId > 0n, 'l2_chain_id', 'must be set')
  require(config.l1ChainId !== config.l2ChainId, 'l2_chain_id', 'must differ from l1_chain_id')
  const fees = config.chainOpConfig
  if (fees) {
    require(fees.eip1559Elasticity > 0n, 'chain_op_config.eip1559Elasticity', 'must not be 0')
    require(fees.eip1559Denominator > 0n, 'chain_op_config.eip1559Denominator', 'must not be 0')
    require(fees.eip1559DenominatorCanyon !== 0n, 'chain_op_config.eip1559DenominatorCanyon', 'must not be 0')
  }
  checkForks(config)
  require(config.altDa === undefined, 'alt_da', 'must not be set: only Ethereum data availability is supported')
}
