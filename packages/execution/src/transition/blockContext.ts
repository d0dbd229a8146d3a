import type { EVMRunCallOpts } from '@ethereumjs/evm'
import { createAddressFromString } from '@ethereumjs/util'
import { type Address, type Hash, hexToBytes } from '@keelson/protocol'
import type { PrecompileMoves } from '../evm/precompileMoves.ts'
import { type L1FeeParams, readL1FeeParams } from '../fees/l1Cost.ts'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import type { JournaledState } from '../state/journaledState.ts'
import { L1_BLOCK } from './constants.ts'
import type { BlockRules } from './rules.ts'
import type { BlockHashLookup } from './types.ts'

/** What the EVM and the fee rules see of the block under way. */
export type BlockEnv = {
  readonly number: bigint
  readonly timestamp: bigint
  readonly gasLimit: bigint
  readonly baseFeePerGas: bigint
  readonly feeRecipient: Address
  readonly prevRandao: Hash
  /** What BLOBBASEFEE gives. There are no blobs on L2: 1, but for simulations that choose another. */
  readonly blobBaseFee?: bigint
}

/** The block under way, as the execution of its transactions needs it. */
export type BlockContext = {
  readonly spec: ChainSpec
  readonly rules: BlockRules
  readonly env: BlockEnv
  readonly state: JournaledState
  readonly getBlockHash: BlockHashLookup
  /** Ends what runs, in the middle of a transaction; the state is of no use then. */
  readonly signal?: AbortSignal | undefined
  /** Precompiles that a simulation changed. */
  readonly precompiles?: PrecompileMoves | null
  readonly evmBlock: NonNullable<EVMRunCallOpts['block']>
  /** Read at first use, which comes after the attributes transaction, and kept for the block. */
  readonly l1FeeParams: () => L1FeeParams
}

type ContextParts = Pick<BlockContext, 'spec' | 'rules' | 'env' | 'state' | 'getBlockHash' | 'signal' | 'precompiles'>

export function createBlockContext(parts: ContextParts): BlockContext {
  const { env, state } = parts
  let params: L1FeeParams | null = null
  return {
    ...parts,
    evmBlock: {
      header: {
        number: env.number,
        coinbase: createAddressFromString(env.feeRecipient),
        timestamp: env.timestamp,
        difficulty: 0n,
        prevRandao: hexToBytes(env.prevRandao),
        gasLimit: env.gasLimit,
        baseFeePerGas: env.baseFeePerGas,
        getBlobGasPrice: () => env.blobBaseFee ?? 1n,
      },
    },
    l1FeeParams: () => {
      params ??= readL1FeeParams((slot) => state.getStorage(L1_BLOCK, slot))
      return params
    },
  }
}
