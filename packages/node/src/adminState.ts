import { readFile, rename, writeFile } from 'node:fs/promises'

/** Whether the sequencer was started or stopped over RPC, kept over restarts as op-node keeps it. */
export type AdminState = {
  /** What was persisted, or `null`: never started or stopped. */
  readonly sequencerStarted: boolean | null
  save(sequencerStarted: boolean): Promise<void>
}

/** The file's content cannot be used. */
export class AdminStateError extends Error {
  override readonly name = 'AdminStateError'
}

/** @throws {AdminStateError} for a file that holds anything but `{"sequencerStarted": bool}` */
export async function openAdminState(path: string): Promise<AdminState> {
  let text: string | null = null
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  return {
    sequencerStarted: text === null ? null : parse(path, text),
    save: async (sequencerStarted) => {
      const temporary = `${path}.tmp`
      await writeFile(temporary, JSON.stringify({ sequencerStarted }))
      await rename(temporary, path)
    },
  }
}

function parse(path: string, text: string): boolean | null {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new AdminStateError(`${path} is not JSON`, { cause })
  }
  const { sequencerStarted, ...others } = (json ?? {}) as Record<string, unknown>
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new AdminStateError(`${path}: unknown field ${unknown}`)
  if (sequencerStarted === undefined || sequencerStarted === null) return null
  if (typeof sequencerStarted !== 'boolean') throw new AdminStateError(`${path}: sequencerStarted is not a boolean`)
  return sequencerStarted
}
