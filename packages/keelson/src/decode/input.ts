import { BLOB_SIZE, hexToBytes, tryDecodeTxEnvelope } from '@keelson/protocol'
import { errorText } from '@keelson/service'
import type { L1Place, SourceReport } from './report.ts'

/** One piece of data to decode. */
export type DecodeInput = {
  readonly name: string
  readonly kind: SourceReport['kind']
  readonly bytes: Uint8Array
  readonly l1?: L1Place
  /** For transactions whose data is in blobs that are inputs of their own. */
  readonly blobsFollow?: boolean
}

export const INPUT_KINDS = ['auto', 'payload', 'transaction', 'blob', 'frame', 'channel', 'span'] as const
export type InputKind = (typeof INPUT_KINDS)[number]

/** Constants that a file may carry beside its data; they stand in where no chain is named. */
export type ChainHints = { chainId?: bigint; l2GenesisTime?: bigint; blockTime?: bigint }

/** An input that cannot be told to be anything. */
export class InputError extends Error {
  override readonly name = 'InputError'
}

const HEX = /^(0x)?([0-9a-fA-F]{2})+$/

/** What bytes without a label are: a blob by its size, a signed transaction by its envelope, else a batcher payload. */
function kindOf(bytes: Uint8Array): SourceReport['kind'] {
  if (bytes.length === BLOB_SIZE) return 'blob'
  if (tryDecodeTxEnvelope(bytes)) return 'transaction'
  // One that is broken is better told what is wrong with it as a transaction.
  const first = bytes[0] ?? 0
  const list = first >= 1 && first <= 4 ? (bytes[1] ?? 0) : first
  return list >= 0xf8 && bytes.length > 64 ? 'transaction' : 'payload'
}

function fromBytes(name: string, bytes: Uint8Array, kind: InputKind): DecodeInput[] {
  if (bytes.length === 0) throw new InputError(`${name} is empty`)
  const isBlob = kind === 'blob' || (kind === 'auto' && bytes.length > 0 && bytes.length % BLOB_SIZE === 0)
  if (isBlob && bytes.length > BLOB_SIZE && bytes.length % BLOB_SIZE === 0) {
    return Array.from({ length: bytes.length / BLOB_SIZE }, (_, i) => ({
      name: `${name} blob ${i}`,
      kind: 'blob' as const,
      bytes: bytes.subarray(i * BLOB_SIZE, (i + 1) * BLOB_SIZE),
    }))
  }
  return [{ name, kind: kind === 'auto' ? kindOf(bytes) : kind, bytes }]
}

function fromHex(name: string, text: string, kind: InputKind): DecodeInput[] {
  const hex = text.startsWith('0x') || text.startsWith('0X') ? text.slice(2) : text
  const bad = /[^0-9a-fA-F]/.exec(hex)
  if (bad) throw new InputError(`${name}: ${JSON.stringify(bad[0])} at byte ${bad.index >> 1} is no hex digit`)
  if (hex.length % 2 !== 0) throw new InputError(`${name}: half a byte at byte ${hex.length >> 1}`)
  return fromBytes(name, hexToBytes(`0x${hex}`), kind)
}

type JsonObject = { readonly [key: string]: unknown }
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Keys under which files keep data, and what it is. */
const JSON_KEYS: readonly [string, InputKind][] = [
  ['calldata', 'payload'],
  ['blob', 'blob'],
  ['blobs', 'blob'],
  ['channelData', 'channel'],
  ['frames', 'frame'],
  ['rawSpanBatch', 'span'],
  ['rawTransaction', 'transaction'],
  ['raw', 'transaction'],
]

function fromJson(name: string, json: unknown, kind: InputKind, hints: ChainHints): DecodeInput[] {
  if (typeof json === 'string') return fromHex(name, json, kind)
  if (Array.isArray(json)) return json.flatMap((item, i) => fromJson(`${name}[${i}]`, item, kind, hints))
  if (!isObject(json)) throw new InputError(`${name}: no batcher data in JSON ${JSON.stringify(json)?.slice(0, 40)}`)
  const number = (key: string) => {
    const value = json[key]
    return typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value)) ? BigInt(value) : undefined
  }
  const chainId = number('chainId')
  const l2GenesisTime = number('l2GenesisTime')
  const blockTime = number('blockTime')
  if (chainId !== undefined) hints.chainId = chainId
  if (l2GenesisTime !== undefined) hints.l2GenesisTime = l2GenesisTime
  if (blockTime !== undefined) hints.blockTime = blockTime
  const found = JSON_KEYS.flatMap(([key, keyKind]) =>
    json[key] === undefined ? [] : fromJson(`${name}.${key}`, json[key], keyKind, hints),
  )
  if (found.length > 0) return found
  // Answers of nodes: `result` of JSON-RPC, `data` of the beacon API; fixtures: `input`.
  for (const key of ['result', 'data', 'input', 'blobSidecars']) {
    const value = json[key]
    if (typeof value === 'string') return fromHex(`${name}.${key}`, value, kind === 'auto' ? 'payload' : kind)
    if (value !== undefined && value !== null) return fromJson(`${name}.${key}`, value, kind, hints)
  }
  throw new InputError(`${name}: the JSON has none of ${JSON_KEYS.map(([key]) => key).join(', ')}, result, data, input`)
}

/**
 * Finds out what `content` is: hex, JSON of a beacon node, of an RPC or of a fixture, or raw bytes.
 *
 * @param hints - filled with constants that the JSON carries
 * @throws {InputError} with the byte at which it is no longer what it looked like
 */
export function readInput(name: string, content: Uint8Array, kind: InputKind, hints: ChainHints): DecodeInput[] {
  const text = new TextDecoder('utf-8').decode(content).trim()
  if (/^[[{"]/.test(text)) {
    try {
      return fromJson(name, JSON.parse(text), kind, hints)
    } catch (error) {
      if (error instanceof InputError) throw error
      // A channel begins with 0x78, 'x', and a payload with 0: neither looks like JSON, so that is what it was meant to be.
      throw new InputError(`${name}: ${errorText(error)}`)
    }
  }
  if (/^0x/i.test(text) || HEX.test(text)) return fromHex(name, text, kind)
  if (/^[0-9a-fA-F\s]+$/.test(text)) return fromHex(name, text.replaceAll(/\s+/g, ''), kind)
  return fromBytes(name, content, kind)
}

/** Whether a command line argument is data itself rather than the name of a file. */
export const isHexArgument = (text: string): boolean => /^0x/i.test(text)
