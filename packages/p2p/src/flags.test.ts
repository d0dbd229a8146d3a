import { bytesToHex, keccak256, recoverAddress } from '@keelson/protocol'
import { parseFlags } from '@keelson/service'
import { createRpcServer } from '@keelson/service/node'
import { describe, expect, it } from 'vitest'
import { signingHash } from './blockSigner.ts'
import { blockSignerFromFlags, p2pFlags, p2pOptionsFromFlags, signerFlags } from './flags.ts'

const parse = (argv: string[], env: Record<string, string> = {}) =>
  parseFlags({ defs: { p2p: p2pFlags, signer: signerFlags }, argv, env, envPrefix: 'OP_NODE' }).values
const options = (...argv: string[]) => p2pOptionsFromFlags(parse(argv).p2p)

describe('P2P flags', () => {
  it("have op-node's defaults", () => {
    expect(options()).toMatchObject({
      key: { path: 'opnode_p2p_priv.txt' },
      listenIp: '0.0.0.0',
      listenTcpPort: 9222,
      listenUdpPort: 0,
      peersLo: 20,
      peersHi: 30,
      peersGraceMs: 30_000,
      scoring: 'light',
      banPeers: true,
      banThreshold: -100,
      banDurationMs: 3_600_000,
      peerstorePath: 'opnode_peerstore_db',
      discoveryPath: 'opnode_discovery_db',
      mesh: { d: 8, dlo: 6, dhi: 12, dlazy: 6 },
      gossipMaxAgeMs: 60_000,
      reqResp: true,
      discovery: true,
    })
  })

  it("read op-node's environment names", () => {
    const env = {
      OP_NODE_P2P_PEER_SCORING: 'none',
      OP_NODE_P2P_LISTEN_TCP_PORT: '9003',
      OP_NODE_P2P_SYNC_ONLYREQTOSTATIC: 'true',
      OP_NODE_P2P_STATIC: '/ip4/1.2.3.4/tcp/1/p2p/x,/ip4/1.2.3.5/tcp/1/p2p/y',
      OP_NODE_P2P_NO_DISCOVERY: 'true',
    }
    expect(p2pOptionsFromFlags(parse([], env).p2p)).toMatchObject({
      scoring: 'none',
      listenTcpPort: 9003,
      onlyReqToStatic: true,
      staticPeers: ['/ip4/1.2.3.4/tcp/1/p2p/x', '/ip4/1.2.3.5/tcp/1/p2p/y'],
      discovery: false,
    })
  })

  it('say which one cannot be used', () => {
    expect(() => options('--p2p.listen.tcp=80')).toThrow('p2p.listen.tcp cannot be used: ports are 0 or from 1024')
    expect(() => options('--p2p.netrestrict=10.0.0.0')).toThrow('10.0.0.0 is not a network')
    expect(() => options('--p2p.peerstore.path=')).toThrow('p2p.peerstore.path')
    expect(() => options('--p2p.nat')).toThrow('set p2p.advertise.ip')
    expect(() => options('--p2p.peers.lo=5', '--p2p.peers.hi=4')).toThrow('p2p.peers.hi')
  })

  it('make the signer, and never show its key', () => {
    expect(blockSignerFromFlags(parse([]).p2p)).toBeNull()
    const signer = blockSignerFromFlags(parse([`--p2p.sequencer.key=0x${'03'.repeat(32)}`]).p2p)
    expect(signer?.address).toMatch(/^0x[0-9a-f]{40}$/)
    expect(() => blockSignerFromFlags(parse(['--p2p.sequencer.key=abcdef']).p2p)).toThrow(/^(?!.*abcdef)/)
  })

  it('[P2P-056] let a service sign instead', async () => {
    const local = blockSignerFromFlags(parse([`--p2p.sequencer.key=${'03'.repeat(32)}`]).p2p)
    if (!local) throw new Error('no signer')
    const asked: unknown[] = []
    const server = await createRpcServer({
      host: '127.0.0.1',
      port: 0,
      methods: {
        opsigner_signBlockPayload: async ([request]) => {
          asked.push(request)
          const { domain, chainId, payloadHash } = request as { domain: number[]; chainId: number; payloadHash: string }
          const bytes = Uint8Array.from(Buffer.from(payloadHash, 'base64'))
          return bytesToHex(
            await local.sign({ domain: Uint8Array.from(domain), chainId: BigInt(chainId), payloadHash: bytes }),
          )
        },
      },
    })
    const values = parse([`--signer.endpoint=${server.url}`, `--signer.address=${local.address}`])
    const remote = blockSignerFromFlags(values.p2p, values.signer)
    const request = { domain: new Uint8Array(32), chainId: 10n, payloadHash: keccak256(Uint8Array.of(1)) }
    const signature = (await remote?.sign(request)) as Uint8Array
    expect(recoverAddress(signingHash(request), signature, signature[64] === 1 ? 1 : 0)).toBe(local.address)
    expect(asked).toMatchObject([{ chainId: 10, senderAddress: local.address }])
    await server.close()
    expect(() => blockSignerFromFlags({ sequencerKey: 'x' }, values.signer)).toThrow('signer.endpoint')
  })
})
