/// <reference types="node" />
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, expect, it, vi } from 'vitest'

const folder = resolve(import.meta.dirname, '..')
const example = join(import.meta.dirname, 'readmeExample.generated.ts')

afterEach(() => {
  rmSync(example, { force: true })
  vi.restoreAllMocks()
})

it('runs the example of the README', async () => {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(folder, 'README.md'), 'utf8')) ?? []
  writeFileSync(example, code ?? '')
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await import(/* @vite-ignore */ pathToFileURL(example).href)
  expect(log.mock.calls).toEqual([['L2 blocks', 35n, 'L1 origin', 105n, 'by', 'DER-205 DER-206']])
})

it('names only exports that exist', async () => {
  const text = readFileSync(join(folder, 'README.md'), 'utf8')
  const exported = { ...(await import('../src/index.ts')), ...(await import('../testing/index.ts')) }
  const table = text.slice(text.indexOf('| part'), text.indexOf('- **A verdict'))
  const names = [...table.matchAll(/`([a-zA-Z0-9_]+)`/g)].map(([, name]) => name as string)
  expect(names.length).toBeGreaterThan(10)
  expect(names.filter((name) => !(name in exported))).toEqual([])
})
