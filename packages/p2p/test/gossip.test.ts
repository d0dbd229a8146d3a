import type { ExecutionPayloadEnvelope } from '@keelson/protocol'
import { systemClock } from '@keelson/service'
import { afterEach, expect, it } from 'vitest'
import { createLocalSigner, createP2P, type P2P, type P2PParts } from '../src/index.ts'
import { GRANITE, testBlock, testConfig } from '../testing/index.ts'

const signer = createLocalSigner(new Uint8Array(32).fill(3))
const open: P2P[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((p2p) => p2p.close()))
})

/** A chain whose genesis lies so that block 5 is now. */
const config = testConfig(GRANITE, BigInt(Math.floor(systemClock.now() / 1000)) - 10n)

async function start(parts: Partial<P2PParts> = {}): Promise<P2P> {
  const p2p = await createP2P({
    config,
    getUnsafeBlockSigner: () => signer.address,
    ...parts,
    options: { listenIp: '127.0.0.1', ...parts.options },
  })
  open.push(p2p)
  return p2p
}

const nextBlock = (p2p: P2P) =>
  new Promise<{ envelope: ExecutionPayloadEnvelope; from: string }>((resolve) => {
    const stop = p2p.onUnsafePayload((envelope, from) => {
      stop()
      resolve({ envelope, from })
    })
  })

/** Resolves when each of the two has heard the other's subscriptions: what is published now arrives. */
async function meshed(a: P2P, b: P2P, topic = '/optimism/901/2/blocks'): Promise<void> {
  for (const { host } of [a, b]) {
    const { pubsub } = host.services
    while (pubsub.getSubscribers(topic).length === 0) {
      await new Promise((resolve) => pubsub.addEventListener('subscription-change', resolve, { once: true }))
    }
  }
}

it('[P2P-046] a block published by the sequencer arrives at another host, whole and once', async () => {
  const sequencer = await start({ signer })
  const verifier = await start({ options: { staticPeers: [sequencer.multiaddrs()[0] as string] } })
  await meshed(sequencer, verifier)
  const arrived = nextBlock(verifier)
  const block = testBlock({ config, number: 5n })
  await sequencer.publish(block)
  const { envelope, from } = await arrived
  expect(envelope).toEqual(block)
  expect(from).toBe(sequencer.peerId)
})
