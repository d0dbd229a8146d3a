import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A JWT secret file that cannot be used. Never holds the file's content. */
export class JwtSecretError extends Error {
  override readonly name = 'JwtSecretError'
  readonly severity = 'critical'
}

/** 32 bytes from hex, with or without 0x, blanks around it allowed; `null` when it is anything else. */
export function tryParseJwtSecret(text: string): Uint8Array | null {
  const hex = text.trim().replace(/^0x/i, '')
  return /^[0-9a-fA-F]{64}$/.test(hex) ? Uint8Array.from(Buffer.from(hex, 'hex')) : null
}

/**
 * Reads the secret, or makes one (32 random bytes, 0x-hex, mode 0600) when there is no such file.
 *
 * @throws {JwtSecretError} the file cannot be read or holds no secret
 */
export async function readOrCreateJwtSecret(path: string): Promise<Uint8Array> {
  try {
    return parseFile(path, await readFile(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      if (error instanceof JwtSecretError) throw error
      throw new JwtSecretError(`cannot read JWT secret ${path}`, { cause: error })
    }
  }
  const secret = Uint8Array.from(randomBytes(32))
  try {
    await mkdir(dirname(path), { recursive: true })
    // `wx`: of two processes that start together, one writes and the other reads what was written.
    await writeFile(path, `0x${Buffer.from(secret).toString('hex')}`, { mode: 0o600, flag: 'wx' })
    return secret
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return parseFile(path, await readFile(path, 'utf8'))
    throw new JwtSecretError(`cannot write JWT secret ${path}`, { cause: error })
  }
}

function parseFile(path: string, text: string): Uint8Array {
  const secret = tryParseJwtSecret(text)
  if (!secret) throw new JwtSecretError(`JWT secret ${path} is not 32 bytes of hex`)
  return secret
}
