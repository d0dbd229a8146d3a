/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { concatBytes, hexToBytes } from '../src/bytes.ts'
import { BrotliReader } from '../src/channel/brotli/brotliReader.ts'
import { ByteSink } from '../src/channel/byteSink.ts'
import { ChannelStrings } from '../src/channel/channelStrings.ts'
import { ZlibReader } from '../src/channel/zlibReader.ts'

/**
 * Broken and whole channels as op-node reads them, recorded with what it reads them by: a channel in a `bytes.Buffer`,
 * below `bufio.NewReader` and its `Peek`, below `brotli.NewReader` of github.com/andybalholm/brotli v1.1.0 or Go 1.26's
 * `zlib.NewReader`; the strings with `rlp.NewStream` of go-ethereum v1.14.11 above. Channels are from Node's compressors
 * and put together by hand; mutations are random.
 */
type Base = { readonly base: string; readonly bytes: string }
type Recorded = {
  /** Where the base is changed, how many of its bytes go, and what (hex) comes in their place. */
  readonly splice: readonly [at: number, gone: number, put: string]
  /** Sizes of the reads; the last one is for all that follow. */
  readonly sizes: readonly number[]
  /** Bytes that came before the end, and their CRC-32. */
  readonly total: number
  readonly crc: number
  /** CRC-32 of how many bytes came with each read, as decimal numbers and commas; reads that gave none left out. */
  readonly reads: number
  /** How many came together with the error. */
  readonly last: number
  readonly error: string
  /** `MAX_RLP_BYTES_PER_CHANNEL`, and the strings read under it: how many, and the CRC-32 of all of them. */
  readonly limit: number
  readonly strings: number
  readonly stringsCrc: number
}
type Channel = Recorded & { readonly channel: Uint8Array }

const channels = new Map<string, Channel[]>()
let base = new Uint8Array(0)
let name = ''
for (const line of readFileSync(join(import.meta.dirname, 'vectors/opNodeReads.jsonl'), 'utf8')
  .trim()
  .split('\n')) {
  const entry = JSON.parse(line) as Base | Recorded
  if ('base' in entry) {
    name = entry.base
    base = Uint8Array.from(Buffer.from(entry.bytes, 'base64'))
    channels.set(name, [])
    continue
  }
  const [at, gone, put] = entry.splice
  const channel = concatBytes(base.subarray(0, at), hexToBytes(`0x${put}`), base.subarray(at + gone))
  channels.get(name)?.push({ ...entry, channel })
}

const endOf = (error: string) => {
  if (error === 'zlib: invalid checksum') return 'badChecksum'
  return error === 'EOF' || error === 'unexpected EOF' ? 'over' : 'corrupt'
}

/** What a reader gives, in the terms of the record. */
function readAll({ channel, sizes }: Channel) {
  const source = channel[0] === 1 ? new BrotliReader(channel.subarray(1)) : new ZlibReader(channel)
  const sink = new ByteSink()
  const reads: number[] = []
  let last = 0
  for (let i = 0; source.end === null; i++) {
    last = source.read(sink, sizes[Math.min(i, sizes.length - 1)] as number)
    if (last > 0) reads.push(last)
  }
  const end = source.end === 'complete' || source.end === 'truncated' ? 'over' : source.end
  return {
    total: sink.length,
    crc: crc32(sink.bytes),
    reads: crc32(reads.join()),
    last,
    end: typeof end === 'object' ? 'corrupt' : end,
  }
}

describe('channels as op-node reads them', () => {
  for (const [name, list] of channels) {
    it(`[DER-106] ${name}: the same bytes in the same reads, ${list.length} ways`, () => {
      for (const channel of list) {
        const { total, crc, reads, last, error } = channel
        expect(readAll(channel), `${channel.splice}`).toEqual({ total, crc, reads, last, end: endOf(error) })
      }
    })

    it(`[DER-105] [DER-106] ${name}: the same strings, ${list.length} ways`, () => {
      for (const { channel, limit, splice, strings, stringsCrc } of list) {
        const reader = new ChannelStrings(channel, { maxRlpBytes: limit, brotliAllowed: true })
        let count = 0
        let crc = 0
        for (let string = reader.next(); string; string = reader.next()) {
          crc = crc32(string, crc)
          count++
        }
        expect([count, crc], `${splice}`).toEqual([strings, stringsCrc])
      }
    })
  }

  it('are recorded in every kind', () => {
    const all = [...channels.values()].flat()
    expect(all.length).toBeGreaterThan(500)
    expect(all.filter(({ last, error }) => last > 0 && endOf(error) !== 'over').length).toBeGreaterThan(50)
    expect(new Set(all.map(({ error }) => error)).size).toBeGreaterThan(15)
  })
})
