import { createHash } from 'node:crypto'
import { concatBytes } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { messageId } from './messageId.ts'
import { encodeSnappy, MAX_GOSSIP_SIZE } from './snappyBlock.ts'

const topic = '/optimism/10/2/blocks'
const topicBytes = new TextEncoder().encode(topic)
const topicLength = Uint8Array.of(topicBytes.length, 0, 0, 0, 0, 0, 0, 0)
const id = (domain: number, data: Uint8Array) =>
  Uint8Array.from(
    createHash('sha256')
      .update(concatBytes(Uint8Array.of(domain, 0, 0, 0), topicLength, topicBytes, data))
      .digest()
      .subarray(0, 20),
  )

describe('message id', () => {
  it('[P2P-027] [P2P-028] covers the decompressed data, with topic, under the domain of valid snappy', () => {
    const data = new TextEncoder().encode('a block, a block, a block')
    expect(messageId(topic, encodeSnappy(data))).toEqual(id(1, data))
  })

  it('[P2P-027] covers the raw data under the other domain when it does not decompress', () => {
    const raw = Uint8Array.of(5, 255, 255)
    expect(messageId(topic, raw)).toEqual(id(0, raw))
  })

  it('[P2P-028] differs between topics', () => {
    const data = encodeSnappy(new Uint8Array(100))
    expect(messageId('/optimism/10/3/blocks', data)).not.toEqual(messageId(topic, data))
  })

  it('[P2P-029] takes a length past the limit for invalid snappy', () => {
    const long = encodeSnappy(new Uint8Array(MAX_GOSSIP_SIZE + 1))
    expect(messageId(topic, long)).toEqual(id(0, long))
  })
})
