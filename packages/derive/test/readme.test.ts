/// <reference types="node" />
import { afterEach, expect, it, vi } from 'vitest'
import { packageReadme } from '../../../scripts/packageReadme.ts'

const readme = packageReadme(import.meta.dirname)

afterEach(() => vi.restoreAllMocks())

it('runs the example of the README', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await readme.runExample()
  expect(log.mock.calls).toEqual([['L2 blocks', 35n, 'L1 origin', 105n, 'by', 'DER-205 DER-206']])
})

it('names only exports that exist', async () => {
  const exported = { ...(await import('../src/index.ts')), ...(await import('../testing/index.ts')) }
  const names = readme.names('| part', '- **A verdict')
  expect(names.length).toBeGreaterThan(10)
  expect(names.filter((name) => !(name in exported))).toEqual([])
})
