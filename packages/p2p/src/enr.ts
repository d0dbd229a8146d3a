import { isIP } from 'node:net'
import { type BaseENR, SignableENR } from '@chainsafe/enr'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerId, Secp256k1PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'

/** Key of the OP Stack's entry in a node record. */
export const OPSTACK_ENR_KEY = 'opstack'
/** Fork id of the entry: no fork has raised it so far. */
export const OPSTACK_ENR_VERSION = 0n

/** Which chain a node is for. */
export type OpStackEntry = { readonly chainId: bigint; readonly version: bigint }

function encodeUvarint(value: bigint): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return [...bytes, Number(rest)]
}

/** `null`: cut short, or more than 64 bits. */
function tryDecodeUvarint(bytes: Uint8Array, start: number): { value: bigint; end: number } | null {
  let value = 0n
  for (let i = 0; i < 10; i++) {
    const byte = bytes[start + i]
    if (byte === undefined || (i === 9 && byte > 1)) return null
    value |= BigInt(byte & 0x7f) << BigInt(7 * i)
    if (byte < 0x80) return { value, end: start + i + 1 }
  }
  return null
}

/**
 * uvarint(chain id) ‖ uvarint(version): the content of the RLP byte string in the record.
 *
 * @see specs/protocol/rollup-node-p2p.md#consensus-layer-structure
 */
export const encodeOpStackEntry = ({ chainId, version }: OpStackEntry): Uint8Array =>
  Uint8Array.from([...encodeUvarint(chainId), ...encodeUvarint(version)])

/** `null` when the two numbers cannot be read; bytes after them are tolerated. */
export function tryDecodeOpStackEntry(bytes: Uint8Array): OpStackEntry | null {
  const chainId = tryDecodeUvarint(bytes, 0)
  const version = chainId && tryDecodeUvarint(bytes, chainId.end)
  return version ? { chainId: chainId.value, version: version.value } : null
}

/** The entry of a record, or `null` when it has none that can be read. */
export function opStackEntryOf(record: Pick<BaseENR, 'kvs'>): OpStackEntry | null {
  const bytes = record.kvs.get(OPSTACK_ENR_KEY)
  return bytes ? tryDecodeOpStackEntry(bytes) : null
}

/** Libp2p's id of the node with this record; both are made from the same key. */
export const peerIdOfRecord = (record: Pick<BaseENR, 'publicKey'>): PeerId =>
  peerIdFromPublicKey(publicKeyFromRaw(Uint8Array.from(record.publicKey)))

/**
 * Our own record, signed with the node's key. Absent addresses are left out.
 *
 * @param fields.seq - must be higher than in all records before, or nobody takes the new one; milliseconds do
 */
export function createRecord(
  privateKey: Secp256k1PrivateKey,
  fields: {
    readonly chainId: bigint
    readonly ip: string | null
    readonly tcp: number
    readonly udp: number
    readonly seq?: bigint
  },
): SignableENR {
  const record = SignableENR.createV4(privateKey.raw)
  record.set(OPSTACK_ENR_KEY, encodeOpStackEntry({ chainId: fields.chainId, version: OPSTACK_ENR_VERSION }))
  const family = fields.ip === null ? 0 : isIP(fields.ip)
  if (fields.ip !== null && family === 4) record.ip = fields.ip
  if (fields.ip !== null && family === 6) {
    record.ip6 = fields.ip
    record.tcp6 = fields.tcp
    record.udp6 = fields.udp
  } else {
    record.tcp = fields.tcp
    record.udp = fields.udp
  }
  if (fields.seq !== undefined) record.seq = fields.seq
  return record
}
