import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBlobCrypto } from '@keelson/l1'
import type { Hash } from '@keelson/protocol'
import { readOrCreateJwtSecret } from '@keelson/service/node'
import { bytesToHex } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type L1Chain, privateKeyOf, roleAccount, startBatcher, startL1Chain } from '../src/index.ts'
import { type SequencerProcesses, sequencerProcesses } from './sequencerProcesses.ts'
import { blockHash, eventually, rpc, syncStatus, TEST_CHAIN, testLog } from './support.ts'
import { startVerifier } from './verifier.ts'

describe('a sequencer that is killed while it builds', () => {
  const log = testLog()
  const closers: (() => Promise<unknown>)[] = []
  let l1: L1Chain
  let sequencer: SequencerProcesses
  let verifier: Awaited<ReturnType<typeof startVerifier>>

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keelson-kill-'))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    l1 = await startL1Chain({ ...TEST_CHAIN, l1Port: 0, dataDir: folder })
    closers.push(() => l1.anvil.close())
    await l1.anvil.startMining()
    sequencer = await sequencerProcesses(l1, folder)
    closers.push(() => sequencer.kill())
    await sequencer.start()
    const jwtSecret = await readOrCreateJwtSecret(join(folder, 'jwt.txt'))
    const blobCrypto = createBlobCrypto()
    closers.push(() => blobCrypto.close())
    verifier = await startVerifier({ name: 'verifier', l1, jwtSecret, peers: [sequencer.multiaddr] })
    closers.push(() => verifier.close())
    const batcher = await startBatcher({
      l1Rpc: l1.anvil.url,
      l2Rpc: sequencer.rpc,
      rollupRpc: sequencer.rollupRpc,
      privateKey: bytesToHex(privateKeyOf(roleAccount('batcher'))),
      dataAvailabilityType: 'calldata',
      l1BlockTimeSeconds: 1,
      blobCrypto,
      log: log.child({ service: 'batcher' }),
    })
    closers.push(() => batcher.close())
  })
  afterAll(async () => {
    for (const close of closers.reverse()) await close()
  })

  const sequencerHash = async (number: bigint) =>
    (await rpc<{ hash: Hash } | null>(sequencer.rpc, 'eth_getBlockByNumber', [`0x${number.toString(16)}`, false]))?.hash

  it('goes on from what was on disk, and the verifier never sees a fork of safe blocks', async () => {
    const safeBlocks = new Map<bigint, Hash>()
    const forks: string[] = []
    const watching = setInterval(() => {
      const { safeL2 } = verifier.node.node.syncStatus()
      if (safeL2.number === 0n) return
      const before = safeBlocks.get(safeL2.number)
      if (before !== undefined && before !== safeL2.hash)
        forks.push(`${safeL2.number}: ${before} became ${safeL2.hash}`)
      safeBlocks.set(safeL2.number, safeL2.hash)
    }, 20)
    try {
      for (let round = 0; round < 3; round++) {
        const { unsafeL2 } = await syncStatus(sequencer.rollupRpc)
        await eventually('three more blocks', async () => {
          return (await syncStatus(sequencer.rollupRpc)).unsafeL2.number >= unsafeL2.number + 3n
        })
        // The head that the sequencer says it has was acknowledged by its engine: it must be there again.
        const { unsafeL2: seen } = await syncStatus(sequencer.rollupRpc)
        await sequencer.kill()
        await sequencer.start()
        expect(await sequencerHash(seen.number)).toBe(seen.hash)
      }
      const { unsafeL2 } = await syncStatus(sequencer.rollupRpc)
      await eventually(
        'safe passes the last restart',
        () => verifier.node.node.syncStatus().safeL2.number > unsafeL2.number + 3n,
      )
    } finally {
      clearInterval(watching)
    }
    expect(forks).toEqual([])
    const { safeL2 } = verifier.node.node.syncStatus()
    for (let number = 0n; number <= safeL2.number; number++) {
      expect(await blockHash(verifier, number), `block ${number}`).toBe(await sequencerHash(number))
    }
  }, 240_000)
})
