/// <reference types="node" />
import { afterEach, expect, it, vi } from 'vitest'
import { packageReadme } from '../../../scripts/packageReadme.ts'

const readme = packageReadme(import.meta.dirname)

afterEach(() => vi.restoreAllMocks())

it('runs the example of the README', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await readme.runExample()
  expect(log.mock.calls).toEqual([
    ['Activation block', true],
    ['Upgrade transactions', 31],
    ['L1 attributes', 'jovian', '0x6887246668a3b87f54deb3b94ba47a6f63f32985', 400],
  ])
})

it('names only exports that exist', async () => {
  const exported = { ...(await import('../src/index.ts')), ...(await import('../testing/index.ts')) }
  const names = readme.names('| part')
  expect(names.length).toBeGreaterThan(50)
  expect(names.filter((name) => !(name in exported) && name !== 'null' && name !== 'bigint')).toEqual([])
})
