import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Devnet } from '../src/index.ts'
import { type CuttableProxy, differingBlocks, eventually, startCuttableProxy, startTestDevnet } from './support.ts'

describe('L1 RPC away', () => {
  let devnet: Devnet
  let proxy: CuttableProxy
  beforeAll(async () => {
    devnet = await startTestDevnet({
      l1Via: async (url) => {
        proxy = await startCuttableProxy(url)
        return proxy.url
      },
    })
  })
  afterAll(async () => {
    await devnet?.close()
    await proxy?.close()
  })

  it('for 30 s: the nodes stay up, and derive on when it is back', async () => {
    await eventually('a safe block', () => devnet.heads().verifier.safe > 2n)
    proxy.cut()
    await new Promise((resolve) => setTimeout(resolve, 30_000))
    const { safe } = devnet.heads().verifier
    await proxy.mend()
    const later = await eventually('safe moves on', () => {
      const now = devnet.heads().verifier.safe
      return now > safe + 5n && now
    })
    expect(await differingBlocks(devnet.sequencer, devnet.verifier, later)).toEqual([])
  }, 240_000)
})

describe('P2P away', () => {
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await startTestDevnet()
  })
  afterAll(() => devnet?.close())

  it('the verifier goes on from L1 alone, and takes gossip again when peers are back', async () => {
    await eventually('gossip works', () => devnet.heads().verifier.unsafe > 3n)
    const p2p = devnet.verifier.node.p2p()!
    const other = devnet.sequencer.node.p2p()!
    await p2p.gater.blockPeer(other.peerId)
    await other.gater.blockPeer(p2p.peerId)
    for (const connection of other.host.getConnections()) await connection.close()
    await eventually('the peer is gone', () => p2p.peers().length === 0)
    const { safe } = devnet.heads().verifier
    await eventually('safe moves on without peers', () => devnet.heads().verifier.safe > safe + 5n)
    expect(p2p.peers()).toEqual([])
    await other.gater.unblockPeer(p2p.peerId)
    await p2p.gater.unblockPeer(other.peerId)
    await eventually('the static peer is back', () => p2p.peers().includes(other.peerId))
    const later = await eventually('unsafe runs ahead of safe again', () => {
      const { unsafe, safe: now } = devnet.heads().verifier
      return unsafe > now + 1n && unsafe
    })
    await eventually('all of it is derived', () => devnet.heads().verifier.safe >= later)
    expect(await differingBlocks(devnet.sequencer, devnet.verifier, later)).toEqual([])
  }, 240_000)
})

describe('a batcher that is away for longer than the sequencing window', () => {
  let devnet: Devnet
  const seqWindowSize = 6n
  beforeAll(async () => {
    devnet = await startTestDevnet({ seqWindowSize })
  })
  afterAll(() => devnet?.close())

  it('leaves empty blocks to derive, and the chain recovers when it is back', async () => {
    await eventually('four safe blocks', () => devnet.heads().verifier.safe >= 4n)
    await devnet.batcher!.stop()
    const stoppedAt = devnet.verifier.node.node.syncStatus()
    const forced = await eventually('blocks are derived without batches', () => {
      const { safeL2, currentL1 } = devnet.verifier.node.node.syncStatus()
      const windowPassed = currentL1.number > stoppedAt.headL1.number + 3n * seqWindowSize
      return windowPassed && safeL2.l1Origin.number > stoppedAt.headL1.number + seqWindowSize && safeL2.number
    })
    // A forced block has the L1 attributes transaction and nothing else.
    const block = await devnet.verifier.engine.engine.getBlock({ number: forced })
    expect(block?.executionPayload.transactions).toHaveLength(1)
    await devnet.batcher!.start()
    const later = await eventually('batches are derived again, up to the head', () => {
      const { sequencer, verifier } = devnet.heads()
      return verifier.safe > forced + 20n && sequencer.unsafe - verifier.safe < 10n && verifier.safe
    })
    expect(await differingBlocks(devnet.sequencer, devnet.verifier, later)).toEqual([])
  }, 240_000)
})
