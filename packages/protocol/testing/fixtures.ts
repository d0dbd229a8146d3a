/// <reference types="node" />
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Where the fixtures are: `KEELSON_FIXTURES`, else `../shared/fixtures` beside the checkout; `null` when absent. */
export function fixtureFolder(): string | null {
  const folder = process.env.KEELSON_FIXTURES ?? resolve(import.meta.dirname, '../../../../shared/fixtures')
  return existsSync(folder) ? folder : null
}

/** What a test prints as the reason when it skips. */
export const FIXTURES_ABSENT = 'skipped: no fixtures folder (set KEELSON_FIXTURES)'

/** Is told the id of each fixture that is used: its path, for a vector `path#index`. */
let onUse: ((id: string) => void) | null = null

/** Has the use of fixtures reported, so that a test run can say which ones it covered; `null` stops it. */
export function reportFixtureUse(listener: ((id: string) => void) | null): void {
  onUse = listener
}

/** Says that the block or genesis of this file came out with exactly the hash that it has on its chain. */
export function reportExactHash(path: string): void {
  onUse?.(`exact:${path}`)
}

/** The same vector, whose use is reported as soon as a field of its input is read. */
function observed<T>(vector: T, id: string): T {
  const { input } = vector as { input?: unknown }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return vector
  const fields = Object.entries(input).map(([key, value]) => {
    const get = () => {
      onUse?.(id)
      return value
    }
    return [key, { get, enumerable: true, configurable: true }] as const
  })
  return { ...vector, input: Object.defineProperties({}, Object.fromEntries(fields)) }
}

/**
 * One fixture, parsed; `.gz` files are unpacked.
 *
 * @param path - below the fixtures folder, such as `vectors/l1-cost.json`
 * @throws when the folder or the file is absent: ask {@link fixtureFolder} first
 */
export function readFixture<T>(path: string): T {
  const folder = fixtureFolder()
  if (!folder) throw new Error(FIXTURES_ABSENT)
  const bytes = readFileSync(resolve(folder, path))
  const fixture = JSON.parse((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')) as T
  if (!onUse) return fixture
  const { vectors } = fixture as { vectors?: unknown[] }
  if (Array.isArray(vectors))
    return { ...fixture, vectors: vectors.map((vector, i) => observed(vector, `${path}#${i}`)) }
  onUse(path)
  return fixture
}
