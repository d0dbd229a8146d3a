import { bytesToHex, EMPTY_TRIE_ROOT, encodeRlp, keccak256, trieRoot } from '@keelson/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryStore, type Preimage } from './nodeStore.ts'
import { TrieWalker, toNibbles } from './trie.ts'
import { decodeNode, hashRoot, type TrieNode, Unloaded } from './trieNode.ts'

const keyOf = (n: number) => keccak256(encodeRlp(n))
const rootOf = (entries: Map<number, Uint8Array>) =>
  trieRoot([...entries].map(([n, value]) => [keyOf(n), value] as const))

describe('TrieWalker', () => {
  it('reaches the same root as a trie built at once, whatever the batches, with nodes dropped in between', () => {
    const batch = fc.array(fc.tuple(fc.nat(60), fc.nat(3)), { maxLength: 20 })
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 8 }), (batches) => {
        const store = createMemoryStore()
        const walker = new TrieWalker(store)
        const entries = new Map<number, Uint8Array>()
        let root: TrieNode | null = null
        for (const changes of batches) {
          const net = new Map(changes)
          const list = [...net].filter(([n, v]) => v > 0 || entries.has(n))
          for (const [n, v] of list) v === 0 ? entries.delete(n) : entries.set(n, encodeRlp(BigInt(v) << BigInt(n * 4)))
          root = walker.update(
            root,
            list.map(([n, v]) => ({
              key: toNibbles(keyOf(n)),
              value: v === 0 ? null : (entries.get(n) as Uint8Array),
            })),
          )
          const nodes: Preimage[] = []
          const hash = root === null ? null : hashRoot(root, nodes)
          store.put({ nodes, codes: [] })
          expect(hash === null ? EMPTY_TRIE_ROOT : bytesToHex(hash)).toBe(rootOf(entries))
          // Only the store knows the trie now.
          if (hash) root = walker.load(new Unloaded(Uint8Array.of(0xa0, ...hash)))
          for (let n = 0; n <= 60; n++) {
            expect(walker.find(root, toNibbles(keyOf(n)))?.value ?? null).toEqual(entries.get(n) ?? null)
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  it('refuses bytes that are no node', () => {
    expect(() => decodeNode(Uint8Array.of(0x80), Uint8Array.of())).toThrow(RangeError)
    expect(() => decodeNode(Uint8Array.of(0xc3, 1, 2, 3), Uint8Array.of())).toThrow(RangeError)
    expect(() => decodeNode(Uint8Array.of(0xc9, 0x85, 1), Uint8Array.of())).toThrow(RangeError)
  })
})
