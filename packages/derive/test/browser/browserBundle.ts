/// <reference types="node" />
import { resolve } from 'node:path'
import { build } from 'esbuild'

const root = resolve(import.meta.dirname, '../../../..')

/** One ESM file for a page, and what went into it. */
export type BrowserBundle = {
  readonly code: string
  /** Paths of the modules in it, from the root of the repository. */
  readonly modules: readonly string[]
  /** Modules that the bundle asks the page for: none, if it is to run there. */
  readonly external: readonly string[]
}

/**
 * Bundles for the browser, as an application would. A Node module anywhere makes it fail.
 *
 * @param entry - source text; its imports are resolved from `folder`, a path from the root of the repository
 */
export async function browserBundle(entry: string, folder: string, minify = false): Promise<BrowserBundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: entry, resolveDir: resolve(root, folder), loader: 'ts' },
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify,
    legalComments: 'none',
    logLevel: 'silent',
  })
  const output = Object.values(metafile.outputs)[0]
  return {
    code: outputFiles[0]?.text ?? '',
    modules: Object.keys(metafile.inputs),
    external: (output?.imports ?? []).filter(({ external }) => external).map(({ path }) => path),
  }
}
