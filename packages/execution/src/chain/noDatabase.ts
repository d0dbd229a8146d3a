import { ChainError } from './chainError.ts'
import type { Database } from './database.ts'

/**
 * Stands in for the disk where there is none (browsers).
 *
 * @throws {ChainError} `databaseUnusable`, always
 */
export function openDatabase(folder: string): Database {
  throw new ChainError('databaseUnusable', { folder, reason: 'this runtime has no disk' })
}
