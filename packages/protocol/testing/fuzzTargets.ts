import {
  attributesFromJson,
  attributesToJson,
  bytesEqual,
  bytesToHex,
  CodedError,
  concatBytes,
  DEPOSIT_EVENT_TOPIC,
  decodeAccessList,
  decodeAuthorizations,
  decodeDepositLog,
  decodeDepositTx,
  decodeEip1559Params,
  decodeExtraData,
  decodeHeader,
  decodeL1InfoTx,
  decodePayloadSsz,
  decodeRlp,
  decodeSystemConfigUpdate,
  decodeTxEnvelope,
  encodeDepositTx,
  encodeExtraData,
  encodeHeader,
  encodeL1InfoCalldata,
  encodePayloadSsz,
  encodeRlp,
  envelopeFromJson,
  envelopeToJson,
  headerFromJson,
  hexToBytes,
  isDepositTx,
  keccak256,
  l1ChainConfigFromJson,
  type PayloadVersion,
  rollupConfigFromJson,
  rollupConfigToJson,
  syncStatusFromJson,
  upgradeTransactionsOf,
  utf8Bytes,
  verifyTrieProof,
  ZERO_HASH,
} from '../src/index.ts'
import { forksUpTo, testAddress, testHash, testRollupConfig } from './configs.ts'
import type { FuzzTarget } from './fuzzing.ts'
import { testConfigUpdateLog, testDepositLog, testEnvelope } from './payloads.ts'

/** Runs a decoder; an error with a code says that the input is bad, which is right. `null`: it was refused. */
function attempt<T>(decode: () => T): T | null {
  try {
    return decode()
  } catch (err) {
    if (err instanceof CodedError) return null
    throw err
  }
}

function expectSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (!bytesEqual(actual, expected)) throw new Error(`${what} does not encode to what it was decoded from`)
}

/** A decoder whose accepted inputs must come back byte for byte. */
function roundTrip<T>(
  name: string,
  seeds: readonly Uint8Array[],
  decode: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
): FuzzTarget {
  return {
    name,
    seeds,
    run(input) {
      const value = attempt(() => decode(input))
      if (value !== null) expectSame(encode(value), input, name)
    },
  }
}

/** A reader of JSON documents, given as text. */
function jsonTarget(name: string, seeds: readonly unknown[], read: (json: unknown) => unknown): FuzzTarget {
  return {
    name,
    seeds: seeds.map((seed) => utf8Bytes(JSON.stringify(seed))),
    run(input) {
      let json: unknown
      try {
        json = JSON.parse(new TextDecoder().decode(input))
      } catch {
        return
      }
      attempt(() => read(json))
    },
  }
}

const config = testRollupConfig()
const envelopes = (['regolith', 'canyon', 'ecotone', 'jovian'] as const).map((fork) =>
  testEnvelope({
    config: testRollupConfig({ forks: forksUpTo(fork) }),
    transactions: [Uint8Array.of(2, 0xc0), new Uint8Array(70)],
  }),
)
const deposits = envelopes.map(({ executionPayload }) => executionPayload.transactions[0] as Uint8Array)
const depositLog = testDepositLog(config, { from: testAddress(1), to: testAddress(2), data: '0x0102030405' })
const updateLogs = [0, 1, 2, 4, 5, 6, 7].map((type) =>
  testConfigUpdateLog(config, type, 5n, ...(type === 1 ? [6n] : [])),
)
const header = encodeHeader({
  ...decodeHeaderSeed(),
  withdrawalsRoot: ZERO_HASH,
  blobGasUsed: 1n,
  excessBlobGas: 2n,
  parentBeaconBlockRoot: testHash(1),
  requestsHash: testHash(2),
})

function decodeHeaderSeed() {
  return {
    ...headerFromJson({
      ...Object.fromEntries(
        ['parentHash', 'sha3Uncles', 'stateRoot', 'transactionsRoot', 'receiptsRoot', 'mixHash'].map((key) => [
          key,
          testHash(3),
        ]),
      ),
      miner: testAddress(4),
      logsBloom: `0x${'00'.repeat(256)}`,
      nonce: '0x0000000000000000',
      extraData: '0x010203',
      ...Object.fromEntries(['number', 'gasLimit', 'gasUsed', 'timestamp', 'difficulty'].map((key) => [key, '0x1234'])),
    }),
    baseFeePerGas: 7n,
  }
}

/** Signed transactions of every type; the signatures are of nobody. */
const signedTxs = [
  encodeRlp([1n, 2n, 3n, testAddress(1), 4n, '0x0102', 38n, 5n, 6n]),
  encodeRlp([10n, 1n, 2n, 3n, testAddress(1), 4n, '0x0102', [[testAddress(2), [testHash(1)]]], 1n, 5n, 6n], 1),
  encodeRlp([10n, 1n, 2n, 2n, 3n, '0x', 4n, '0x0102', [], 0n, 5n, 6n], 2),
  encodeRlp([10n, 1n, 2n, 2n, 3n, testAddress(1), 4n, '0x', [], 9n, [testHash(1)], 0n, 5n, 6n], 3),
  encodeRlp([10n, 1n, 2n, 2n, 3n, testAddress(1), 4n, '0x', [], [[1n, testAddress(3), 1n, 0n, 5n, 6n]], 0n, 5n, 6n], 4),
]

