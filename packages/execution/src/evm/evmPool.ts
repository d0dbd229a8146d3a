import { activeFork, type Fork, hexToBytes } from '@keelson/protocol'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import type { JournaledState } from '../state/journaledState.ts'
import type { BlockHashLookup } from '../transition/types.ts'
import { evmRulesOf } from './evmRules.ts'
import { EvmStateManager } from './evmStateManager.ts'
import { interpreterClass, OpEvm } from './opEvm.ts'
import type { PrecompileMoves } from './precompileMoves.ts'
import { wasmPrecompiles } from './wasmPrecompiles.ts'

/** What a lent EVM works on. */
export type EvmLoan = {
  readonly state: JournaledState
  readonly getBlockHash: BlockHashLookup
  readonly signal?: AbortSignal | undefined
  /** Only in simulations. */
  readonly precompiles?: PrecompileMoves | null
}

const ZERO_WORD = new Uint8Array(32)
/** EVMs of one fork that wait for work; what more were in use at once are dropped after it. */
const MAX_IDLE = 8
const idle = new Map<string, OpEvm[]>()

async function createEvm(fork: Fork, chainId: bigint, stateManager: EvmStateManager): Promise<OpEvm> {
  const opts = { ...evmRulesOf(fork, chainId, await wasmPrecompiles()), stateManager }
  return new OpEvm(opts, await interpreterClass(opts))
}

/**
 * Runs `use` with an EVM of the fork active at `timestamp`, set upon a state. EVMs are kept for the next use, one for
 * each use at a time, because making one and warming it up costs far more than a transaction.
 */
export async function withEvm<T>(
  spec: ChainSpec,
  timestamp: bigint,
  { state, getBlockHash, signal, precompiles = null }: EvmLoan,
  use: (evm: OpEvm) => Promise<T>,
): Promise<T> {
  const fork = activeFork(spec, timestamp)
  const key = `${fork} ${spec.chainId}`
  const free = idle.get(key) ?? []
  idle.set(key, free)
  const stateManager = new EvmStateManager(state)
  const evm = free.pop() ?? (await createEvm(fork, spec.chainId, stateManager))
  const blockchain = {
    getBlock: async (number: number) => {
      const hash = getBlockHash(BigInt(number))
      return { hash: () => (hash ? hexToBytes(hash) : ZERO_WORD) }
    },
  }
  evm.retarget(stateManager, blockchain, { signal, precompiles })
  try {
    return await use(evm)
  } finally {
    evm.events.removeAllListeners()
    evm.onStep = null
    if (free.length < MAX_IDLE) free.push(evm)
  }
}
