import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { testDatabase } from '../../testing/databaseContract.ts'
import { openDatabase } from './lmdbDatabase.ts'
import { createMemoryDatabase } from './memoryDatabase.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

testDatabase('in memory', createMemoryDatabase)
testDatabase('LMDB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-db-'))
  folders.push(folder)
  return openDatabase(folder)
})
