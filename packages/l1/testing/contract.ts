import type { L1Provider } from '@keelson/derive'
import type { Hash, L1BlockRef, L1Receipt } from '@keelson/protocol'
import { expect, it } from 'vitest'

/** What is known of a chain that an L1 provider serves: consecutive blocks up to its head. */
export type RecordedChain = {
  readonly blocks: readonly {
    readonly ref: L1BlockRef
    readonly transactions: readonly Uint8Array[]
    readonly receipts: readonly L1Receipt[]
  }[]
}

const UNKNOWN: Hash = `0x${'5a'.repeat(32)}`

/** The contract of {@link L1Provider}; every implementation runs it: RPC, recorded, in memory. */
export function testL1Provider(name: string, open: () => { l1: L1Provider; chain: RecordedChain }): void {
  const each = async (check: (l1: L1Provider, block: RecordedChain['blocks'][number]) => Promise<void>) => {
    const { l1, chain } = open()
    expect(chain.blocks.length).toBeGreaterThan(0)
    for (const block of chain.blocks) await check(l1, block)
  }

  it(`[DER-024] ${name} gives every block by number, each the child of the one before`, () =>
    each(async (l1, { ref }) => {
      expect(await l1.getBlockRefByNumber(ref.number)).toEqual(ref)
    }))

  it(`[DER-026] ${name} answers null past the head`, async () => {
    const { l1, chain } = open()
    const head = chain.blocks.at(-1)?.ref.number ?? 0n
    expect(await l1.getBlockRefByNumber(head + 1n)).toBeNull()
    expect(await l1.getBlockRefByNumber(head + 1_000_000n)).toBeNull()
  })

  it(`[DER-044] ${name} answers null for a hash it does not know`, async () => {
    const { l1 } = open()
    expect(await l1.getBlockInfo(UNKNOWN)).toBeNull()
    expect(await l1.getTransactions(UNKNOWN)).toBeNull()
    expect(await l1.getReceipts(UNKNOWN)).toBeNull()
  })

  it(`${name} gives the header fields of a block`, () =>
    each(async (l1, { ref }) => {
      expect(await l1.getBlockInfo(ref.hash)).toMatchObject(ref)
    }))

  it(`[DER-034] ${name} gives transactions as EIP-2718 bytes in block order`, () =>
    each(async (l1, { ref, transactions }) => {
      expect(await l1.getTransactions(ref.hash)).toEqual(transactions)
    }))

  it(`[DER-027] ${name} gives receipts with status and logs in transaction order`, () =>
    each(async (l1, { ref, receipts }) => {
      expect(await l1.getReceipts(ref.hash)).toEqual(receipts)
    }))

  it(`${name} rejects with the reason of a signal that has already fired`, async () => {
    const { l1, chain } = open()
    const signal = AbortSignal.abort(new Error('given up'))
    const ref = chain.blocks[0]?.ref
    if (!ref) throw new Error('an empty chain proves nothing')
    await expect(l1.getBlockRefByNumber(ref.number, { signal })).rejects.toThrow('given up')
  })
}
