import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type Address, type Fork, type Hash, type Hex, hexToBytes, keccak256Hex, utf8Bytes } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import {
  type BlockExecutor,
  type ChainSpec,
  createBlockExecutor,
  createMemoryStore,
  createStateReader,
  decodeTransaction,
  ExecutionError,
  type GenesisJson,
  genesisBlock,
  type TxOutcome,
} from '../src/index.ts'

const FORKS_COVERED = ['fjord', 'granite', 'holocene', 'isthmus', 'jovian', 'karst'] as const

/**
 * Blocks that op-revm has executed, with what came of them. It lacks two rules of Karst: EIP-7825's cap was lifted for
 * its deposits, and no block has a pairing whose input is between Karst's limit and Jovian's.
 */
type Vectors = { readonly source: string; readonly fork: Fork; readonly blocks: readonly BlockVector[] }

type BlockVector = {
  /** The feature that it was chosen for. */
  readonly name: string
  readonly chainId: number
  readonly forks: Readonly<Record<string, number>>
  readonly alloc: GenesisJson['alloc']
  readonly parent: {
    readonly hash: Hash
    readonly number: number
    readonly timestamp: number
    readonly gasLimit: number
    readonly gasUsed: number
    readonly baseFeePerGas: number
    readonly blobGasUsed?: number
    readonly extraData: Hex
  }
  readonly attributes: {
    readonly timestamp: number
    readonly prevRandao: Hash
    readonly suggestedFeeRecipient: Address
    readonly gasLimit: number
    readonly parentBeaconBlockRoot?: Hash
    readonly eip1559Params?: Hex
    readonly minBaseFee?: string
  }
  readonly transactions: readonly Hex[]
  readonly expected: {
    readonly hash: Hash
    readonly baseFee: number
    readonly gasUsed: number
    readonly blobGasUsed: number
    readonly stateRoot: Hash
    readonly receiptsRoot: Hash
    /** `null`: cannot stand in the block. */
    readonly transactions: readonly ({ readonly status: 0 | 1; readonly gasUsed: number } | null)[]
  }
}

const ELASTICITY = { eip1559Elasticity: 6n, eip1559Denominator: 50n, eip1559DenominatorCanyon: 250n }

function readVectors(fork: Fork): Vectors {
  const file = join(import.meta.dirname, 'vectors', `${fork}.json.gz`)
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as Vectors
}

/** An executor for the vector's block on top of its allocation. */
function executorOf({ chainId, forks, alloc, parent, attributes }: BlockVector): BlockExecutor {
  const schedule = Object.fromEntries(Object.entries(forks).map(([fork, time]) => [fork, BigInt(time)]))
  const spec: ChainSpec = { chainId: BigInt(chainId), forks: schedule, chainOpConfig: ELASTICITY }
  // As of Bedrock, so that the allocation need not have what later forks ask of a genesis.
  const { header, commit } = genesisBlock({ gasLimit: parent.gasLimit, alloc }, { ...spec, forks: {} })
  const store = createMemoryStore()
  store.put(commit)
  const { minBaseFee, ...rest } = attributes
  return createBlockExecutor({
    spec,
    parent: {
      ...header,
      number: BigInt(parent.number),
      timestamp: BigInt(parent.timestamp),
      gasLimit: BigInt(parent.gasLimit),
      gasUsed: BigInt(parent.gasUsed),
      baseFeePerGas: BigInt(parent.baseFeePerGas),
      extraData: parent.extraData,
      ...(parent.blobGasUsed !== undefined && { blobGasUsed: BigInt(parent.blobGasUsed) }),
    },
    parentHash: parent.hash,
    reader: createStateReader({ store, root: header.stateRoot }),
    attributes: {
      ...rest,
      timestamp: BigInt(attributes.timestamp),
      gasLimit: BigInt(attributes.gasLimit),
      withdrawals: [],
      ...(minBaseFee !== undefined && { minBaseFee: BigInt(minBaseFee) }),
    },
    // What revm's empty database answers.
    getBlockHash: (number) => (number === BigInt(parent.number) ? parent.hash : keccak256Hex(utf8Bytes(`${number}`))),
  })
}

/** `null` when the transaction cannot stand in the block, which goes on without it. */
async function apply(executor: BlockExecutor, bytes: Uint8Array): Promise<TxOutcome | null> {
  try {
    if (bytes[0] === 0x7e) return await executor.applyForced(bytes)
    const outcome = await executor.applyPooled(decodeTransaction(bytes))
    return 'rejected' in outcome ? null : outcome
  } catch (error) {
    if (error instanceof ExecutionError) return null
    throw error
  }
}

describe.each(FORKS_COVERED)('blocks of %s that op-revm executed', (fork) => {
  const { blocks } = readVectors(fork)

  it.each(blocks.map((vector) => [vector.name, vector] as const))(
    '[EXE-019] [EXE-035] [EXE-047] [EXE-058] [EXE-079] [EXE-103] [EXE-120] come to the same hash: %s',
    async (_name, vector) => {
      const executor = executorOf(vector)
      const outcomes: (TxOutcome | null)[] = []
      for (const tx of vector.transactions) outcomes.push(await apply(executor, hexToBytes(tx)))
      const { header, hash } = await executor.seal()
      const { transactions, hash: expectedHash, ...expected } = vector.expected
      expect(
        outcomes.map((outcome) => outcome && { status: outcome.receipt.status, gasUsed: Number(outcome.gasUsed) }),
      ).toEqual(transactions)
      expect({
        baseFee: Number(header.baseFeePerGas),
        gasUsed: Number(header.gasUsed),
        blobGasUsed: Number(header.blobGasUsed),
        stateRoot: header.stateRoot,
        receiptsRoot: header.receiptsRoot,
      }).toEqual(expected)
      expect(hash).toBe(expectedHash)
    },
  )
})
