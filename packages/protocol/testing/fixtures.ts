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
  return JSON.parse((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')) as T
}
