import { describe, expect, it } from 'vitest'
import {
  type AccountProof,
  accountProofFromJson,
  attributesFromJson,
  attributesToJson,
  blockHeaderOf,
  bytesToHex,
  CodecError,
  compareProtocolVersions,
  computePayloadId,
  decodeHeader,
  decodeMessagePassedLog,
  decodeProtocolVersion,
  decodeTxEnvelope,
  eip1559BaseFee,
  encodeHeader,
  encodeOutput,
  encodeProtocolVersion,
  envelopeFromJson,
  extraDataOf,
  formatProtocolVersion,
  type Hash,
  type Hex,
  headerFromJson,
  headerHash,
  headerToJson,
  hexToBytes,
  keccak256,
  type Log,
  nextBaseFee,
  type OutputV0,
  orderedTrieRoot,
  outputRoot,
  type ProtocolVersion,
  payloadBlockHash,
  payloadHash,
  payloadSigningHash,
  recoverSender,
  rlpListHeader,
  txHash,
  verifyAccountProof,
  verifyTrieProof,
  withdrawalHash,
  withdrawalStorageSlot,
} from '../src/index.ts'
import { FIXTURES_ABSENT, forksUpTo } from '../testing/index.ts'
import { hasFixtures, vectorsOf } from './vectorFile.ts'

type Json = Record<string, unknown>

it.skipIf(hasFixtures)(FIXTURES_ABSENT, () => {
  expect(hasFixtures).toBe(false)
})

describe.skipIf(!hasFixtures)('headers, vectors/header-hash.json', () => {
  for (const { name, input, expected } of vectorsOf<{ header: Json }, { rlp: Hex; hash: Hash }>('header-hash')) {
    it(`[EXE-138] encodes, decodes and hashes the header of ${name}`, () => {
      const header = headerFromJson(input.header)
      expect(bytesToHex(encodeHeader(header))).toBe(expected.rlp)
      expect(headerHash(header)).toBe(expected.hash)
      expect(decodeHeader(hexToBytes(expected.rlp))).toEqual(header)
      expect(headerFromJson(headerToJson(header))).toEqual(header)
    })
  }
})

describe.skipIf(!hasFixtures)('payloads, vectors/payload-block-hash.json', () => {
  for (const { name, input, expected } of vectorsOf<Json, { blockHash: Hash; header?: Json }>('payload-block-hash')) {
    it(`[EXE-138] gives the block hash of ${name} from its fields`, () => {
      const envelope = envelopeFromJson(input)
      expect(payloadBlockHash(envelope)).toBe(expected.blockHash)
      if (expected.header) expect(headerHash(headerFromJson(expected.header))).toBe(headerHash(blockHeaderOf(envelope)))
    })
  }
})

describe.skipIf(!hasFixtures)('payload attributes, vectors/payload-attributes-json.json', () => {
  for (const { name, input } of vectorsOf<{ json: Json }, Json>('payload-attributes-json')) {
    it(`[EXE-128] refuses the ${name}, which lacks the gas limit that a rollup needs`, () => {
      expect(() => attributesFromJson(input.json)).toThrow('$.gasLimit: missing')
    })
    it(`carries the ${name} there and back when a gas limit is given`, () => {
      const json = { ...input.json, gasLimit: '0x1c9c380' }
      expect(attributesToJson(attributesFromJson(json))).toEqual(json)
    })
  }
})

describe.skipIf(!hasFixtures)('payload ids, vectors/payload-id.json', () => {
  type Input = { parentHash: Hash; payloadVersion: number; payloadAttributes: Json }
  const asQuantity = (value: unknown) => (typeof value === 'number' ? `0x${value.toString(16)}` : value)
  for (const { name, input, expected } of vectorsOf<Input, { payloadId: Hex }>('payload-id')) {
    it(`[EXE-139][EXE-140] computes the id for ${name}`, () => {
      const { timestamp, gasLimit, ...rest } = input.payloadAttributes
      const attributes = attributesFromJson({
        ...rest,
        timestamp: asQuantity(timestamp),
        gasLimit: asQuantity(gasLimit),
      })
      expect(computePayloadId(input.parentHash, attributes, input.payloadVersion)).toBe(expected.payloadId)
    })
  }
})

