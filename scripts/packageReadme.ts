/// <reference types="node" />
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The README of a package, for the tests that hold it to the code. */
export type PackageReadme = {
  readonly text: string
  /** Runs the first TypeScript example. */
  runExample(): Promise<void>
  /** Names in backquotes between two places of the text; to the end without the second. */
  names(from: string, to?: string): string[]
}

/** @param testFolder - `import.meta.dirname` of a test of the package, from which its imports are resolved */
export function packageReadme(testFolder: string): PackageReadme {
  const text = readFileSync(resolve(testFolder, '..', 'README.md'), 'utf8')
  const example = join(testFolder, 'readmeExample.generated.ts')
  return {
    text,
    async runExample() {
      const [, code] = /```ts\n([\s\S]*?)```/.exec(text) ?? []
      if (code === undefined) throw new Error('the README has no TypeScript example')
      writeFileSync(example, code)
      try {
        await import(/* @vite-ignore */ pathToFileURL(example).href)
      } finally {
        rmSync(example, { force: true })
      }
    },
    names(from, to) {
      const part = text.slice(text.indexOf(from), to === undefined ? undefined : text.indexOf(to))
      return [...part.matchAll(/`([a-zA-Z0-9_]+)`/g)].map(([, name]) => name as string)
    },
  }
}
