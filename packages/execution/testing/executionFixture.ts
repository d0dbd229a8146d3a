import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  type BlockId,
  decodeHeader,
  type ExecutionPayloadEnvelope,
  envelopeOf,
  type ForkSchedule,
  type Hash,
  type Hex,
  hexToBytes,
  type PayloadAttributes,
} from '@keelson/protocol'
import { fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { type BlockHeader, type ChainSpec, createMemoryStore, type MemoryStore } from '../src/index.ts'

type HexHeader = { readonly [field: string]: Hex }

type FixtureJson = {
  readonly chainId: number
  readonly chain: string
  readonly number: number
  readonly fork: string
  readonly rollupConfig: { readonly [key: string]: unknown } & {
    readonly chain_op_config?: {
      readonly eip1559Elasticity: number
      readonly eip1559Denominator: number
      readonly eip1559DenominatorCanyon?: number
    }
  }
  readonly parentHeader: HexHeader
  readonly parentHash: Hash
  readonly payloadAttributes: { readonly [key: string]: unknown }
  readonly preimages: Readonly<Record<Hash, Hex>>
  readonly expected: {
    readonly blockHash: Hash
    readonly header: HexHeader
    readonly receipts: readonly Hex[]
    readonly gasUsed: Hex
  }
}

/** A real block with the witness that its execution needs. */
export type ExecutionFixture = {
  readonly name: string
  readonly spec: ChainSpec
  readonly parent: BlockHeader
  readonly parentHash: Hash
  readonly attributes: PayloadAttributes
  readonly store: MemoryStore
  /** Headers of ancestors that the block asks for with BLOCKHASH. */
  readonly getBlockHash: (number: bigint) => Hash | null
  readonly expected: { readonly hash: Hash; readonly header: BlockHeader; readonly receipts: readonly Hex[] }
  readonly envelope: ExecutionPayloadEnvelope
}

/** File names of all block fixtures; none when the folder is absent. */
export function executionFixtureNames(): string[] {
  const folder = fixtureFolder()
  return folder ? readdirSync(join(folder, 'execution')).filter((name) => name.endsWith('.json.gz')) : []
}

const QUANTITIES = [
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'baseFeePerGas',
  'blobGasUsed',
  'excessBlobGas',
]

function headerOf(json: HexHeader): BlockHeader {
  const fields = Object.entries(json).map(([key, value]) => [key, QUANTITIES.includes(key) ? BigInt(value) : value])
  return Object.fromEntries(fields) as BlockHeader
}

function specOf({ chainId, rollupConfig }: FixtureJson): ChainSpec {
  const forks: ForkSchedule = Object.fromEntries(
    Object.entries(rollupConfig)
      .filter(([key, value]) => key.endsWith('_time') && key !== 'l2_time' && key !== 'block_time' && value !== null)
      .map(([key, value]) => [key.slice(0, -'_time'.length), BigInt(value as number)]),
  )
  const op = rollupConfig.chain_op_config
  return {
    chainId: BigInt(chainId),
    forks,
    ...(op && {
      chainOpConfig: {
        eip1559Elasticity: BigInt(op.eip1559Elasticity),
        eip1559Denominator: BigInt(op.eip1559Denominator),
        ...(op.eip1559DenominatorCanyon && { eip1559DenominatorCanyon: BigInt(op.eip1559DenominatorCanyon) }),
      },
    }),
  }
}

function attributesOf(json: FixtureJson['payloadAttributes']): PayloadAttributes {
  const { timestamp, gasLimit, transactions, minBaseFee, ...rest } = Object.fromEntries(
    Object.entries(json).filter(([, value]) => value !== null),
  )
  return {
    ...(rest as Omit<PayloadAttributes, 'timestamp' | 'gasLimit' | 'transactions' | 'minBaseFee'>),
    timestamp: BigInt(timestamp as Hex),
    gasLimit: BigInt(gasLimit as Hex),
    transactions: (transactions as Hex[]).map(hexToBytes),
    ...(minBaseFee !== undefined && { minBaseFee: BigInt(minBaseFee as Hex) }),
  }
}

function ancestors(preimages: Iterable<readonly [Hash, Uint8Array]>, parent: BlockId): Map<bigint, Hash> {
  const hashes = new Map([[parent.number, parent.hash]])
  for (const [hash, bytes] of preimages) {
    // Headers are lists of 15 or more items that begin with a hash and are longer than any trie node but branches.
    if (bytes[0] !== 0xf9 || bytes[3] !== 0xa0 || bytes.length < 500) continue
    try {
      hashes.set(decodeHeader(bytes).number, hash)
    } catch {
      // A branch node.
    }
  }
  return hashes
}

/** Reads one block fixture. Each call gives a store of its own. */
export function readExecutionFixture(name: string): ExecutionFixture {
  const json = readFixture<FixtureJson>(`execution/${name}`)
  const preimages = Object.entries(json.preimages).map(([hash, hex]) => [hash as Hash, hexToBytes(hex)] as const)
  const parent = headerOf(json.parentHeader)
  const hashes = ancestors(preimages, { number: parent.number, hash: json.parentHash })
  const header = headerOf(json.expected.header)
  const attributes = attributesOf(json.payloadAttributes)
  return {
    name,
    spec: specOf(json),
    parent,
    parentHash: json.parentHash,
    attributes,
    store: createMemoryStore(preimages),
    getBlockHash: (number) => hashes.get(number) ?? null,
    expected: { hash: json.expected.blockHash, header, receipts: json.expected.receipts },
    envelope: envelopeOf(header, json.expected.blockHash, attributes.transactions),
  }
}
