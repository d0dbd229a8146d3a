import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Claims a folder for this process by a file with its id; a file whose process is gone counts for nothing.
 *
 * @returns gives the folder free again
 * @throws {Error} another process has the folder
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'LOCK')
  const own = String(process.pid)
  try {
    writeFileSync(path, own, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const holder = readFileSync(path, 'utf8').trim()
    if (holder !== own && isRunning(Number(holder))) {
      throw new Error(`process ${holder} has it open (if that is another program, remove ${path})`)
    }
    writeFileSync(path, own)
  }
  return () => rmSync(path, { force: true })
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