describe.skipIf(!hasFixtures)('output roots, vectors/output-root.json', () => {
  for (const { name, input, expected } of vectorsOf<OutputV0, { encoding?: Hex; outputRoot: Hash }>('output-root')) {
    it(`computes the root of ${name}`, () => {
      expect(outputRoot(input)).toBe(expected.outputRoot)
      if (expected.encoding) expect(bytesToHex(encodeOutput(input))).toBe(expected.encoding)
    })
  }
})

describe.skipIf(!hasFixtures)('lists, vectors/transactions-root.json and vectors/receipts-root.json', () => {
  type Txs = { transactions: Hex[] }
  for (const { name, input, expected } of vectorsOf<Txs, { transactionsRoot: Hash }>('transactions-root')) {
    it(`computes the transactions root of ${name}`, () => {
      expect(orderedTrieRoot(input.transactions.map(hexToBytes))).toBe(expected.transactionsRoot)
    })
    it(`decodes every transaction of ${name} and recovers its sender`, () => {
      for (const tx of input.transactions.map(hexToBytes)) {
        decodeTxEnvelope(tx)
        expect(recoverSender(tx)).toMatch(/^0x[0-9a-f]{40}$/)
      }
    })
  }
  type Receipts = { receipts: Hex[] }
  for (const { name, input, expected } of vectorsOf<Receipts, { receiptsRoot: Hash }>('receipts-root')) {
    it(`[DER-278] computes the receipts root of ${name}`, () => {
      expect(orderedTrieRoot(input.receipts.map(hexToBytes))).toBe(expected.receiptsRoot)
    })
  }
})

describe.skipIf(!hasFixtures)('blob transactions, vectors/l1-blob-tx.json', () => {
  type Expected = {
    txHash: Hash
    sender: Hex
    to: Hex
    chainId: number
    calldataLength: number
    blobVersionedHashes: Hash[]
  }
  for (const { name, input, expected } of vectorsOf<{ rawTransaction: Hex }, Expected>('l1-blob-tx')) {
    it(`reads ${name}`, () => {
      const bytes = hexToBytes(input.rawTransaction)
      const tx = decodeTxEnvelope(bytes)
      expect(tx).toMatchObject({
        type: 3,
        to: expected.to,
        chainId: BigInt(expected.chainId),
        blobVersionedHashes: expected.blobVersionedHashes,
      })
      expect(tx.input.length).toBe(expected.calldataLength)
      expect(txHash(bytes)).toBe(expected.txHash)
      expect(recoverSender(bytes)).toBe(expected.sender)
    })
  }
})

describe.skipIf(!hasFixtures)('extra data, vectors/extra-data.json', () => {
  type Input = {
    fork: 'holocene' | 'jovian'
    eip1559Params: Hex
    minBaseFee?: number | null
    chainDefaults?: { denominator: number; elasticity: number }
  }
  type Expected = { extraData?: Hex; error?: string }
  for (const { name, input, expected } of vectorsOf<Input, Expected>('extra-data')) {
    it(`[EXE-071][EXE-072][EXE-074][EXE-076] ${name} ${input.eip1559Params}`, () => {
      const { denominator = 250, elasticity = 6 } = input.chainDefaults ?? {}
      const config = {
        forks: forksUpTo(input.fork),
        chainOpConfig: {
          eip1559Elasticity: BigInt(elasticity),
          eip1559Denominator: 50n,
          eip1559DenominatorCanyon: BigInt(denominator),
        },
      }
      const attributes = {
        timestamp: 1n,
        eip1559Params: input.eip1559Params,
        ...(typeof input.minBaseFee === 'number' && { minBaseFee: BigInt(input.minBaseFee) }),
      }
      if (expected.error) expect(() => extraDataOf(config, attributes)).toThrow(CodecError)
      else expect(extraDataOf(config, attributes)).toBe(expected.extraData)
    })
  }
})

