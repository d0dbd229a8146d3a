import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeL1Block, hashOf } from '@keelson/engine/testing'
import { type L2BlockRef, ZERO_HASH } from '@keelson/protocol'
import { expect, it, onTestFinished } from 'vitest'
import { openSafeDb } from './safeDb.ts'

const l2 = (number: bigint): L2BlockRef => ({
  hash: hashOf(`L2 ${number}`),
  number,
  parentHash: ZERO_HASH,
  timestamp: number,
  l1Origin: { hash: ZERO_HASH, number: 0n },
  sequenceNumber: number,
})

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'keelson-safedb-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

it('gives the safe head as of an L1 block, also between entries and after a restart', async () => {
  const path = await folder()
  const db = openSafeDb(path)
  expect(db.safeHeadAt(100n)).toBeNull()
  await db.recordSafeHead(l2(3n), fakeL1Block(5n))
  await db.recordSafeHead(l2(9n), fakeL1Block(300n))
  expect(db.safeHeadAt(4n)).toBeNull()
  expect(db.safeHeadAt(5n)?.safeHead).toEqual({ hash: l2(3n).hash, number: 3n })
  expect(db.safeHeadAt(299n)?.l1Block).toEqual({ hash: fakeL1Block(5n).hash, number: 5n })
  await db.close()
  const again = openSafeDb(path)
  expect(again.safeHeadAt(2n ** 63n)?.safeHead.number).toBe(9n)
  await again.close()
})

it('keeps the last block of an L1 block and forgets from a reset point on', async () => {
  const db = openSafeDb(await folder())
  for (const [number, at] of [
    [1n, 5n],
    [2n, 5n],
    [3n, 6n],
    [4n, 7n],
  ] as const) {
    await db.recordSafeHead(l2(number), fakeL1Block(at))
  }
  expect(db.safeHeadAt(5n)?.safeHead.number).toBe(2n)
  await db.resetTo(l2(3n))
  expect(db.safeHeadAt(100n)?.safeHead.number).toBe(2n)
  await db.close()
})
