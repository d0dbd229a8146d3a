import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const packages = readdirSync(join(ROOT, 'packages')).map((name) => join('packages', name))
const documents = ['README.md', 'AGENTS.md', 'HARDFORK.md', ...packages.map((folder) => join(folder, 'README.md'))]

/** Backquoted words that can only be a path: a folder with its slash, or a file in a folder. */
const isPath = (word: string) => /^\.?[a-z][\w.*-]*(\/[\w.*-]+)*\/([\w-]+\.[a-z]+)?$|^\.ci\/\w+$/i.test(word)

/** What `npm run build` makes. */
const BUILT = ['dist/']

/** Links to other places of the repository. */
const isLocal = (target: string) => !target.includes('://') && !target.startsWith('#')

describe.each(documents)('%s', (document) => {
  const text = readFileSync(join(ROOT, document), 'utf8')
  const folder = join(ROOT, dirname(document))
  const prose = text.replaceAll(/```[\s\S]*?```/g, '')

  it('names only paths that are there', () => {
    const paths = [...prose.matchAll(/`([^`\s]+)`/g)].map(([, word]) => word as string).filter(isPath)
    // A document of the whole repository may speak of a folder that packages have.
    const inPackages = folder === ROOT ? packages.map((name) => join(ROOT, name)) : []
    const isThere = (path: string) =>
      [ROOT, folder, join(folder, 'src'), ...inPackages].some((from) => existsSync(join(from, path)))
    expect(paths.filter((path) => !isThere(path) && !BUILT.includes(path))).toEqual([])
  })

  it('links only to what is there', () => {
    const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string).filter(isLocal)
    expect(targets.filter((target) => !existsSync(join(folder, target.replace(/#.*/, ''))))).toEqual([])
  })
})
