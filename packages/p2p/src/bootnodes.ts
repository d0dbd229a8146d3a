import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { type Discv5, multiaddrFromSocketAddress } from '@chainsafe/discv5'
import { ENR } from '@chainsafe/enr'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { P2PError } from './errors.ts'

/** Where the network is entered when no other nodes are named. */
export const DEFAULT_BOOTNODES: readonly string[] = [
  // OP Labs
  'enode://869d07b5932f17e8490990f75a3f94195e9504ddb6b85f7189e5a9c0a8fff8b00aecf6f3ac450ecba6cdabdb5858788a94bde2b613e0f2d82e9b395355f76d1a@34.65.67.101:30305',
  'enode://2d4e7e9d48f4dd4efe9342706dd1b0024681bd4c3300d021f86fc75eab7865d4e0cbec6fbc883f011cfd6a57423e7e2f6e104baad2b744c3cafaec6bc7dc92c1@34.65.43.171:0?discport=30305',
  'enode://9d7a3efefe442351217e73b3a593bcb8efffb55b4807699972145324eab5e6b382152f8d24f6301baebbfb5ecd4127bd3faab2842c04cd432bdf50ba092f6645@34.65.109.126:0?discport=30305',
  // Base
  'enr:-J24QNz9lbrKbN4iSmmjtnr7SjUMk4zB7f1krHZcTZx-JRKZd0kA2gjufUROD6T3sOWDVDnFJRvqBBo62zuF-hYCohOGAYiOoEyEgmlkgnY0gmlwhAPniryHb3BzdGFja4OFQgCJc2VjcDI1NmsxoQKNVFlCxh_B-716tTs-h1vMzZkSs1FTu_OYTNjgufplG4N0Y3CCJAaDdWRwgiQG',
  'enr:-J24QH-f1wt99sfpHy4c0QJM-NfmsIfmlLAMMcgZCUEgKG_BBYFc6FwYgaMJMQN5dsRBJApIok0jFn-9CS842lGpLmqGAYiOoDRAgmlkgnY0gmlwhLhIgb2Hb3BzdGFja4OFQgCJc2VjcDI1NmsxoQJ9FTIv8B9myn1MWaC_2lJ-sMoeCDkusCsk4BYHjjCq04N0Y3CCJAaDdWRwgiQG',
  'enr:-J24QHmGyBwUZXIcsGYMaUqGGSl4CFdx9Tozu-vQCn5bHIQbR7On7dZbU61vYvfrJr30t0iahSqhc64J46MnUO2JvQaGAYiOoCKKgmlkgnY0gmlwhAPnCzSHb3BzdGFja4OFQgCJc2VjcDI1NmsxoQINc4fSijfbNIiGhcgvwjsjxVFJHUstK9L1T8OTKUjgloN0Y3CCJAaDdWRwgiQG',
  'enr:-J24QG3ypT4xSu0gjb5PABCmVxZqBjVw9ca7pvsI8jl4KATYAnxBmfkaIuEqy9sKvDHKuNCsy57WwK9wTt2aQgcaDDyGAYiOoGAXgmlkgnY0gmlwhDbGmZaHb3BzdGFja4OFQgCJc2VjcDI1NmsxoQIeAK_--tcLEiu7HvoUlbV52MspE0uCocsx1f_rYvRenIN0Y3CCJAaDdWRwgiQG',
  // Conduit
  'enode://d25ce99435982b04d60c4b41ba256b84b888626db7bee45a9419382300fbe907359ae5ef250346785bff8d3b9d07cd3e017a27e2ee3cfda3bcbb0ba762ac9674@bootnode.conduit.xyz:0?discport=30301',
]

/** A bootnode: a signed record, or a key with an address from which the record is asked. */
export type Bootnode =
  | { readonly kind: 'enr'; readonly record: ENR }
  | { readonly kind: 'enode'; readonly publicKey: Uint8Array; readonly host: string; readonly udp: number }

/**
 * Reads `enr:…` or `enode://<64 bytes>@<host>:<tcp>[?discport=<udp>]`.
 *
 * @throws {P2PError} `badBootnode`
 */
export function parseBootnode(text: string): Bootnode {
  try {
    if (text.startsWith('enr:')) return { kind: 'enr', record: ENR.decodeTxt(text) }
    const url = /^enode:\/\/([0-9a-fA-F]{128})@(\[[^\]]+\]|[^:]+):(\d+)(?:\?discport=(\d+))?$/.exec(text)
    if (url) {
      const [, key = '', host = '', tcp = '', discport] = url
      const bytes = Buffer.from(key, 'hex')
      // Compressed: the parity of y, then x.
      const publicKey = Uint8Array.from([2 + ((bytes[63] as number) & 1), ...bytes.subarray(0, 32)])
      return { kind: 'enode', publicKey, host: host.replace(/^\[|\]$/g, ''), udp: Number(discport ?? tcp) }
    }
  } catch (cause) {
    throw new P2PError('badBootnode', { node: text }, { cause })
  }
  throw new P2PError('badBootnode', { node: text })
}

/** The record of a bootnode; an `enode` is asked for its own over discv5. Rejects when it does not answer. */
export async function recordOfBootnode(discv5: Discv5, node: Bootnode): Promise<ENR | null> {
  if (node.kind === 'enr') return node.record
  const { address, family } = isIP(node.host)
    ? { address: node.host, family: isIP(node.host) }
    : await lookup(node.host, { family: 4 })
  if (family !== 4) return null
  const octets = Uint8Array.from(address.split('.').map(Number))
  const peerId = peerIdFromPublicKey(publicKeyFromRaw(node.publicKey)).toString()
  const contact = multiaddrFromSocketAddress({ ip: { type: 4, octets }, port: node.udp })
  // discv5 asks the address for the key, but then compares it with the bare source of the answer: an id inside the
  // address would make every answer one of somebody else.
  Object.defineProperty(contact, 'getPeerId', { value: () => peerId })
  const records = await discv5.sendFindNode(contact, [0])
  return records[0] ?? null
}
