import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openAdminState } from './adminState.ts'

async function file(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'keelson-admin-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return join(folder, 'state.json')
}

it('remembers whether the sequencer was started', async () => {
  const path = await file()
  const state = await openAdminState(path)
  expect(state.sequencerStarted).toBeNull()
  await state.save(true)
  expect(await readFile(path, 'utf8')).toBe('{"sequencerStarted":true}')
  expect((await openAdminState(path)).sequencerStarted).toBe(true)
})

it('refuses a file that holds something else', async () => {
  const path = await file()
  for (const text of ['{', '{"other":1}', '{"sequencerStarted":"yes"}']) {
    await writeFile(path, text)
    await expect(openAdminState(path)).rejects.toThrow(path)
  }
  await writeFile(path, '{}')
  expect((await openAdminState(path)).sequencerStarted).toBeNull()
})