const leafKey = keccak256(Uint8Array.of(1))
const leaf = encodeRlp([concatBytes(Uint8Array.of(0x20), leafKey), Uint8Array.of(1, 2, 3)])

/** A fuzz target for every codec of this package outside `channel/`. */
export const CODEC_FUZZ_TARGETS: readonly FuzzTarget[] = [
  roundTrip('rlp', [...signedTxs.slice(0, 1), header], decodeRlp, encodeRlp),
  {
    name: 'hex',
    seeds: ['0x', '0xAbcd', `0x${'12'.repeat(80)}`].map(utf8Bytes),
    run(input) {
      const text = new TextDecoder().decode(input)
      const bytes = attempt(() => hexToBytes(text))
      if (bytes && bytesToHex(bytes) !== text.toLowerCase()) throw new Error(`hex ${text}`)
    },
  },
  {
    name: 'txEnvelope',
    seeds: [...signedTxs, ...deposits],
    run(input) {
      const tx = attempt(() => decodeTxEnvelope(input))
      if (!tx || tx.type === 0x7e) return
      attempt(() => decodeAccessList(tx.accessListRlp))
      attempt(() => decodeAuthorizations(tx.authorizationListRlp))
    },
  },
  roundTrip(
    'depositTx',
    [...deposits, upgradeTransactionsOf('ecotone')[2] as Uint8Array],
    decodeDepositTx,
    encodeDepositTx,
  ),
  {
    name: 'depositLog',
    seeds: [hexToBytes(depositLog.data)],
    run(input) {
      const topics = [DEPOSIT_EVENT_TOPIC, ...depositLog.topics.slice(1)]
      const deposit = attempt(() => decodeDepositLog({ ...depositLog, topics, data: bytesToHex(input) }, ZERO_HASH, 0))
      if (deposit)
        expectSame(encodeDepositTx(decodeDepositTx(encodeDepositTx(deposit))), encodeDepositTx(deposit), 'deposit')
    },
  },
  {
    name: 'l1Info',
    seeds: deposits.flatMap((tx) => [tx, decodeDepositTx(tx).data]),
    run(input) {
      const info = attempt(() => decodeL1InfoTx(input))
      if (info && !isDepositTx(input)) expectSame(encodeL1InfoCalldata(info), input, 'L1 attributes')
    },
  },
  {
    name: 'systemConfigUpdate',
    seeds: updateLogs.map(({ data }) => hexToBytes(data)),
    run(input) {
      for (const log of updateLogs) decodeSystemConfigUpdate({ ...log, data: bytesToHex(input) })
    },
  },
  roundTrip('header', [header], decodeHeader, encodeHeader),
  {
    name: 'extraData',
    seeds: [hexToBytes('0x00000000fa00000006'), hexToBytes('0x01000000fa000000060000000000000001')],
    run(input) {
      const hex = bytesToHex(input)
      const fees = attempt(() => decodeExtraData(hex))
      if (fees && encodeExtraData(fees) !== hex) throw new Error(`extra data ${hex}`)
      attempt(() => decodeEip1559Params(hex))
    },
  },
  ...envelopes.map((envelope, index) => {
    const version = (index + 1) as PayloadVersion
    const decode = (bytes: Uint8Array) => decodePayloadSsz(bytes, version)
    return roundTrip(`payloadSszV${version}`, [encodePayloadSsz(envelope)], decode, encodePayloadSsz)
  }),
  {
    name: 'trieProof',
    seeds: [leaf],
    run(input) {
      attempt(() => verifyTrieProof(bytesToHex(keccak256(input)), leafKey, [input]))
    },
  },
  jsonTarget('rollupConfigJson', [rollupConfigToJson(config)], (json) => rollupConfigFromJson(json)),
  jsonTarget('payloadJson', envelopes.map(envelopeToJson), (json) => envelopeFromJson(json)),
  jsonTarget(
    'attributesJson',
    [
      attributesToJson({
        timestamp: 1n,
        prevRandao: testHash(1),
        suggestedFeeRecipient: testAddress(1),
        withdrawals: [],
        transactions: deposits,
        noTxPool: true,
        gasLimit: 1n,
        eip1559Params: '0x0000000000000000',
        minBaseFee: 1n,
      }),
    ],
    (json) => attributesFromJson(json),
  ),
  jsonTarget('syncStatusJson', [{ unsafe_l2: {} }], (json) => syncStatusFromJson(json)),
  jsonTarget(
    'l1ChainConfigJson',
    [{ chainId: 1, cancunTime: 0, blobSchedule: { cancun: { target: 3, max: 6, baseFeeUpdateFraction: 5 } } }],
    (json) => l1ChainConfigFromJson(json),
  ),
]
