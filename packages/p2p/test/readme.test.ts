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
  expect(log.mock.calls).toEqual([['block', 5n]])
})

it('names only files that exist', () => {
  const text = readFileSync(join(folder, 'README.md'), 'utf8')
  const files = [...text.matchAll(/`(src\/[a-zA-Z0-9/.]+)`/g)].map(([, path]) => path as string)
  expect(files.length).toBeGreaterThan(20)
  for (const file of files) expect(readFileSync(join(folder, file), 'utf8')).not.toBe('')
})
