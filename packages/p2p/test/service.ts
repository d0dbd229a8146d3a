import type { ExecutionPayloadEnvelope, RollupConfig } from '@keelson/protocol'
import { systemClock } from '@keelson/service'
import { recordedMetrics } from '@keelson/service/testing'
import { createP2P, type P2P, type P2POptions, type P2PParts } from '../src/index.ts'
import { GRANITE, TEST_SIGNER, testConfig } from '../testing/index.ts'

/** Seconds since 1970, now. */
export const nowSeconds = () => BigInt(Math.floor(systemClock.now() / 1000))

/** A chain whose genesis lies so that block 20 is now. */
export const liveConfig = () => testConfig(GRANITE, nowSeconds() - 40n)

/** The number of the block that is due now: its gossip is neither too old nor too new. */
export const numberNow = ({ genesis, blockTime }: RollupConfig) => (nowSeconds() - genesis.l2Time) / blockTime

/** Starts services on loopback with any free port and closes all of them at the end. */
export function createServices(config = liveConfig()) {
  const open: P2P[] = []
  return {
    config,
    async start({ options, ...parts }: Omit<Partial<P2PParts>, 'options'> & { options?: Partial<P2POptions> } = {}) {
      const metrics = recordedMetrics()
      const p2p = await createP2P({
        config,
        getUnsafeBlockSigner: () => TEST_SIGNER.address,
        metrics: metrics.registry,
        ...parts,
        options: { listenIp: '127.0.0.1', ...options },
      })
      open.push(p2p)
      return Object.assign(p2p, { value: metrics.value })
    },
    async closeAll() {
      await Promise.all(open.splice(0).map((p2p) => p2p.close()))
    },
  }
}

/** The address at which a service is reached. */
export const addressOf = (p2p: P2P) => p2p.multiaddrs()[0] as string

/** The next block that a service is given. */
export const nextBlock = (p2p: P2P) =>
  new Promise<{ envelope: ExecutionPayloadEnvelope; from: string }>((resolve) => {
    const stop = p2p.onUnsafePayload((envelope, from) => {
      stop()
      resolve({ envelope, from })
    })
  })

/** Resolves when each of the two has heard the other's subscriptions: what is published now arrives. */
export async function meshed(a: P2P, b: P2P, topic = '/optimism/901/2/blocks'): Promise<void> {
  for (const { host } of [a, b]) {
    const { pubsub } = host.services
    while (pubsub.getSubscribers(topic).length === 0) {
      await new Promise((resolve) => pubsub.addEventListener('subscription-change', resolve, { once: true }))
    }
  }
}
