import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import type { Secp256k1PrivateKey } from '@libp2p/interface'
import { P2PError } from './errors.ts'

/** Where the identity of a node comes from; `raw` wins. Neither: a new one that nobody keeps. */
export type NodeKeySource = { readonly raw?: string; readonly path?: string }

/**
 * The secp256k1 key of libp2p and discv5, read from hex without 0x; the file is made, mode 0600, when it is not there.
 *
 * @throws {P2PError} `badKey`, `badKeyFile`, `keyFileUnusable`
 */
export async function loadNodeKey({ raw, path }: NodeKeySource): Promise<Secp256k1PrivateKey> {
  if (raw) return keyFrom(tryParseKey(raw) ?? fail('badKey', {}))
  if (!path) return keyFrom(randomBytes(32))
  try {
    const bytes = tryParseKey(await readFile(path, 'utf8'))
    if (!bytes) throw new P2PError('badKeyFile', { path })
    return keyFrom(bytes)
  } catch (cause) {
    if (cause instanceof P2PError) throw cause
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw new P2PError('keyFileUnusable', { path }, { cause })
  }
  const bytes = randomBytes(32)
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, bytes.toString('hex'), { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    throw new P2PError('keyFileUnusable', { path }, { cause })
  }
  return keyFrom(bytes)
}

function fail(code: 'badKey', data: Record<string, never>): never {
  throw new P2PError(code, data)
}

/** 32 bytes of hex with or without 0x. */
const tryParseKey = (text: string): Uint8Array | null => {
  const hex = text.trim().replace(/^0x/, '')
  return /^[0-9a-fA-F]{64}$/.test(hex) ? Uint8Array.from(Buffer.from(hex, 'hex')) : null
}

function keyFrom(bytes: Uint8Array): Secp256k1PrivateKey {
  try {
    const key = privateKeyFromRaw(Uint8Array.from(bytes))
    if (key.type === 'secp256k1') return key
  } catch (cause) {
    // Zero and numbers past the group's order are no keys.
    throw new P2PError('badKey', {}, { cause })
  }
  throw new P2PError('badKey', {})
}
