/// <reference types="node" />
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Address,
  addToBloom,
  applySystemConfigUpdates,
  attributesFromJson,
  blockHeaderOf,
  bloomMayContain,
  bytesToHex,
  CONFIG_UPDATE_EVENT_TOPIC,
  DEPOSIT_EVENT_TOPIC,
  decodeTxEnvelope,
  depositsFromReceipts,
  encodeDepositTx,
  envelopeOf,
  extraDataOf,
  type Hash,
  type Hex,
  headerFromJson,
  headerHash,
  headerToL1BlockInfo,
  hexToBytes,
  isForkActive,
  type L1Receipt,
  l1InfoDepositTx,
  nextBaseFee,
  orderedTrieRoot,
  payloadBlockHash,
  payloadL1Info,
  payloadToL2BlockRef,
  payloadToSystemConfig,
  RlpReader,
  recoverSender,
  rollupConfigFromJson,
  rollupConfigToJson,
  systemConfigFromJson,
  txType,
  upgradeTransactions,
} from '../src/index.ts'
import { FIXTURES_ABSENT, fixtureFolder, readFixture, testRollupConfig } from '../testing/index.ts'

type Json = Record<string, unknown>
const folder = fixtureFolder()

it.skipIf(folder)(FIXTURES_ABSENT, () => {
  expect(folder).toBeNull()
})

/** The logs of a consensus-encoded receipt. */
function receiptOf(bytes: Uint8Array): L1Receipt {
  const fields = new RlpReader(bytes, txType(bytes) === 0 ? 0 : 1).list()
  const status = fields.quantity() === 1n
  fields.quantity()
  fields.string()
  const list = fields.list()
  const logs: L1Receipt['logs'][number][] = []
  while (!list.done) {
    const log = list.list()
    const address = bytesToHex(log.string())
    const topics = log.list()
    const hashes: Hash[] = []
    while (!topics.done) hashes.push(bytesToHex(topics.string()))
    logs.push({ address, topics: hashes, data: bytesToHex(log.string()) })
  }
  return { status, logs }
}

type ExecutionFixture = {
  chain: string
  number: number
  timestamp: number
  fork: string
  rollupConfig: Json
  parentHeader: Json
  parentHash: Hash
  payloadAttributes: Json
  expected: { blockHash: Hash; header: Json }
}

describe.skipIf(!folder)('executed blocks of public chains', () => {
  const files = folder ? readdirSync(join(folder, 'execution')).filter((file) => file.endsWith('.gz')) : []
  for (const file of files) {
    it(`[EXE-138][DER-266][DER-243] ${file}: header, base fee, extra data, ref and system config`, () => {
      const fixture = readFixture<ExecutionFixture>(`execution/${file}`)
      // The development net's config is without its genesis.
      const config = rollupConfigFromJson({
        ...rollupConfigToJson(testRollupConfig({ forks: {} })),
        ...fixture.rollupConfig,
      })
      const parent = headerFromJson(fixture.parentHeader)
      const header = headerFromJson(fixture.expected.header)
      const attributes = attributesFromJson(fixture.payloadAttributes)
      expect(headerHash(parent)).toBe(fixture.parentHash)
      expect(headerHash(header)).toBe(fixture.expected.blockHash)
      expect(nextBaseFee(config, { ...parent, baseFeePerGas: parent.baseFeePerGas ?? 0n }, header.timestamp)).toBe(
        header.baseFeePerGas,
      )
      expect(extraDataOf(config, attributes)).toBe(header.extraData)
      expect(upgradeTransactions(config, header.timestamp)).toEqual([])

      const envelope = envelopeOf(header, fixture.expected.blockHash, attributes.transactions)
      const payload = envelope.executionPayload
      expect(payloadBlockHash(envelope)).toBe(fixture.expected.blockHash)
      expect(blockHeaderOf(envelope)).toEqual(header)
      const info = payloadL1Info(payload)
      expect(payloadToL2BlockRef(config, payload)).toEqual({
        hash: fixture.expected.blockHash,
        number: header.number,
        parentHash: fixture.parentHash,
        timestamp: header.timestamp,
        l1Origin: { hash: info.blockHash, number: info.number },
        sequenceNumber: info.sequenceNumber,
      })
      const systemConfig = payloadToSystemConfig(config, payload)
      expect(systemConfig).toMatchObject({ gasLimit: attributes.gasLimit, batcherAddress: info.batcherAddress })
      if (isForkActive(config, 'holocene', header.timestamp)) {
        expect(systemConfig.eip1559Params).toBe(`0x${header.extraData.slice(4, 20)}`)
      }
    })
  }
})

