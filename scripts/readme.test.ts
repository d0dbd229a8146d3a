import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli } from '../packages/keelson/src/index.ts'

const ROOT = resolve(import.meta.dirname, '..')
const readme = readFileSync(resolve(ROOT, 'README.md'), 'utf8')
const { scripts } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

/** Command lines in the `sh` blocks of the README, without their comments. */
const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block]) => (block as string).split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line !== '')

describe('the README', () => {
  it('gives the two commands first', () => {
    expect(commands.slice(0, 2)).toEqual(['npm ci && npm start', 'npm ci && npm test'])
  })

  it.each([...readme.matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name as string))(
    'names the script %s, which is there',
    (name) => {
      expect(scripts[name]).toMatch(/^(node|vitest|biome) /)
    },
  )

  it.each(commands.filter((line) => line.endsWith('--help')))(
    '%s shows flags with their environment variables',
    async (line) => {
      const [, args] = line.split(' -- ')
      const printed: string[] = []
      const code = await runCli((args as string).split(' '), {
        stdout: { write: (text) => printed.push(text) },
        stderr: { write: (text) => printed.push(text) },
        stdin: (async function* () {})(),
        env: {},
        signal: new AbortController().signal,
      })
      expect(code).toBe(0)
      expect(printed.join('')).toMatch(/--[a-z]/)
    },
  )

  it.each(
    [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, path]) => path as string).filter((path) => !path.includes('://')),
  )('links to %s, which is there', (path) => {
    expect(() => readFileSync(resolve(ROOT, path))).not.toThrow(/ENOENT/)
  })
})