describe.skipIf(!hasFixtures)('base fees, vectors/base-fee.json', () => {
  const BASE_FEE_RULES = {
    regolith: '[EXE-063][EXE-068]',
    canyon: '[EXE-064][EXE-068]',
    ecotone: '[EXE-064][EXE-068]',
    fjord: '[EXE-064][EXE-068]',
    granite: '[EXE-064][EXE-068]',
    holocene: '[EXE-065][EXE-068]',
    isthmus: '[EXE-065][EXE-068]',
    jovian: '[EXE-066][EXE-067]',
  }
  type Fork = keyof typeof BASE_FEE_RULES
  type Input = {
    fork: Fork
    parent: {
      baseFeePerGas: number | string
      gasLimit: number
      gasUsed: number
      extraData?: Hex
      blobGasUsed?: number
    }
    denominator?: number
    elasticity?: number
    minBaseFee?: number
    chainDefaults?: { denominator: number; denominatorCanyon: number; elasticity: number }
  }
  for (const { name, input, expected } of vectorsOf<Input, { baseFeePerGas: string }>('base-fee')) {
    const parent = {
      baseFeePerGas: BigInt(input.parent.baseFeePerGas),
      gasLimit: BigInt(input.parent.gasLimit),
      gasUsed: BigInt(input.parent.gasUsed),
    }
    const { denominator, elasticity, chainDefaults } = input
    it(`${BASE_FEE_RULES[input.fork]} ${input.fork} ${name}, parent gas used ${parent.gasUsed}`, () => {
      if (chainDefaults || input.parent.extraData !== undefined) {
        const config = {
          forks: forksUpTo(input.fork),
          ...(chainDefaults && {
            chainOpConfig: {
              eip1559Elasticity: BigInt(chainDefaults.elasticity),
              eip1559Denominator: BigInt(chainDefaults.denominator),
              eip1559DenominatorCanyon: BigInt(chainDefaults.denominatorCanyon),
            },
          }),
        }
        const { extraData = '0x', blobGasUsed } = input.parent
        const header = {
          ...parent,
          timestamp: 1n,
          extraData,
          ...(blobGasUsed !== undefined && { blobGasUsed: BigInt(blobGasUsed) }),
        }
        expect(nextBaseFee(config, header, 3n)).toBe(BigInt(expected.baseFeePerGas))
      } else {
        const params = { denominator: BigInt(denominator as number), elasticity: BigInt(elasticity as number) }
        const blobGas = BigInt(input.parent.blobGasUsed ?? 0)
        const gasMetered = blobGas > parent.gasUsed ? blobGas : parent.gasUsed
        const fee = eip1559BaseFee({ ...parent, gasMetered }, params)
        const floor = BigInt(input.minBaseFee ?? 0)
        expect(fee < floor ? floor : fee).toBe(BigInt(expected.baseFeePerGas))
      }
    })
  }
})

describe.skipIf(!hasFixtures)('account proofs, vectors/account-proof.json', () => {
  for (const { name, input } of vectorsOf<{ stateRoot: Hash; proof: Json }, Json>('account-proof')) {
    const proof: AccountProof = accountProofFromJson(input.proof)
    it(`accepts ${name}`, () => {
      expect(() => verifyAccountProof(input.stateRoot, proof)).not.toThrow()
    })
    const changed: Record<string, AccountProof> = {
      balance: { ...proof, balance: proof.balance + 1n },
      nonce: { ...proof, nonce: proof.nonce + 1n },
      'storage hash': { ...proof, storageHash: proof.codeHash },
      'a node': {
        ...proof,
        accountProof: proof.accountProof.with(2, `${proof.accountProof[2]?.slice(0, -2)}ff` as Hex),
      },
      'the nodes, one fewer': { ...proof, accountProof: proof.accountProof.slice(0, -1) },
      'the nodes, one more': { ...proof, accountProof: [...proof.accountProof, proof.accountProof[0] as Hex] },
      'a slot': { ...proof, storageProof: proof.storageProof.map((entry) => ({ ...entry, value: entry.value + 1n })) },
    }
    for (const [what, bad] of Object.entries(changed)) {
      it(`refuses ${name} with another value of: ${what}`, () => {
        expect(() => verifyAccountProof(input.stateRoot, bad)).toThrow(CodecError)
      })
    }
    it(`refuses ${name} against another state root`, () => {
      expect(() => verifyAccountProof(proof.codeHash, proof)).toThrow(CodecError)
    })
    it(`shows with ${name} that another key is absent`, () => {
      const nodes = proof.accountProof.slice(0, 1).map(hexToBytes)
      expect(() => verifyTrieProof(input.stateRoot, keccak256(new Uint8Array(20)), nodes)).toThrow('ends before')
    })
  }
})