type PipelineFixture = {
  input: {
    rollupConfig: Json
    systemConfig: Json
    l1Blocks: { number: number; hash: Hash; header: Json; transactions: Hex[]; receipts: Hex[] | null }[]
  }
  expected: {
    batcherTransactions: { l1Block: number; txIndex: number; from: Address }[]
    l2Blocks: {
      number: number
      timestamp: number
      l1Origin: { hash: Hash }
      sequenceNumber: number
      payloadAttributes: { transactions: Hex[] }
    }[]
  }
}

describe.skipIf(!folder)('Ethereum blocks 18090205 to 18090218 and what OP Mainnet made of them', () => {
  const path = 'derivation/pipeline-op-mainnet-regolith-18090205.json.gz'
  const { input, expected } = folder ? readFixture<PipelineFixture>(path) : ({} as PipelineFixture)
  const config = folder ? rollupConfigFromJson(input.rollupConfig) : null
  if (!config) return
  const systemConfig = systemConfigFromJson(input.systemConfig)
  const l1Blocks = input.l1Blocks.map((block) => {
    const receipts = block.receipts?.map(hexToBytes) ?? null
    return { ...block, info: headerToL1BlockInfo(headerFromJson(block.header)), receiptBytes: receipts }
  })

  for (const { number, hash, info, transactions, receiptBytes } of l1Blocks) {
    it(`[DER-278] L1 block ${number} has the hash, transactions and receipts of its header`, () => {
      expect(info.hash).toBe(hash)
      const bytes = transactions.map(hexToBytes)
      expect(orderedTrieRoot(bytes)).toBe(info.transactionsRoot)
      for (const tx of bytes) expect(decodeTxEnvelope(tx).type).toBe(txType(tx))
      if (receiptBytes) expect(orderedTrieRoot(receiptBytes)).toBe(info.receiptsRoot)
    })
  }

  it('finds the sender of the batcher transactions', () => {
    const byNumber = new Map(l1Blocks.map((block) => [block.number, block]))
    expect(expected.batcherTransactions.length).toBeGreaterThan(0)
    for (const { l1Block, txIndex, from } of expected.batcherTransactions) {
      const tx = hexToBytes(byNumber.get(l1Block)?.transactions[txIndex] as Hex)
      expect(recoverSender(tx)).toBe(from)
      expect(decodeTxEnvelope(tx).to).toBe(config.batchInboxAddress)
    }
  })

  it('[DER-267] sees in the bloom which blocks may have deposits, and finds none elsewhere', () => {
    for (const { info, receipts, receiptBytes } of l1Blocks) {
      const bloom = hexToBytes(info.logsBloom)
      const mayDeposit = bloomMayContain(bloom, config.depositContractAddress, DEPOSIT_EVENT_TOPIC)
      const mayUpdate = bloomMayContain(bloom, config.l1SystemConfigAddress, CONFIG_UPDATE_EVENT_TOPIC)
      if (receipts === null) expect(mayDeposit || mayUpdate).toBe(false)
      else {
        const logs = (receiptBytes ?? []).map(receiptOf).flatMap((receipt) => receipt.logs)
        const rebuilt = new Uint8Array(256)
        for (const { address, topics } of logs) for (const value of [address, ...topics]) addToBloom(rebuilt, value)
        expect(bytesToHex(rebuilt)).toBe(info.logsBloom)
      }
    }
  })

  for (const block of expected.l2Blocks) {
    it(`[DER-226][DER-227][DER-252][DER-274] L2 block ${block.number} begins with its L1 attributes and deposits`, () => {
      const origin = l1Blocks.find(({ hash }) => hash === block.l1Origin.hash)
      if (!origin) throw new Error(`no L1 block ${block.l1Origin.hash}`)
      const receipts = origin.receiptBytes?.map(receiptOf) ?? []
      const isFirst = block.sequenceNumber === 0
      const updated = applySystemConfigUpdates(systemConfig, receipts, config, origin.info.timestamp)
      const sequenceNumber = BigInt(block.sequenceNumber)
      const attributes = l1InfoDepositTx(config, updated, sequenceNumber, origin.info, BigInt(block.timestamp))
      const deposits = isFirst ? depositsFromReceipts(receipts, config.depositContractAddress, origin.hash) : []
      const forced = [attributes, ...deposits.map(encodeDepositTx)].map(bytesToHex)
      const actual = block.payloadAttributes.transactions.filter((tx) => tx.startsWith('0x7e'))
      expect(forced).toEqual(actual)
    })
  }
})
