const encoder = new TextEncoder()

function base64Url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return Uint8Array.from(binary, (char) => char.charCodeAt(0))
  } catch {
    return null
  }
}

/** How far `iat` may be from the verifier's clock, in seconds. */
export const JWT_IAT_WINDOW_SECONDS = 60

const hmacKey = (secret: Uint8Array, use: 'sign' | 'verify') =>
  crypto.subtle.importKey('raw', Uint8Array.from(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [use])

/**
 * An HS256 token with `iat`, as the Engine API asks for. Make one per request: it is good for a minute.
 *
 * @param secret - 32 bytes
 * @see https://github.com/ethereum/execution-apis/blob/main/src/engine/authentication.md
 */
export async function createJwt(
  secret: Uint8Array,
  nowSeconds: number,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const part = (value: unknown) => base64Url(encoder.encode(JSON.stringify(value)))
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ ...claims, iat: Math.floor(nowSeconds) })}`
  const mac = await crypto.subtle.sign('HMAC', await hmacKey(secret, 'sign'), encoder.encode(signed))
  return `${signed}.${base64Url(new Uint8Array(mac))}`
}

export type JwtVerdict = { readonly ok: true } | { readonly ok: false; readonly reason: string }

/** Checks algorithm, signature, `iat` window and, if present, `exp`. The reason never tells anything of the secret. */
export async function verifyJwt(token: string, secret: Uint8Array, nowSeconds: number): Promise<JwtVerdict> {
  const no = (reason: string): JwtVerdict => ({ ok: false, reason })
  const parts = token.split('.')
  const [header, claims, mac] = parts.map(fromBase64Url)
  if (parts.length !== 3 || !header || !claims || !mac) return no('malformed token')
  const alg = field(header, 'alg')
  if (alg !== 'HS256') return no('signing method is not HS256')
  const signed = encoder.encode(`${parts[0]}.${parts[1]}`)
  if (!(await crypto.subtle.verify('HMAC', await hmacKey(secret, 'verify'), mac, signed))) {
    return no('signature is invalid: the secrets differ')
  }
  const iat = field(claims, 'iat')
  if (typeof iat !== 'number') return no('missing issued-at')
  if (nowSeconds - iat > JWT_IAT_WINDOW_SECONDS) return no('stale token')
  if (iat - nowSeconds > JWT_IAT_WINDOW_SECONDS) return no('future token')
  const exp = field(claims, 'exp')
  if (typeof exp === 'number' && exp <= nowSeconds) return no('token is expired')
  return { ok: true }
}

function field(json: Uint8Array, name: string): unknown {
  try {
    return (JSON.parse(new TextDecoder().decode(json)) as Record<string, unknown> | null)?.[name]
  } catch {
    return undefined
  }
}

/** The `headers` of an RPC client that authenticates itself by JWT. */
export const jwtHeaders =
  (secret: Uint8Array, clock: { now(): number }) => async (): Promise<Record<string, string>> => ({
    authorization: `Bearer ${await createJwt(secret, clock.now() / 1000)}`,
  })
