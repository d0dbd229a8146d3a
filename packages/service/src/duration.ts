const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/**
 * Reads Go's duration syntax (`12s`, `1h30m`, `1.5s`, `-2ms`, `0`) as milliseconds; `null` when it is none.
 */
export function tryParseDuration(text: string): number | null {
  const sign = text.startsWith('-') ? -1 : 1
  const body = text.replace(/^[+-]/, '')
  if (body === '0') return 0
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(body)) return null
  let ms = 0
  for (const [, amount, unit] of body.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    ms += Number(amount) * (UNIT_MS[unit as string] as number)
  }
  // Sums of decimal fractions carry binary dust; nanoseconds are Go's grain.
  return sign * (Math.round(ms * 1e6) / 1e6)
}

/** Milliseconds in Go's syntax, as its tools print it: `1h30m0s`, `6m24s`, `50ms`, `0s`. */
export function formatDuration(ms: number): string {
  const sign = ms < 0 ? '-' : ''
  const abs = Math.abs(ms)
  if (abs === 0) return '0s'
  if (abs < 1000) return `${sign}${abs}ms`
  const hours = Math.floor(abs / 3_600_000)
  const minutes = Math.floor(abs / 60_000) % 60
  const seconds = (abs % 60_000) / 1000
  return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`
}
