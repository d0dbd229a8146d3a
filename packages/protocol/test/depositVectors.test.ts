import { describe, expect, it } from 'vitest'
import {
  applySystemConfigUpdates,
  bytesToHex,
  CodecError,
  type DepositTx,
  decodeDepositLog,
  decodeDepositTx,
  decodeL1InfoTx,
  decodeSystemConfigUpdate,
  encodeDepositTx,
  encodeL1InfoCalldata,
  type Hash,
  type Hex,
  hexToBytes,
  isDepositTx,
  KARST_UPGRADE_GAS,
  keccak256,
  keccak256Hex,
  keccak256Parts,
  L1_ATTRIBUTES_DEPOSITOR,
  type L1InfoFormat,
  type Log,
  l1InfoSourceHash,
  PREDEPLOYS,
  type SystemConfig,
  txHash,
  UPGRADE_FORKS,
  type UpgradeFork,
  upgradeSourceHash,
  upgradeTransactionsOf,
  userDepositSourceHash,
} from '../src/index.ts'
import { readFixture, testRollupConfig, testSystemConfig } from '../testing/index.ts'
import { hasFixtures, vectorsOf } from './vectorFile.ts'

/** A deposit as the vectors write it. */
type DepositJson = {
  sourceHash: Hash
  from: Hex
  to: Hex | null
  mint: string
  value: string
  gas: number
  isSystemTx: boolean
  data: Hex
}

function depositOf(json: DepositJson): DepositTx {
  return {
    ...json,
    mint: BigInt(json.mint),
    value: BigInt(json.value),
    gas: BigInt(json.gas),
    data: hexToBytes(json.data),
  }
}

describe.skipIf(!hasFixtures)('source hashes, vectors/source-hash.json', () => {
  type Input = { domain: number; intent: string; l1BlockHash: Hash; logIndex: number; sequenceNumber: number }
  const rule = ['[DER-274]', '[DER-251]', '[DER-298]']
  for (const { name, input, expected } of vectorsOf<Input, { sourceHash: Hash }>('source-hash')) {
    it(`${rule[input.domain]} ${name}`, () => {
      const { domain, intent, l1BlockHash, logIndex, sequenceNumber } = input
      const hash = [
        () => userDepositSourceHash(l1BlockHash, logIndex),
        () => l1InfoSourceHash(l1BlockHash, sequenceNumber),
        () => upgradeSourceHash(intent),
      ][domain]?.()
      expect(hash).toBe(expected.sourceHash)
    })
  }
})

describe.skipIf(!hasFixtures)('deposit transactions, vectors/deposit-tx.json', () => {
  type Expected = { txHash: Hash; fields: DepositJson }
  for (const { name, input, expected } of vectorsOf<{ rawTransaction: Hex }, Expected>('deposit-tx')) {
    it(`[DER-277] reads and writes ${name}`, () => {
      const bytes = hexToBytes(input.rawTransaction)
      expect(isDepositTx(bytes)).toBe(true)
      expect(decodeDepositTx(bytes)).toEqual(depositOf(expected.fields))
      expect(bytesToHex(encodeDepositTx(depositOf(expected.fields)))).toBe(input.rawTransaction)
      expect(txHash(bytes)).toBe(expected.txHash)
    })
  }
})

describe.skipIf(!hasFixtures)('deposit logs, vectors/deposit-log.json', () => {
  type Input = { l1BlockHash: Hash; logIndex: number; log: Log }
  type Expected = { error?: string; rawTransaction?: Hex; fields?: DepositJson }
  for (const { name, input, expected } of vectorsOf<Input, Expected>('deposit-log')) {
    // The recorded events leave out the fourth topic where it is not what the vector is about.
    const decode = () => decodeDepositLog(input.log, input.l1BlockHash, input.logIndex)
    if (expected.error !== undefined) {
      it(`[DER-247][DER-269][DER-270][DER-271] refuses: ${name} (${expected.error})`, () => {
        expect(decode).toThrow(CodecError)
      })
    } else {
      it(`[DER-271][DER-272][DER-273][DER-274] reads: ${name}`, () => {
        const deposit = decode()
        expect(deposit).toEqual(depositOf(expected.fields as DepositJson))
        expect(bytesToHex(encodeDepositTx(deposit))).toBe(expected.rawTransaction)
      })
    }
  }
})

