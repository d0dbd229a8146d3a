import { expect, it } from 'vitest'
import { createJwt, verifyJwt } from './jwt.ts'

const secret = new Uint8Array(32).fill(7)
const NOW = 1_700_000_000

it('accepts its own token within a minute of its making, either way', async () => {
  const token = await createJwt(secret, NOW)
  expect(await verifyJwt(token, secret, NOW + 60)).toEqual({ ok: true })
  expect(await verifyJwt(token, secret, NOW - 60)).toEqual({ ok: true })
  expect(await verifyJwt(token, secret, NOW + 61)).toEqual({ ok: false, reason: 'stale token' })
  expect(await verifyJwt(token, secret, NOW - 61)).toEqual({ ok: false, reason: 'future token' })
})

it('refuses another secret, another algorithm, a token without iat and rubbish', async () => {
  const token = await createJwt(secret, NOW)
  const [, claims, mac] = token.split('.')
  expect(await verifyJwt(token, new Uint8Array(32), NOW)).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/secrets differ/),
  })
  const none = `${btoa('{"alg":"none"}').replace(/=+$/, '')}.${claims}.${mac}`
  expect(await verifyJwt(none, secret, NOW)).toMatchObject({ ok: false, reason: expect.stringMatching(/HS256/) })
  const without = await createJwt(secret, Number.NaN)
  expect(await verifyJwt(without, secret, NOW)).toEqual({ ok: false, reason: 'missing issued-at' })
  for (const bad of ['', 'a.b', 'a.b.c.d', '*.*.*']) expect((await verifyJwt(bad, secret, NOW)).ok).toBe(false)
})

it('refuses an expired token', async () => {
  const token = await createJwt(secret, NOW, { exp: NOW + 1 })
  expect(await verifyJwt(token, secret, NOW + 1)).toEqual({ ok: false, reason: 'token is expired' })
})
