/// <reference types="node" />
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'

/** Debian's Chromium, or `null`. */
export function chromiumPath(): string | null {
  return ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync) ?? null
}

/** What a test prints as the reason when it skips. */
export const CHROMIUM_ABSENT = 'skipped: no chromium on this machine'

/** Offline and quiet: nothing but the page it is told to open. */
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

export type ServedPage = { readonly page: Page; readonly errors: readonly string[]; close(): Promise<void> }

/** Serves `files` by path on loopback and opens the page at `/` in a browser of its own with an empty profile. */
export async function openPage(files: Readonly<Record<string, { type: string; body: string | Uint8Array }>>) {
  const server = createServer((request, response) => {
    const file = files[request.url ?? '']
    response.writeHead(file ? 200 : 404, { 'content-type': file?.type ?? 'text/plain' })
    response.end(file?.body ?? 'not found')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const profile = mkdtempSync(join(tmpdir(), 'keelson-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath() ?? '',
    args: FLAGS,
  })
  const page = context.pages()[0] ?? (await context.newPage())
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())))
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const served: ServedPage = {
    page,
    errors,
    async close() {
      await context.close()
      await new Promise((done) => server.close(done))
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  return served
}
