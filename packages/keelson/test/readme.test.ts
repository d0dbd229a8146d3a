import { afterEach, expect, it, vi } from 'vitest'
import { packageReadme } from '../../../scripts/packageReadme.ts'

const readme = packageReadme(import.meta.dirname)

afterEach(() => vi.restoreAllMocks())

it('runs the example of the README', async () => {
  const written: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  await readme.runExample()
  expect(written.join('')).toContain('--rollup.config')
})
