import { describe, expect, it } from 'vitest'
import { bytesToHex, hexToBytes, utf8Bytes } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import { verifyTrieProof } from './proof.ts'
import { encodeRlp } from './rlp.ts'
import { EMPTY_TRIE_ROOT, orderedTrieRoot, trieRoot } from './trie.ts'

const entry = (key: string, value: string) => [utf8Bytes(key), utf8Bytes(value)] as const

describe('trie roots', () => {
  it('of nothing are that of the empty string', () => {
    expect(trieRoot([])).toBe(EMPTY_TRIE_ROOT)
    expect(EMPTY_TRIE_ROOT).toBe(bytesToHex(keccak256(encodeRlp('0x'))))
  })

  it('are those of the published examples, whatever the order', () => {
    const dogs = [entry('doe', 'reindeer'), entry('dog', 'puppy'), entry('dogglesworth', 'cat')]
    const root = '0x8aad789dff2f538bca5d8ea56e8abe10f4c7ba3a5dea95fea4cd6e7c3a1168d3'
    expect(trieRoot(dogs)).toBe(root)
    expect(trieRoot(dogs.toReversed())).toBe(root)
    const verbs = [entry('do', 'verb'), entry('horse', 'stallion'), entry('doge', 'coin'), entry('dog', 'puppy')]
    expect(trieRoot(verbs)).toBe('0x5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84')
    expect(trieRoot([entry('A', 'a'.repeat(50))])).toBe(
      '0xd23786fb4a010da3ce639d66d5e904a11dbc02746d1ce25029e53290cabf28ab',
    )
  })

  it('of lists change with every value and its place', () => {
    const values = Array.from({ length: 300 }, (_, i) => Uint8Array.of(0xc0 + (i % 10), i & 0xff, i >> 8))
    const roots = new Set([
      orderedTrieRoot(values),
      orderedTrieRoot(values.toReversed()),
      orderedTrieRoot(values.slice(1)),
    ])
    expect(roots.size).toBe(3)
  })

  it.each([0, 1, 2, 127, 128, 129, 255, 256, 257, 1_000])('of a list of %i are those of its entries', (length) => {
    const values = Array.from({ length }, (_, i) => new Uint8Array(1 + ((i * 7) % 60)).fill(i + 1))
    expect(orderedTrieRoot(values)).toBe(trieRoot(values.map((value, i) => [encodeRlp(i), value])))
  })
})

describe('verifyTrieProof', () => {
  it('finds a value in a trie of one leaf, and that another key is absent', () => {
    const key = utf8Bytes('key')
    const leaf = encodeRlp([Uint8Array.of(0x20, ...key), '0x0102'])
    const root = bytesToHex(keccak256(leaf))
    expect(trieRoot([[key, hexToBytes('0x0102')]])).toBe(root)
    expect(verifyTrieProof(root, key, [leaf])).toEqual(Uint8Array.of(1, 2))
    expect(verifyTrieProof(root, utf8Bytes('kez'), [leaf])).toBeNull()
  })

  it('knows the empty trie', () => {
    expect(verifyTrieProof(EMPTY_TRIE_ROOT, utf8Bytes('key'), [])).toBeNull()
    expect(verifyTrieProof(EMPTY_TRIE_ROOT, utf8Bytes('key'), [Uint8Array.of(0x80)])).toBeNull()
    expect(() => verifyTrieProof(EMPTY_TRIE_ROOT, utf8Bytes('key'), [Uint8Array.of(0x81)])).toThrow('empty root')
  })
})