describe.skipIf(!hasFixtures)('L1 attributes, vectors/l1-info-tx.json', () => {
  type Input = { calldata?: Hex; rawTransaction?: Hex; l1BlockHash?: Hash; sequenceNumber?: number }
  type Expected = {
    fork: L1InfoFormat
    number: number
    timestamp: number
    baseFee: string
    blockHash: Hash
    sequenceNumber: number
    batcherAddress: Hex
    l1FeeOverhead?: string
    l1FeeScalar?: string
    baseFeeScalar?: number
    blobBaseFeeScalar?: number
    blobBaseFee?: string
    operatorFeeScalar?: number
    operatorFeeConstant?: string
    daFootprintGasScalar?: number
    sourceHash?: Hash
    deposit?: DepositJson
    txHash?: Hash
  }
  const rule = { bedrock: '[DER-252]', ecotone: '[DER-253]', isthmus: '[DER-254]', jovian: '[DER-255]' }
  const word = (value: string) => `0x${BigInt(value).toString(16).padStart(64, '0')}`
  for (const { name, input, expected } of vectorsOf<Input, Expected>('l1-info-tx')) {
    it(`${rule[expected.fork]}[DER-265] reads and writes ${name}`, () => {
      const bytes = hexToBytes((input.calldata ?? input.rawTransaction) as Hex)
      const info = decodeL1InfoTx(bytes)
      expect(info).toEqual({
        format: expected.fork,
        number: BigInt(expected.number),
        timestamp: BigInt(expected.timestamp),
        baseFee: BigInt(expected.baseFee),
        blockHash: expected.blockHash,
        sequenceNumber: BigInt(expected.sequenceNumber),
        batcherAddress: expected.batcherAddress,
        ...(expected.l1FeeOverhead !== undefined && { overhead: word(expected.l1FeeOverhead) }),
        ...(expected.l1FeeScalar !== undefined && { scalar: word(expected.l1FeeScalar) }),
        ...(expected.baseFeeScalar !== undefined && { baseFeeScalar: expected.baseFeeScalar }),
        ...(expected.blobBaseFeeScalar !== undefined && { blobBaseFeeScalar: expected.blobBaseFeeScalar }),
        ...(expected.blobBaseFee !== undefined && { blobBaseFee: BigInt(expected.blobBaseFee) }),
        ...(expected.operatorFeeScalar !== undefined && { operatorFeeScalar: expected.operatorFeeScalar }),
        ...(expected.operatorFeeConstant !== undefined && {
          operatorFeeConstant: BigInt(expected.operatorFeeConstant),
        }),
        ...(expected.daFootprintGasScalar !== undefined && { daFootprintGasScalar: expected.daFootprintGasScalar }),
      })
      const calldata = isDepositTx(bytes) ? decodeDepositTx(bytes).data : bytes
      expect(bytesToHex(encodeL1InfoCalldata(info))).toBe(bytesToHex(calldata))
      if (input.rawTransaction) {
        const deposit = decodeDepositTx(bytes)
        expect(deposit).toMatchObject({ from: L1_ATTRIBUTES_DEPOSITOR, to: PREDEPLOYS.l1Block, mint: 0n, value: 0n })
        expect(deposit.gas).toBe(BigInt((expected.deposit as DepositJson).gas))
        expect(deposit.isSystemTx).toBe((expected.deposit as DepositJson).isSystemTx)
        expect(l1InfoSourceHash(info.blockHash, info.sequenceNumber)).toBe(expected.sourceHash)
        expect(txHash(bytes)).toBe(expected.txHash)
      }
    })
  }
})

