import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Claims a folder for this process by a file with its id and start time; a file whose process is gone counts for
 * nothing, also when its id went to another one.
 *
 * @returns gives the folder free again
 * @throws {Error} another process has the folder
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'LOCK')
  const own = identityOf(process.pid) ?? String(process.pid)
  try {
    writeFileSync(path, own, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const holder = readFileSync(path, 'utf8').trim()
    const pid = Number(holder.split(' ')[0])
    if (holder !== own && identityOf(pid) === holder) throw new Error(`process ${pid} has it open`)
    writeFileSync(path, own)
  }
  return () => rmSync(path, { force: true })
}

/** Id and start time of a process that runs, `null` for one that does not. */
function identityOf(pid: number): string | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null
  try {
    // `pid (name) state ppid …`, the 22nd field being the start time; a name may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    // A zombie has let go of its files.
    return fields[0] === 'Z' || fields[0] === 'X' ? null : `${pid} ${fields[19]}`
  } catch {
    return answersSignals(pid) ? String(pid) : null
  }
}

/** For systems without /proc. */
function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
