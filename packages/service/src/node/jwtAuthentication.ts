import type { IncomingMessage } from 'node:http'
import { type Clock, systemClock } from '../clock.ts'
import { verifyJwt } from '../jwt.ts'

/** The `authenticate` of a server that asks for `Authorization: Bearer` with a fresh HS256 token. */
export function jwtAuthentication(secret: Uint8Array, clock: Pick<Clock, 'now'> = systemClock) {
  return async (request: IncomingMessage): Promise<string | null> => {
    const header = request.headers.authorization ?? ''
    if (!header.startsWith('Bearer ')) return 'missing token'
    const verdict = await verifyJwt(header.slice('Bearer '.length).trim(), secret, clock.now() / 1000)
    return verdict.ok ? null : verdict.reason
  }
}
