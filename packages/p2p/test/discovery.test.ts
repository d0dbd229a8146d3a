import { ECDH } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { multiaddrFromSocketAddress } from '@chainsafe/discv5'
import { ENR } from '@chainsafe/enr'
import { type Logger, nullLogger } from '@keelson/service'
import { recordedLogs } from '@keelson/service/testing'
import { afterEach, expect, it } from 'vitest'
import { createTransport } from '../src/discoveryTransport.ts'
import { createRecord } from '../src/enr.ts'
import { createP2P, loadNodeKey, type P2P, type P2POptions } from '../src/index.ts'
import { DEFAULT_CONFIG } from '../testing/index.ts'

const open: P2P[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((p2p) => p2p.close()))
})

async function start(
  bootnodes: string[],
  config = DEFAULT_CONFIG,
  more: Partial<P2POptions> = {},
  log: Logger = nullLogger,
) {
  const p2p = await createP2P({
    config,
    getUnsafeBlockSigner: () => null,
    log,
    options: { listenIp: '127.0.0.1', discovery: true, bootnodes, ...more },
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
  const met = await Promise.all([connection(first), connection(second)])
  expect(met).toEqual([second.peerId, first.peerId])
  expect(stranger.peers()).toEqual([])
  expect(boot.peers()).toEqual([])
})

it('[P2P-005] a bootnode given as enode:// is asked for its record', async () => {
  const boot = await start([], { ...DEFAULT_CONFIG, l2ChainId: 77n })
  const record = ENR.decodeTxt(boot.discovery?.enr() as string)
  const point = boot.host.peerId.publicKey?.raw as Uint8Array
  const key = ECDH.convertKey(point, 'secp256k1', undefined, 'hex', 'uncompressed').slice(2)
  const first = await start([`enode://${key}@127.0.0.1:0?discport=${record.udp}`])
  const second = await start([`enode://${key}@127.0.0.1:${record.udp}`])
  await Promise.all([connection(first), connection(second)])
  expect(first.discovery?.table().length).toBeGreaterThan(0)
  expect(first.peers()).toEqual([second.peerId])
})

it('says which bootnode and which port cannot be used', async () => {
  await expect(start(['enode://short@127.0.0.1:1'])).rejects.toThrow('neither enode:// nor enr:')
  const blocker = createSocket('udp4')
  await new Promise<void>((resolve) => blocker.bind(0, '127.0.0.1', resolve))
  const { port } = blocker.address()
  await expect(start([], DEFAULT_CONFIG, { listenUdpPort: port })).rejects.toThrow(
    `P2P udp port ${port} is already in use; choose another with --p2p.listen.udp`,
  )
  blocker.close()
})

it('outlives addresses that nothing can be sent to', async () => {
  const key =
    'd25ce99435982b04d60c4b41ba256b84b888626db7bee45a9419382300fbe907359ae5ef250346785bff8d3b9d07cd3e017a27e2ee3cfda3bcbb0ba762ac9674'
  const { log, lines } = recordedLogs()
  const node = await start([`enode://${key}@127.0.0.1:0`], DEFAULT_CONFIG, {}, log)
  while (!lines.some(({ message }) => message === 'A bootnode does not answer')) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(lines.map(({ message }) => message)).toContain('Could not send a discovery packet')
  expect(node.discovery?.table()).toEqual([])
})

it('outlives an error of its socket', async () => {
  const { log, lines } = recordedLogs()
  const record = createRecord(await loadNodeKey({}), { chainId: 1n, ip: null, tcp: 0, udp: 0 })
  const octets = Uint8Array.of(127, 0, 0, 1)
  const transport = createTransport(
    { ip4: multiaddrFromSocketAddress({ ip: { type: 4, octets }, port: 0 }) },
    record.nodeId,
    log,
  )
  await transport.start()
  const { ip4 } = transport as unknown as { ip4: { socket: Socket } }
  ip4.socket.emit('error', new Error('send ENETUNREACH'))
  expect(lines.map(({ fields }) => fields.reason)).toEqual(['send ENETUNREACH'])
  await transport.stop()
})
