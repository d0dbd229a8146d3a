import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Database as LmdbTable, open } from 'lmdb'
import { ChainError } from './chainError.ts'
import { type Database, TABLES, type Table } from './database.ts'
import { lockFolder } from './folderLock.ts'

/** What the address space may grow to; the file is only as large as its content. */
const MAP_SIZE_BYTES = 1 << 30

/**
 * A {@link Database} in an LMDB file, `chain.mdb` in `folder`.
 *
 * LMDB writes pages beside the old ones and switches over with one synced page, so that a process that dies at any
 * instant leaves the last transaction that was committed. One process opens a folder at a time.
 *
 * @throws {ChainError} `databaseUnusable`
 */
export function openDatabase(folder: string): Database {
  const path = join(folder, 'chain.mdb')
  try {
    mkdirSync(folder, { recursive: true })
    const unlock = lockFolder(folder)
    const root = open({
      path,
      noSubdir: true,
      encoding: 'binary',
      keyEncoding: 'binary',
      maxDbs: TABLES.length + 1,
      mapSize: MAP_SIZE_BYTES,
      // A commit returns when it is on disk, not earlier.
      overlappingSync: false,
    })
    const tables = new Map<Table, LmdbTable<Uint8Array, Uint8Array>>(
      TABLES.map((name) => [name, root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' })]),
    )
    const of = (table: Table) => tables.get(table) as LmdbTable<Uint8Array, Uint8Array>
    return {
      get(table, key) {
        const bytes = of(table).get(key)
        // A Buffer would show as such to whoever compares or serializes it.
        return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
      },
      keys: (table) => of(table).getKeys(),
      write(work) {
        root.transactionSync(() => {
          work({
            put: (table, key, value) => void of(table).putSync(key, value),
            remove: (table, key) => void of(table).removeSync(key),
          })
        })
      },
      sizeBytes: () => statSync(path).size,
      close: async () => {
        await root.close()
        unlock()
      },
    }
  } catch (cause) {
    throw new ChainError('databaseUnusable', { folder, reason: (cause as Error).message }, { cause })
  }
}
