import type { Hash } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { InvalidBlocks } from './invalidBlocks.ts'

const hash = (n: number): Hash => `0x${n.toString(16).padStart(64, '0')}`

describe('InvalidBlocks', () => {
  it('names the last valid ancestor for a bad block and for what is built on it', () => {
    const blocks = new InvalidBlocks()
    blocks.add({ hash: hash(2), parentHash: hash(1) })
    expect(blocks.lastValidBelow(hash(2), hash(2))).toBe(hash(1))
    expect(blocks.lastValidBelow(hash(2), hash(3))).toBe(hash(1))
    expect(blocks.lastValidBelow(hash(3), hash(4))).toBe(hash(1))
    expect(blocks.lastValidBelow(hash(1), hash(1))).toBeNull()
  })

  it('forgives a block, and its descendants, after 128 refusals', () => {
    const blocks = new InvalidBlocks()
    blocks.add({ hash: hash(2), parentHash: hash(1) })
    blocks.lastValidBelow(hash(2), hash(3))
    const answers = Array.from({ length: 126 }, () => blocks.lastValidBelow(hash(3), hash(3)))
    expect(answers.filter((answer) => answer === null)).toHaveLength(1)
    expect(answers.at(-1)).toBeNull()
    expect(blocks.lastValidBelow(hash(2), hash(2))).toBeNull()
  })

  it('remembers 512 blocks and counts for no more than that, whatever it is told', () => {
    const blocks = new InvalidBlocks()
    for (let i = 0; i < 5_000; i++) blocks.add({ hash: hash(i + 1), parentHash: hash(0) })
    expect(blocks.size).toBe(512)
    expect(blocks.lastValidBelow(hash(5_000), hash(5_000))).toBe(hash(0))
    expect(blocks.lastValidBelow(hash(4_489), hash(4_489))).toBe(hash(0))
    expect(blocks.lastValidBelow(hash(4_488), hash(4_488))).toBeNull()
  })
})
