/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PipelineFixture } from '../../testing/index.ts'
import { type BrowserBundle, browserBundle } from './browserBundle.ts'
import { CHROMIUM_ABSENT, chromiumPath, openPage, type ServedPage } from './chromium.ts'
import { brotliChannel, type CalldataFixture, decodeCalldata, deriveHistory } from './page.ts'

const CALLDATA = 'derivation/batcher-calldata-op-sepolia-delta-span-84-blocks.json'
const PIPELINE = 'derivation/pipeline-op-mainnet-regolith-18090205.json.gz'

const reason = chromiumPath() === null ? CHROMIUM_ABSENT : fixtureFolder() === null ? FIXTURES_ABSENT : null
if (reason) console.log(`browser tests ${reason}`)

describe('bundles for the browser', () => {
  it.each([
    ['protocol', `export * from '@keelson/protocol'`],
    ['derive', `export * from '@keelson/derive'`],
  ])('%s needs no Node module', async (_, entry) => {
    const bundle = await browserBundle(entry, 'packages/derive')
    expect(bundle.external).toEqual([])
    expect(bundle.modules.filter((path) => /^node:|\.node\.ts$|index\.node\.js$/.test(path))).toEqual([])
    expect(bundle.code).not.toMatch(/["']node:[a-z]|\brequire\(|\bprocess\./)
    expect(bundle.code.length).toBeGreaterThan(50_000)
  })
})

describe.skipIf(reason !== null)(`in Chromium${reason ? ` (${reason})` : ''}`, () => {
  let bundle: BrowserBundle
  let served: ServedPage

  /** Calls an export of `page.ts` in the page. */
  const inPage = (name: string, ...args: readonly unknown[]): Promise<unknown> =>
    served.page.evaluate(`import('/page.js').then((page) => page.${name}(...${JSON.stringify(args)}))`)

  beforeAll(async () => {
    bundle = await browserBundle(`export * from './page.ts'`, 'packages/derive/test/browser')
    const brotli = join(dirname(createRequire(import.meta.url).resolve('brotli-wasm')), 'pkg.web/brotli_wasm_bg.wasm')
    served = await openPage({
      '/': { type: 'text/html', body: '<!doctype html><title>Keelson</title><link rel="icon" href="data:,">' },
      '/page.js': { type: 'text/javascript', body: bundle.code },
      '/brotli_wasm_bg.wasm': { type: 'application/wasm', body: readFileSync(brotli) },
    })
  })
  afterAll(() => served?.close())

  it('decodes a real batcher transaction as Node does', async () => {
    const fixture = readFixture<CalldataFixture>(CALLDATA)
    const decoded = await inPage('decodeCalldata', fixture)
    expect(decoded).toEqual(decodeCalldata(fixture))
    expect(decoded).toMatchObject({ blocks: fixture.expected.batches[0]?.blocks })
    expect(fixture.expected.batches[0]?.blocks).toHaveLength(84)
  })

  it('derives 32 real blocks of OP Mainnet as Node does', async () => {
    const fixture = readFixture<PipelineFixture>(PIPELINE)
    const derived = (await inPage('deriveHistory', fixture)) as { ref: { hash: string } }[]
    expect(derived).toEqual(await deriveHistory(fixture))
    expect(derived).toHaveLength(32)
    const known = fixture.expected.l2Blocks.map(({ hash }) => hash)
    expect(derived.slice(0, known.length).map(({ ref }) => ref.hash)).toEqual(known)
  })

  it('unpacks a brotli channel with nothing loaded', async () => {
    const { channel, batch } = await brotliChannel()
    expect(await inPage('firstBatch', channel)).toEqual(batch)
  })

  it('packs and unpacks a brotli channel', async () => {
    const inNode = await brotliChannel()
    expect(await inPage('brotliChannel')).toEqual(inNode)
    expect(inNode).toMatchObject({ algorithm: 1, batch: { type: 'singular', batch: { epochNumber: '7' } } })
  })

  it('has nothing to complain of', () => {
    expect(served.errors).toEqual([])
  })
})
