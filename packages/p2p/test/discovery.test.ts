import { recordedLogs } from '@keelson/service/testing'
import { afterEach, expect, it } from 'vitest'
import { createP2P, type P2P } from '../src/index.ts'
import { DEFAULT_CONFIG } from '../testing/index.ts'

const open: P2P[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((p2p) => p2p.close()))
})

async function start(bootnodes: string[], config = DEFAULT_CONFIG) {
  const p2p = await createP2P({
    config,
    getUnsafeBlockSigner: () => null,
    log: recordedLogs().log,
    options: { listenIp: '127.0.0.1', discovery: true, bootnodes },
  })
  open.push(p2p)
  return p2p
}

const connection = (p2p: P2P) =>
  new Promise<string>((resolve) =>
    p2p.host.addEventListener('peer:connect', ({ detail }) => resolve(detail.toString()), { once: true }),
  )

it('[P2P-005] [P2P-010] two nodes that know only a bootnode find each other and connect', async () => {
  const boot = await start([], { ...DEFAULT_CONFIG, l2ChainId: 77n })
  const first = await start([boot.discovery?.enr() as string])
  const second = await start([boot.discovery?.enr() as string])
  const stranger = await start([boot.discovery?.enr() as string], { ...DEFAULT_CONFIG, l2ChainId: 78n })
  const met = await Promise.race([connection(first), connection(second)])
  expect([first.peerId, second.peerId]).toContain(met)
  expect(stranger.peers()).toEqual([])
  expect(boot.peers()).toEqual([])
})
