import { codedError } from '@keelson/protocol'

/** Why something of the P2P service cannot be done. Codes are stable. */
export class P2PError extends codedError('P2PError', {
  badKeyFile: {
    severity: 'critical',
    text: (d: { path: string }) => `P2P key file ${d.path} is not 32 bytes of hex`,
  },
  keyFileUnusable: {
    severity: 'critical',
    text: (d: { path: string }) => `cannot read or write P2P key file ${d.path}`,
  },
  badKey: { severity: 'critical', text: (_: Record<string, never>) => 'the P2P key is not a secp256k1 private key' },
  badStaticPeer: {
    severity: 'critical',
    text: (d: { peer: string }) => `static peer ${d.peer} is not a multiaddr that ends in /p2p/<peer id>`,
  },
  badBootnode: {
    severity: 'critical',
    text: (d: { node: string }) => `bootnode ${d.node} is neither enode:// nor enr:`,
  },
  badOption: {
    severity: 'critical',
    text: (d: { name: string; reason: string }) => `P2P option ${d.name} cannot be used: ${d.reason}`,
  },
  portTaken: {
    severity: 'critical',
    text: (d: { port: number; protocol: 'tcp' | 'udp'; flag: string }) =>
      `P2P ${d.protocol} port ${d.port} is already in use; choose another with --${d.flag}`,
  },
  noSigner: {
    severity: 'temporary',
    text: (_: Record<string, never>) => 'no sequencer key is configured: the block is not gossiped',
  },
  badSignature: {
    severity: 'temporary',
    text: (d: { length: number }) => `the signing service answered ${d.length} bytes instead of a signature of 65`,
  },
  publishRefused: {
    severity: 'temporary',
    text: (d: { hash: string; reason: string }) => `block ${d.hash} fails our own gossip validation: ${d.reason}`,
  },
  closed: { severity: 'temporary', text: (_: Record<string, never>) => 'the P2P service is closed' },
}) {}
