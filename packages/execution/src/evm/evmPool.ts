import { EVM, NobleBN254 } from '@ethereumjs/evm'
import { activeFork, type Fork, hexToBytes } from '@keelson/protocol'
import type { ChainSpec } from '../genesis/chainSpec.ts'
import type { JournaledState } from '../state/journaledState.ts'
import type { BlockHashLookup } from '../transition/types.ts'
import { evmRulesOf } from './evmRules.ts'
import { EvmStateManager } from './evmStateManager.ts'

/** What a lent EVM works on. */
export type EvmLoan = { readonly state: JournaledState; readonly getBlockHash: BlockHashLookup }

/** The fields that decide where an EVM reads and writes; fixed by types, free in fact. */
type Retargetable = {
  stateManager: EvmStateManager
  journal: { stateManager: EvmStateManager; cleanJournal(): void }
  blockchain: unknown
}

const ZERO_WORD = new Uint8Array(32)
const idle = new Map<string, EVM[]>()
const bn254 = new NobleBN254()

function createEvm(fork: Fork, chainId: bigint, stateManager: EvmStateManager): EVM {
  const { common, customPrecompiles } = evmRulesOf(fork, chainId)
  return new EVM({ common, customPrecompiles, stateManager, bn254 })
}

/**
 * Runs `use` with an EVM of the fork active at `timestamp`, set upon a state. EVMs are kept for the next use, one for
 * each use at a time, because making one and warming it up costs far more than a transaction.
 */
export async function withEvm<T>(
  spec: ChainSpec,
  timestamp: bigint,
  { state, getBlockHash }: EvmLoan,
  use: (evm: EVM) => Promise<T>,
): Promise<T> {
  const fork = activeFork(spec, timestamp)
  const key = `${fork} ${spec.chainId}`
  const free = idle.get(key) ?? []
  idle.set(key, free)
  const stateManager = new EvmStateManager(state)
  const evm = free.pop() ?? createEvm(fork, spec.chainId, stateManager)
  const target = evm as unknown as Retargetable
  target.stateManager = stateManager
  target.journal.stateManager = stateManager
  target.journal.cleanJournal()
  target.blockchain = {
    getBlock: async (number: number) => {
      const hash = getBlockHash(BigInt(number))
      return { hash: () => (hash ? hexToBytes(hash) : ZERO_WORD) }
    },
  }
  evm.transientStorage.clear()
  try {
    return await use(evm)
  } finally {
    evm.events.removeAllListeners()
    free.push(evm)
  }
}
