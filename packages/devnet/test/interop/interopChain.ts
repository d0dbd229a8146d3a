import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BlobCrypto, createBlobCrypto } from '@keelson/l1'
import { readOrCreateJwtSecret } from '@keelson/service/node'
import { type L1Chain, parseForkTime, startL1Chain } from '../../src/index.ts'

/** An L1 with a chain of forks that every program here knows, and what the tests start on it. */
export type InteropChain = {
  readonly l1: L1Chain
  readonly folder: string
  readonly jwtSecret: Uint8Array
  readonly blobCrypto: BlobCrypto
  /** Ends something together with the chain, before all that was kept earlier. */
  keep<T extends { close(): Promise<unknown> }>(thing: T): T
  close(): Promise<void>
}

/**
 * Starts L1 with 1 s blocks and makes a chain with 1 s blocks.
 *
 * @param schedule - values of `--fork`; without any, all forks up to Granite are active from genesis
 */
export async function startInteropChain(schedule: readonly string[] = []): Promise<InteropChain> {
  const folder = await mkdtemp(join(tmpdir(), 'keelson-interop-'))
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  const close = async () => {
    for (const end of closers.splice(0).reverse()) await end()
  }
  const keep: InteropChain['keep'] = (thing) => {
    closers.push(() => thing.close())
    return thing
  }
  try {
    const l1 = await startL1Chain({
      l1ChainId: 900n,
      l1BlockTimeSeconds: 1,
      // Older programs compute other hashes of Prague's headers.
      l1Fork: 'cancun',
      l1Port: 0,
      slotsInAnEpoch: 2,
      dataDir: folder,
      l2ChainId: 901n,
      l2BlockTime: 1n,
      seqWindowSize: 3600n,
      channelTimeout: 300n,
      maxSequencerDrift: 600n,
      batchInbox: '0xff00000000000000000000000000000000000901',
      forks: new Map([...schedule, 'holocene=never'].map(parseForkTime)),
    })
    keep(l1.anvil)
    const jwtSecret = await readOrCreateJwtSecret(join(folder, 'jwt.txt'))
    const blobCrypto = keep(createBlobCrypto())
    await l1.anvil.startMining()
    return { l1, folder, jwtSecret, blobCrypto, keep, close }
  } catch (error) {
    await close()
    throw error
  }
}
