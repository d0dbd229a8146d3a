import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  bytesToHex,
  CodedError,
  decodeDepositLog,
  decodeSingularBatch,
  decodeSpanBatch,
  deriveSpanBatch,
  encodeDepositTx,
  type Hash,
  type Hex,
  hexToBytes,
  tryDecodeFrames,
} from '../src/index.ts'
import { testAddress, testHash } from '../testing/index.ts'

type Vector<Input = Hex> = { readonly input: Input; readonly result: string | null }
type Vectors = {
  readonly frames: readonly Vector[]
  readonly singularBatches: readonly Vector[]
  readonly spanBatches: readonly Vector[]
  readonly depositLogs: readonly Vector<{ topics: readonly Hash[]; data: Hex; logIndex: number }>[]
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('./vectors/opNodeDecoders.json', import.meta.url), 'utf8'))
/** The chain that op-node was given. */
const CHAIN = { genesis: { l2Time: 1_000_000n }, blockTime: 2n, l2ChainId: 901n }
const DEPOSIT_BLOCK = testHash(7)

const bare = (bytes: Uint8Array): string => bytesToHex(bytes).slice(2)
const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')

/** What `read` gives, or `null` where it refuses with an error that has a code. */
function attempt(read: () => string): string | null {
  try {
    return read()
  } catch (err) {
    if (err instanceof CodedError) return null
    throw err
  }
}

function readSingular(input: Hex): string {
  const { parentHash, epochNumber, epochHash, timestamp, transactions } = decodeSingularBatch(hexToBytes(input))
  return digest([parentHash, `${epochNumber}`, epochHash, `${timestamp}`, transactions.map(bare)])
}

function readSpan(input: Hex): string {
  const span = deriveSpanBatch(decodeSpanBatch(hexToBytes(input)), CHAIN)
  if (span instanceof Error) throw span
  const blocks = Array.from({ length: span.blockCount }, (_, i) => [
    `${span.blockTimestamp(i)}`,
    `${span.blockEpochNumber(i)}`,
    span.blockTransactions(i).map(bare),
  ])
  return digest([span.parentCheck, span.l1OriginCheck, blocks])
}

function readFrames(input: Hex): string | null {
  const frames = tryDecodeFrames(hexToBytes(input))
  return (
    frames &&
    digest(frames.map(({ channelId, number, data, isLast }) => [channelId.slice(2), number, bare(data), isLast]))
  )
}

describe('damaged encodings read as by op-node', () => {
  it.each(vectors.frames.map((vector, i) => ({ i, ...vector })))(
    '[DER-061] [DER-063] frames $i',
    ({ input, result }) => {
      expect(readFrames(input)).toBe(result)
    },
  )

  it.each(vectors.singularBatches.map((vector, i) => ({ i, ...vector })))(
    '[DER-114] [DER-115] singular batch $i',
    ({ input, result }) => {
      expect(attempt(() => readSingular(input))).toBe(result)
    },
  )

  it.each(vectors.spanBatches.map((vector, i) => ({ i, ...vector })))(
    '[DER-118] [DER-119] [DER-120] [DER-145] span batch $i',
    ({ input, result }) => {
      expect(attempt(() => readSpan(input))).toBe(result)
    },
  )

  it.each(vectors.depositLogs.map((vector, i) => ({ i, ...vector })))(
    '[DER-270] [DER-271] deposit log $i',
    ({ input: { topics, data, logIndex }, result }) => {
      const log = { address: testAddress(0xde), topics, data }
      const read = () => bytesToHex(encodeDepositTx(decodeDepositLog(log, DEPOSIT_BLOCK, logIndex)))
      expect(attempt(read)).toBe(result)
    },
  )
})
