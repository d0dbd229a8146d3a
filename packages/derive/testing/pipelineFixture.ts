import {
  bytesToHex,
  decodeRlp,
  type Hash,
  type Hex,
  hexToBytes,
  type L1Receipt,
  type L2BlockRef,
  type Log,
  type PayloadAttributes,
  type RlpItem,
  type RollupConfig,
  rollupConfigFromJson,
  type SystemConfig,
  systemConfigFromJson,
} from '@keelson/protocol'
import type { ResetBase } from '../src/pipeline.ts'
import { l1Ref, MemoryL1, type MemoryL1Block } from './memoryL1.ts'
import { MemoryL2 } from './memoryL2.ts'

type Header = Readonly<Record<'parentHash' | 'transactionsRoot' | 'receiptsRoot' | 'logsBloom' | 'mixHash', Hash>> &
  Readonly<Record<'timestamp' | 'baseFeePerGas', Hex>> &
  Readonly<Partial<Record<'excessBlobGas' | 'blobGasUsed', Hex> & { parentBeaconBlockRoot: Hash }>>

/** `format: op-derivation-fixture/1`, the kind that runs the whole pipeline. Values are as in its JSON. */
export type PipelineFixture = {
  readonly input: {
    readonly rollupConfig: unknown
    readonly l1Blocks: readonly {
      readonly number: number
      readonly hash: Hash
      readonly header: Header
      readonly transactions: readonly Hex[]
      /** Consensus encodings; `null`: the bloom proves that none of them matters. */
      readonly receipts: readonly Hex[] | null
    }[]
    readonly safeHead: JsonL2Ref
    readonly systemConfig: unknown
  }
  readonly expected: {
    readonly batcherTransactions: readonly {
      readonly l1Block: number
      readonly txIndex: number
      readonly txHash: Hash
    }[]
    readonly channels: readonly {
      readonly id: Hex
      readonly l1Block: number
      readonly batches: readonly ExpectedBatch[]
    }[]
    readonly l2Blocks: readonly (JsonL2Ref & { readonly payloadAttributes: JsonAttributes })[]
  }
}

export type ExpectedBatch = {
  readonly l2Number: number
  readonly parentHash: Hash
  readonly epochNum: number
  readonly epochHash: Hash
  readonly timestamp: number
  readonly txCount: number
  readonly txRoot: Hash
}

type JsonL2Ref = {
  readonly number: number
  readonly hash: Hash
  readonly parentHash: Hash
  readonly timestamp: number
  readonly l1Origin: { readonly number: number; readonly hash: Hash }
  readonly sequenceNumber: number
}

type JsonAttributes = {
  readonly timestamp: Hex
  readonly prevRandao: Hash
  readonly suggestedFeeRecipient: Hex
  readonly withdrawals: readonly never[] | null
  readonly parentBeaconBlockRoot: Hash | null
  readonly transactions: readonly Hex[]
  readonly noTxPool: boolean
  readonly gasLimit: Hex
  readonly eip1559Params: Hex | null
}

const l2Ref = (json: JsonL2Ref): L2BlockRef => ({
  hash: json.hash,
  number: BigInt(json.number),
  parentHash: json.parentHash,
  timestamp: BigInt(json.timestamp),
  l1Origin: { hash: json.l1Origin.hash, number: BigInt(json.l1Origin.number) },
  sequenceNumber: BigInt(json.sequenceNumber),
})

/** The fixture as providers and as what is expected of the pipeline. */
export type RecordedPipeline = {
  readonly config: RollupConfig
  readonly l1: MemoryL1
  /** Holds the safe head. */
  readonly l2: MemoryL2
  readonly base: ResetBase
  readonly systemConfig: SystemConfig
  readonly expected: readonly { readonly ref: L2BlockRef; readonly attributes: PayloadAttributes }[]
}

/** Reads a pipeline fixture. */
export function recordedPipeline({ input, expected }: PipelineFixture): RecordedPipeline {
  const config = rollupConfigFromJson(input.rollupConfig)
  const systemConfig = systemConfigFromJson(input.systemConfig)
  const blocks = input.l1Blocks.map(
    ({ number, hash, header, transactions, receipts }): MemoryL1Block => ({
      info: {
        hash,
        number: BigInt(number),
        parentHash: header.parentHash,
        timestamp: BigInt(header.timestamp),
        baseFee: BigInt(header.baseFeePerGas),
        mixHash: header.mixHash,
        transactionsRoot: header.transactionsRoot,
        receiptsRoot: header.receiptsRoot,
        logsBloom: header.logsBloom,
        ...(header.excessBlobGas && { excessBlobGas: BigInt(header.excessBlobGas) }),
        ...(header.blobGasUsed && { blobGasUsed: BigInt(header.blobGasUsed) }),
        ...(header.parentBeaconBlockRoot && { parentBeaconBlockRoot: header.parentBeaconBlockRoot }),
      },
      transactions: transactions.map(hexToBytes),
      receipts: (receipts ?? []).map((receipt) => receiptOf(hexToBytes(receipt))),
    }),
  )
  const safeHead = l2Ref(input.safeHead)
  const origin = blocks.find(({ info }) => info.hash === safeHead.l1Origin.hash)
  if (!origin) throw new Error('the L1 origin of the safe head is not in the fixture')
  return {
    config,
    systemConfig,
    l1: new MemoryL1(blocks),
    l2: new MemoryL2([{ ref: safeHead, systemConfig, transactions: [] }]),
    base: { l1Origin: l1Ref(origin), systemConfig, l2: safeHead },
    expected: expected.l2Blocks.map((block) => ({
      ref: l2Ref(block),
      attributes: attributesOf(block.payloadAttributes),
    })),
  }
}

function attributesOf(json: JsonAttributes): PayloadAttributes {
  return {
    timestamp: BigInt(json.timestamp),
    prevRandao: json.prevRandao,
    suggestedFeeRecipient: json.suggestedFeeRecipient,
    transactions: json.transactions.map(hexToBytes),
    noTxPool: json.noTxPool,
    gasLimit: BigInt(json.gasLimit),
    ...(json.withdrawals && { withdrawals: json.withdrawals }),
    ...(json.parentBeaconBlockRoot && { parentBeaconBlockRoot: json.parentBeaconBlockRoot }),
    ...(json.eip1559Params && { eip1559Params: json.eip1559Params }),
  }
}

/** A receipt from its consensus encoding: `[status, gas, bloom, logs]` after the type byte, if there is one. */
function receiptOf(bytes: Uint8Array): L1Receipt {
  const body = (bytes[0] as number) < 0xc0 ? bytes.subarray(1) : bytes
  const [status, , , logs] = decodeRlp(body) as [Uint8Array, Uint8Array, Uint8Array, readonly RlpItem[]]
  return {
    status: status[0] === 1,
    logs: logs.map((item): Log => {
      const [address, topics, data] = item as [Uint8Array, readonly Uint8Array[], Uint8Array]
      return { address: bytesToHex(address), topics: topics.map((topic) => bytesToHex(topic)), data: bytesToHex(data) }
    }),
  }
}