describe.skipIf(!hasFixtures)('system config updates, vectors/system-config-update.json', () => {
  type Changes = {
    batcherAddress?: Hex
    overhead?: Hex
    scalar?: Hex
    gasLimit?: number
    operatorFeeScalar?: number
    operatorFeeConstant?: number
    minBaseFee?: number
  }
  type Input = { log: Log; ecotoneActive?: boolean }
  const pad = (hex: string) => `0x${hex.slice(2).padStart(64, '0')}` as const
  const uint = (value: number, bytes: number) => value.toString(16).padStart(bytes * 2, '0')
  for (const { name, input, expected } of vectorsOf<Input, { error?: true; systemConfigChanges?: Changes }>(
    'system-config-update',
  )) {
    const config = { ...testRollupConfig(), forks: input.ecotoneActive === false ? {} : { ecotone: 0n } }
    const apply = (log: Log) => {
      const receipts = [{ status: true, logs: [{ ...log, address: config.l1SystemConfigAddress }] }]
      return applySystemConfigUpdates(before, receipts, config, 1n)
    }
    const before = testSystemConfig()
    if (expected.error) {
      it(`[DER-283][DER-284] skips an update: ${name}`, () => {
        expect(decodeSystemConfigUpdate(input.log)).toBeNull()
        expect(apply(input.log)).toBe(before)
      })
      continue
    }
    it(`[DER-281][DER-284] applies: ${name}`, () => {
      const changes = expected.systemConfigChanges ?? {}
      const { operatorFeeScalar, operatorFeeConstant = 0 } = changes
      const after: SystemConfig = {
        ...before,
        ...(changes.batcherAddress && { batcherAddress: changes.batcherAddress }),
        ...(changes.overhead && { overhead: pad(changes.overhead) }),
        ...(changes.scalar && { scalar: pad(changes.scalar) }),
        ...(changes.gasLimit !== undefined && { gasLimit: BigInt(changes.gasLimit) }),
        ...(changes.minBaseFee !== undefined && { minBaseFee: BigInt(changes.minBaseFee) }),
        ...(operatorFeeScalar !== undefined && {
          operatorFeeParams: pad(`0x${uint(operatorFeeScalar, 4)}${uint(operatorFeeConstant, 8)}`),
        }),
      }
      expect(apply(input.log)).toEqual(after)
    })
  }
})

describe.skipIf(!hasFixtures)('upgrade transactions, vectors/upgrade-transactions.json', () => {
  type Tx = DepositJson & { rawTransaction: Hex; txHash: Hash; intent: string; dataKeccak: Hash; dataLength: number }
  type Expected = { count: number; totalGas: number; transactions: Tx[] }
  const rules: Record<string, readonly [count: string, ...rows: string[]]> = {
    ecotone: ['DER-300', 'DER-301', 'DER-302', 'DER-303', 'DER-304', 'DER-305', 'DER-306'],
    fjord: ['DER-307', 'DER-308', 'DER-309', 'DER-310'],
    isthmus: ['DER-311', 'DER-312', 'DER-313', 'DER-314', 'DER-315', 'DER-316', 'DER-317', 'DER-318', 'DER-319'],
    jovian: ['DER-320', 'DER-321', 'DER-322', 'DER-323', 'DER-324', 'DER-325'],
  }
  for (const { input, expected } of vectorsOf<{ fork: UpgradeFork }, Expected>('upgrade-transactions')) {
    const [count, ...rows] = rules[input.fork] ?? ['']
    it(`[${count}] ${input.fork} has ${expected.count} upgrade transactions`, () => {
      const txs = upgradeTransactionsOf(input.fork)
      expect(txs.length).toBe(expected.count)
      expect(txs.reduce((sum, tx) => sum + decodeDepositTx(tx).gas, 0n)).toBe(BigInt(expected.totalGas))
    })
    for (const [i, tx] of expected.transactions.entries()) {
      it(`[${rows[i]}][DER-298] ${tx.intent}`, () => {
        const bytes = upgradeTransactionsOf(input.fork)[i] as Uint8Array
        const deposit = decodeDepositTx(bytes)
        expect(deposit).toMatchObject({
          sourceHash: tx.sourceHash,
          from: tx.from,
          to: tx.to,
          mint: 0n,
          value: 0n,
          gas: BigInt(tx.gas),
          isSystemTx: false,
        })
        expect(deposit.data.length).toBe(tx.dataLength)
        expect(keccak256Hex(deposit.data)).toBe(tx.dataKeccak)
        expect(bytesToHex(bytes)).toBe(tx.rawTransaction)
        expect(txHash(bytes)).toBe(tx.txHash)
      })
    }
  }
})

