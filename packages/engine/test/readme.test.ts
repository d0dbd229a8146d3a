import { afterEach, expect, it, vi } from 'vitest'
import { packageReadme } from '../../../scripts/packageReadme.ts'

const readme = packageReadme(import.meta.dirname)

afterEach(() => vi.restoreAllMocks())

it('runs the example of the README', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await readme.runExample()
  expect(log.mock.calls).toEqual([['reset', 0n, 0n], ['derived', 1n, 1n], ['built']])
})

it('names only exports that exist', async () => {
  const exported = { ...(await import('../src/index.ts')), ...(await import('../testing/index.ts')) }
  const names = readme.names('| part', '- **')
  expect(names.length).toBeGreaterThan(8)
  expect(names.filter((name) => !(name in exported))).toEqual([])
})
