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
  const lines: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line))
    return true
  })
  const argv = process.argv
  process.argv = argv.slice(0, 2)
  await import(/* @vite-ignore */ pathToFileURL(example).href)
  process.argv = argv
  expect(lines.join('')).toMatch(/msg=Sum sum=3|Sum +sum=3/)
})
