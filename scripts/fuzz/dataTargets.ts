import {
  accountProofFromJson,
  applySystemConfigUpdates,
  attributesFromJson,
  attributesToJson,
  bytesToHex,
  decodeDepositLog,
  decodeDepositTx,
  decodeExtraData,
  decodeHeader,
  decodeL1InfoTx,
  decodePayloadSsz,
  decodeRlp,
  decodeTxEnvelope,
  encodeDepositTx,
  encodeHeader,
  encodePayloadSsz,
  envelopeFromJson,
  type Hex,
  headerFromJson,
  hexToBytes,
  type Log,
  payloadToJson,
  payloadVersionOf,
  recoverSender,
  rollupConfigFromJson,
  rollupConfigToJson,
  tryDecodeTxEnvelope,
  verifyAccountProof,
} from '../../packages/protocol/src/index.ts'
import {
  forksUpTo,
  testConfigUpdateLog,
  testDepositLog,
  testEnvelope,
  testHash,
  testRollupConfig,
  testSystemConfig,
  testTx,
} from '../../packages/protocol/testing/index.ts'
import { type Json, mutateBytes } from './mutate.ts'
import type { Random } from './random.ts'
import { tryFixture, vectorBytes, vectorInputs } from './seeds.ts'
import { bytesTarget, codedErrors, type FuzzTarget, jsonTarget, noErrors } from './target.ts'

/** A decoder of logs: topics, address and data are changed. */
function logTarget(name: string, seeds: readonly Log[], run: (log: Log) => unknown): FuzzTarget {
  const mutateHex = (random: Random, text: Hex): Hex => {
    const bytes = hexToBytes(text)
    return bytesToHex(mutateBytes(random, bytes, bytes))
  }
  return {
    name,
    expects: codedErrors,
    generate(random) {
      const seed = random.pick(seeds)
      const topics = seed.topics.flatMap((topic) => {
        if (random.chance(3)) return []
        if (random.chance(3)) return [topic, topic]
        // A topic has 32 bytes on every L1: what they are may be anything.
        return [random.chance(5) ? bytesToHex(random.bytes(32)) : topic]
      })
      const input: Log = {
        address: seed.address,
        topics,
        data: random.chance(90) ? mutateHex(random, seed.data) : seed.data,
      }
      return { size: 200 + seed.data.length / 2, run: () => void run(input), show: () => JSON.stringify(input) }
    },
  }
}

/** Every other decoder of what L1, a peer, an engine or a file may give. */
export function dataTargets(): FuzzTarget[] {
  const config = testRollupConfig({ forks: forksUpTo('jovian') })
  const transactions = [
    ...([0, 1, 2, 4] as const).map((type) => testTx({ type, input: Uint8Array.of(1, 2, 3) })),
    ...vectorBytes('transactions-root', 'transactions').slice(0, 60),
    ...vectorBytes('l1-blob-tx', 'rawTransaction'),
  ]
  const depositLog = testDepositLog(config, {
    from: `0x${'11'.repeat(20)}`,
    to: `0x${'22'.repeat(20)}`,
    mint: 5n,
    value: 6n,
    gas: 100_000n,
    data: '0x010203',
  })
  const deposits = [
    encodeDepositTx(decodeDepositLog(depositLog, testHash(1), 0)),
    ...vectorBytes('deposit-tx', 'rawTransaction'),
  ]
  const envelopes = (['bedrock', 'canyon', 'ecotone', 'isthmus', 'jovian'] as const).map((fork) =>
    testEnvelope({ config: testRollupConfig({ forks: forksUpTo(fork) }), transactions: [testTx()] }),
  )
  const infos = [
    ...vectorBytes('l1-info-tx', 'calldata', 'rawTransaction'),
    ...envelopes.map(({ executionPayload }) => executionPayload.transactions[0] as Uint8Array),
  ]
  const payloads = envelopes.map((envelope) => ({
    version: payloadVersionOf(envelope.executionPayload),
    bytes: encodePayloadSsz(envelope),
  }))
  const sszTargets = payloads.map(({ version, bytes }) =>
    bytesTarget(`payload-ssz-v${version}`, [bytes], (input) => decodePayloadSsz(input, version)),
  )
  const updates = [0, 1, 2, 3, 4, 5, 6, 7].map((type) => testConfigUpdateLog(config, type, 1n, 2n ** 200n + 7n))
  const configs: Json[] = [JSON.parse(JSON.stringify(rollupConfigToJson(config))) as Json]
  const pipeline = tryFixture<{ input: { rollupConfig: Json } }>(
    'derivation/pipeline-op-mainnet-regolith-18090205.json.gz',
  )
  if (pipeline) configs.push(pipeline.input.rollupConfig)
  const headers = vectorInputs<{ header: Json }>('header-hash').map(({ header }) => header)
  const headerBytes = headers.map((header) => encodeHeader(headerFromJson(header)))
  const proofs = vectorInputs<{ stateRoot: Hex; proof: Json }>('account-proof')
  const targets = [
    bytesTarget('rlp', [...transactions, ...deposits], decodeRlp),
    bytesTarget('tx-envelope', [...transactions, ...deposits], decodeTxEnvelope),
    bytesTarget('try-tx-envelope', [...transactions, ...deposits], tryDecodeTxEnvelope, { expects: noErrors }),
    bytesTarget('sender', transactions, recoverSender, { expects: noErrors }),
    bytesTarget('deposit-tx', deposits, decodeDepositTx),
    logTarget('deposit-log', [depositLog, ...vectorInputs<{ log: Log }>('deposit-log').map(({ log }) => log)], (log) =>
      decodeDepositLog(log, testHash(1), 3),
    ),
    bytesTarget('l1-info', infos, decodeL1InfoTx),
    logTarget('system-config-log', updates, (log) =>
      applySystemConfigUpdates(testSystemConfig(), [{ status: true, logs: [log] }], config, 10_000n),
    ),
    ...sszTargets.filter(({ name }, i) => sszTargets.findIndex((other) => other.name === name) === i),
    bytesTarget(
      'extra-data',
      vectorBytes('extra-data', 'extraData').concat([new Uint8Array(9).fill(1), new Uint8Array(17).fill(1)]),
      (bytes) => decodeExtraData(bytesToHex(bytes)),
    ),
    jsonTarget('rollup-config', configs, rollupConfigFromJson),
    jsonTarget(
      'payload-json',
      envelopes.map(({ executionPayload, parentBeaconBlockRoot }) => ({
        executionPayload: payloadToJson(executionPayload) as Json,
        ...(parentBeaconBlockRoot ? { parentBeaconBlockRoot } : {}),
      })),
      envelopeFromJson,
    ),
    jsonTarget(
      'attributes-json',
      [
        attributesToJson({
          timestamp: 5n,
          prevRandao: testHash(1),
          suggestedFeeRecipient: `0x${'42'.repeat(20)}`,
          transactions: [Uint8Array.of(1)],
          noTxPool: true,
          gasLimit: 30_000_000n,
        }) as Json,
      ],
      attributesFromJson,
    ),
  ]
  if (headers.length > 0) {
    targets.push(jsonTarget('header-json', headers, headerFromJson), bytesTarget('header', headerBytes, decodeHeader))
  }
  if (proofs.length > 0) {
    const { stateRoot } = proofs[0] as { stateRoot: Hex }
    targets.push(
      jsonTarget(
        'account-proof',
        proofs.map(({ proof }) => proof),
        (json) => verifyAccountProof(stateRoot, accountProofFromJson(json)),
      ),
    )
  }
  return targets
}
