import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { packageReadme } from '../../../scripts/packageReadme.ts'

const readme = packageReadme(import.meta.dirname)

afterEach(() => vi.restoreAllMocks())

it('runs the example of the README', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await readme.runExample()
  expect(log.mock.calls).toEqual([['block', 5n]])
})

it('names only files that exist', () => {
  const files = [...readme.text.matchAll(/`(src\/[a-zA-Z0-9/.]+)`/g)].map(([, path]) => path as string)
  expect(files.length).toBeGreaterThan(20)
  for (const file of files) expect(readFileSync(resolve(import.meta.dirname, '..', file), 'utf8')).not.toBe('')
})