describe.skipIf(!hasFixtures)('protocol versions, vectors/protocol-version.json', () => {
  type Expected = Omit<ProtocolVersion, 'build'> & { display: string }
  for (const { name, input, expected } of vectorsOf<{ encoded: Hash }, Expected>('protocol-version')) {
    it(`[EXE-145] reads and writes ${name}`, () => {
      const version = decodeProtocolVersion(input.encoded) as ProtocolVersion
      const { major, minor, patch, preRelease } = expected
      expect(version).toMatchObject({ major, minor, patch, preRelease })
      expect(version.build).toBe(`0x${input.encoded.slice(18, 34)}`)
      expect(encodeProtocolVersion(version)).toBe(input.encoded)
      expect(formatProtocolVersion(version)).toBe(expected.display)
    })
  }
  it('[EXE-146] orders by major, minor, patch, and a pre-release before its release', () => {
    const version = (major: number, minor: number, patch: number, preRelease: number): ProtocolVersion => {
      return { build: '0x0000000000000000', major, minor, patch, preRelease }
    }
    const ordered = [
      version(1, 9, 9, 0),
      version(2, 0, 0, 1),
      version(2, 0, 0, 2),
      version(2, 0, 0, 0),
      version(2, 1, 0, 0),
    ]
    for (const [i, older] of ordered.entries()) {
      for (const newer of ordered.slice(i + 1)) {
        expect(compareProtocolVersions(older, newer)).toBeLessThan(0)
        expect(compareProtocolVersions(newer, older)).toBeGreaterThan(0)
      }
    }
    expect(compareProtocolVersions(version(1, 2, 3, 0), { ...version(1, 2, 3, 0), build: '0x0000000000000001' })).toBe(
      0,
    )
    expect(decodeProtocolVersion(`0x01${'00'.repeat(31)}`)).toBeNull()
  })
})

describe.skipIf(!hasFixtures)('signing hashes, vectors/signing-hash.json', () => {
  type Input = { payloadBytes: Hex; chainId: number }
  for (const { name, input, expected } of vectorsOf<Input, { payloadHash: Hash; signingHash: Hash }>('signing-hash')) {
    it(`[P2P-056][P2P-057] hashes the ${name}`, () => {
      const payload = hexToBytes(input.payloadBytes)
      expect(bytesToHex(payloadHash(payload))).toBe(expected.payloadHash)
      expect(bytesToHex(payloadSigningHash(BigInt(input.chainId), payload))).toBe(expected.signingHash)
    })
  }
})

describe.skipIf(!hasFixtures)('withdrawals, vectors/withdrawal-hash.json', () => {
  type Expected = { [Key in 'nonce' | 'value' | 'gasLimit']: string } & {
    sender: Hex
    target: Hex
    data: Hex
    withdrawalHash: Hash
    sentMessagesSlot: Hash
  }
  for (const { name, input, expected } of vectorsOf<{ log: Log }, Expected>('withdrawal-hash')) {
    it(`hashes the ${name}`, () => {
      const { nonce, value, gasLimit, sentMessagesSlot, ...rest } = expected
      const message = decodeMessagePassedLog(input.log)
      expect(message).toEqual({ ...rest, nonce: BigInt(nonce), value: BigInt(value), gasLimit: BigInt(gasLimit) })
      expect(withdrawalHash(message)).toBe(expected.withdrawalHash)
      expect(withdrawalStorageSlot(expected.withdrawalHash)).toBe(sentMessagesSlot)
    })
  }
})

describe('list headers', () => {
  it('switch to the long form at 56 bytes', () => {
    expect(bytesToHex(rlpListHeader(55))).toBe('0xf7')
    expect(bytesToHex(rlpListHeader(56))).toBe('0xf838')
    expect(bytesToHex(rlpListHeader(65_536))).toBe('0xfa010000')
  })
})
