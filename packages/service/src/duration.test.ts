import { expect, it } from 'vitest'
import { formatDuration, tryParseDuration } from './duration.ts'

it("reads Go's durations", () => {
  expect(['12s', '1h30m', '6m24s', '50ms', '1.5s', '-2ms', '0', '.5m', '100us'].map(tryParseDuration)).toEqual([
    12_000, 5_400_000, 384_000, 50, 1500, -2, 0, 30_000, 0.1,
  ])
})

it('refuses what Go refuses', () => {
  expect(['', '12', 's', '1h30', '1 s', '1d', '--1s'].map(tryParseDuration)).toEqual([
    null,
    null,
    null,
    null,
    null,
    null,
    null,
  ])
})

it('prints durations as Go does', () => {
  expect([12_000, 384_000, 5_400_000, 50, 0, 600_000].map(formatDuration)).toEqual([
    '12s',
    '6m24s',
    '1h30m0s',
    '50ms',
    '0s',
    '10m0s',
  ])
})
