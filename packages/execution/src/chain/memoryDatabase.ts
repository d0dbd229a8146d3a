import { bytesToHex, hexToBytes } from '@keelson/protocol'
import { type Database, type DatabaseWriter, TABLES, type Table } from './database.ts'

/** A {@link Database} that lasts as long as the process. */
export function createMemoryDatabase(): Database {
  const tables = new Map<Table, Map<string, Uint8Array>>(TABLES.map((table) => [table, new Map()]))
  const of = (table: Table) => tables.get(table) as Map<string, Uint8Array>
  return {
    get: (table, key) => of(table).get(bytesToHex(key)),
    keys: (table) => [...of(table).keys()].sort().map(hexToBytes),
    write(work) {
      // Applied when all of it was said: a throw leaves everything as it was.
      const operations: (() => void)[] = []
      const writer: DatabaseWriter = {
        put: (table, key, value) => operations.push(() => of(table).set(bytesToHex(key), value)),
        remove: (table, key) => operations.push(() => of(table).delete(bytesToHex(key))),
      }
      work(writer)
      for (const apply of operations) apply()
    },
    sizeBytes: () => 0,
    close: async () => {},
  }
}
