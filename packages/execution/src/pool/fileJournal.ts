import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { bytesToNumber, concatBytes, writeBigint } from '@keelson/protocol'
import type { Journal } from './journal.ts'

/** No transaction is longer; a longer entry means a broken file. */
const MAX_ENTRY_BYTES = 1 << 20

/**
 * A journal in `transactions.journal` of `folder`: entries one after another.
 *
 *   length   transaction
 *   u32 BE   EIP-2718 encoding
 */
export function openJournal(folder: string): Journal {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'transactions.journal')
  let file = openSync(path, 'a')
  let count = 0
  const journal: Journal = {
    get count() {
      return count
    },
    read() {
      const bytes = existsSync(path) ? new Uint8Array(readFileSync(path)) : new Uint8Array()
      const transactions: Uint8Array[] = []
      for (let at = 0; at + 4 <= bytes.length; ) {
        const length = bytesToNumber(bytes, at, at + 4)
        const end = at + 4 + length
        if (length > MAX_ENTRY_BYTES || end > bytes.length) break
        transactions.push(bytes.slice(at + 4, end))
        at = end
      }
      count = transactions.length
      return transactions
    },
    append(tx) {
      writeSync(file, entryOf(tx))
      count++
    },
    rewrite(transactions) {
      // Beside the old file, then over it: a crash leaves one or the other.
      const fresh = `${path}.new`
      writeFileSync(fresh, concatBytes(...transactions.map(entryOf)))
      renameSync(fresh, path)
      closeSync(file)
      file = openSync(path, 'a')
      count = transactions.length
    },
    close: () => closeSync(file),
  }
  return journal
}

function entryOf(tx: Uint8Array): Uint8Array {
  const entry = new Uint8Array(4 + tx.length)
  writeBigint(entry, 0, BigInt(tx.length), 4)
  entry.set(tx, 4)
  return entry
}
