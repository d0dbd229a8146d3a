/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FIXTURES_ABSENT, fixtureFolder } from '../testing/index.ts'

const packages = resolve(import.meta.dirname, '../..')
const fixtures = fixtureFolder()

/** Vector files that another package's rules are about, with what that is. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'enr-opstack': 'the ENR entry of a peer belongs to p2p',
  'fastlz-size': 'the compressed size is measured by the execution engine',
  'l1-cost': 'the L1 fee is charged by the execution engine',
  'l1-rpc-block': 'answers of an L1 RPC are verified where they are fetched, in l1',
  'receipt-encoding': 'receipts are made by the execution engine',
}

/** All files of a package tree in which tests, or what they are built from, may stand. */
function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : sources(path)
    return /\.test\.ts$/.test(entry.name) ? [path] : []
  })
}

describe('vector files', () => {
  it.skipIf(fixtures)(FIXTURES_ABSENT, () => {
    expect(fixtures).toBeNull()
  })

  const kinds = fixtures ? readdirSync(join(fixtures, 'vectors')).map((file) => file.replace(/\.json$/, '')) : []
  const text = fixtures
    ? sources(packages).map((path) => (path === import.meta.filename ? '' : readFileSync(path, 'utf8')))
    : []

  /** A test names a file by its kind, in quotes or with its path. */
  const isUsed = (kind: string) => text.some((source) => new RegExp(`['"\`/]${kind}(\\.json)?['"\`, ]`).test(source))

  it.skipIf(!fixtures)('are each read by a test, or named here with whose they are', () => {
    const unread = kinds.filter((kind) => !isUsed(kind))
    for (const kind of unread) console.info(`vectors/${kind}.json is read by no test: ${ELSEWHERE[kind] ?? 'unknown'}`)
    expect(unread.filter((kind) => !ELSEWHERE[kind])).toEqual([])
  })

  it.skipIf(!fixtures)('that are named here exist', () => {
    expect(Object.keys(ELSEWHERE).filter((kind) => !kinds.includes(kind))).toEqual([])
  })
})