describe('upgrade transactions, upgrades/*.json', () => {
  type Row = { intent: string; from: Hex; to: Hex | null; gas?: number; gasLimit?: number; data: Hex; txHash?: Hash }
  for (const fork of UPGRADE_FORKS) {
    it.skipIf(!hasFixtures)(
      `[DER-298]${fork === 'karst' ? '[DER-326][DER-327]' : ''} ${fork} has the data of the file`,
      () => {
        const { transactions } = readFixture<{ transactions: Row[] }>(`upgrades/${fork}.json`)
        const actual = upgradeTransactionsOf(fork).map(decodeDepositTx)
        expect(actual.length).toBe(transactions.length)
        for (const [i, row] of transactions.entries()) {
          const intent = fork === 'karst' ? `Karst ${i}: ${row.intent}` : row.intent
          expect(actual[i]).toEqual({
            sourceHash: upgradeSourceHash(intent),
            from: row.from.toLowerCase(),
            to: row.to?.toLowerCase() ?? null,
            mint: 0n,
            value: 0n,
            gas: BigInt(row.gas ?? row.gasLimit ?? 0),
            isSystemTx: false,
            data: hexToBytes(row.data),
          })
        }
      },
    )
  }

  it('[DER-326][DER-327] the 31 deposits of Karst hash to the published values', () => {
    const txs = upgradeTransactionsOf('karst')
    expect(txs.length).toBe(31)
    const known: Record<number, readonly [sourceHash: Hash, hash: Hash]> = {
      0: [
        '0x7e71ceb6816466ed1bbe59fce31bab86fbb815adbca6d2587fa492f6eb6eba74',
        '0x7582a14ccf99987782cdf0a40ecb81fc7230cf18e4603354e225fc14fe4859d9',
      ],
      1: [
        '0xd23869ff0fadabd720e471e24eebbcc2f319deb508dba9cd8effef8cd25dd55c',
        '0xbe2ad7064d023c471b3f1bef6546e167468a98e22539d6d426e5a7180612f4c3',
      ],
      30: [
        '0x343d18613a55342c09a7be60664cb2e9bce77a17302c41322753e31427f9c543',
        '0xd2e9eb2ba77098610e7dda134e70f741f7456f4ec49912d667860c40988dfd8e',
      ],
    }
    for (const [i, [sourceHash, hash]] of Object.entries(known)) {
      const tx = txs[Number(i)] as Uint8Array
      expect(decodeDepositTx(tx).sourceHash).toBe(sourceHash)
      expect(txHash(tx)).toBe(hash)
    }
    const all = bytesToHex(keccak256Parts(...txs.map(keccak256)))
    expect(all).toBe('0x8103b19f142acec8f509c3f37cb3c2b093ff726cf471fb8a77fa163d54f3ca89')
    expect(txs.reduce((sum, tx) => sum + tx.length, 0)).toBe(162_477)
    expect(txs.reduce((sum, tx) => sum + decodeDepositTx(tx).gas, 0n)).toBe(KARST_UPGRADE_GAS)
  })
})
