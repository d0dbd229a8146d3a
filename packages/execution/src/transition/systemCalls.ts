import { createAddressFromString } from '@ethereumjs/util'
import { type Address, type Hash, hexToBytes } from '@keelson/protocol'
import { withEvm } from '../evm/evmPool.ts'
import type { BlockContext } from './blockContext.ts'
import { BEACON_ROOTS, CREATE2_DEPLOYER, HISTORY_STORAGE, SYSTEM_ADDRESS } from './constants.ts'
import { CREATE2_DEPLOYER_CODE } from './create2DeployerCode.ts'
import { ExecutionError } from './executionError.ts'

const SYSTEM_CALL_GAS = 30_000_000n

/**
 * Calls a contract on behalf of the block. No account pays, none is touched but the contract; where there is no code
 * (the activation block, before the deployment) nothing happens.
 */
async function systemCall(context: BlockContext, contract: Address, input: Hash): Promise<void> {
  const { state, spec, env, evmBlock, getBlockHash } = context
  const code = state.getCode(contract)
  if (code.length === 0) return
  state.startTransaction()
  await withEvm(spec, env.timestamp, { state, getBlockHash }, async (evm) => {
    const caller = createAddressFromString(SYSTEM_ADDRESS)
    state.checkpoint()
    const { exceptionError } = await evm.runCode({
      block: evmBlock,
      origin: caller,
      caller,
      to: createAddressFromString(contract),
      code,
      data: hexToBytes(input),
      gasLimit: SYSTEM_CALL_GAS,
      gasPrice: 0n,
    })
    if (exceptionError) state.revert()
    else state.commit()
  })
}

/**
 * What happens in a block before its first transaction: create2Deployer's code in Canyon's activation block, the
 * beacon root call (EIP-4788, Ecotone), the parent hash call (EIP-2935, Isthmus).
 *
 * @throws {ExecutionError} `invalidAttributes` without beacon root from Ecotone on
 * @see specs/protocol/exec-engine.md#ecotone-beacon-block-root
 */
export async function openBlock(
  context: BlockContext,
  parentHash: Hash,
  parentBeaconBlockRoot: Hash | undefined,
): Promise<void> {
  const { rules, spec, env, state } = context
  // Like op-geth: only a block exactly at the fork's time.
  if (spec.forks.canyon === env.timestamp) state.putCode(CREATE2_DEPLOYER, hexToBytes(CREATE2_DEPLOYER_CODE))
  if (rules.ecotone) {
    if (parentBeaconBlockRoot === undefined) {
      throw new ExecutionError('invalidAttributes', { reason: 'parentBeaconBlockRoot is missing' })
    }
    await systemCall(context, BEACON_ROOTS, parentBeaconBlockRoot)
  }
  if (rules.isthmus) await systemCall(context, HISTORY_STORAGE, parentHash)
}
