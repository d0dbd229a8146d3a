import { afterEach, expect, it, vi } from 'vitest'
import { packageReadme } from '../../../scripts/packageReadme.ts'

const readme = packageReadme(import.meta.dirname)

afterEach(() => vi.restoreAllMocks())

it('runs the example of the README', async () => {
  const lines: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line))
    return true
  })
  const argv = process.argv
  process.argv = argv.slice(0, 2)
  await readme.runExample()
  process.argv = argv
  expect(lines.join('')).toMatch(/msg=Sum sum=3|Sum +sum=3/)
})
