import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../../..')
const ANY_PORTS = ['--l1.port', '0', '--sequencer.port', '0', '--verifier.port', '0', '--explorer.port', '0']
const FAST = ['--l1.block-time', '1', '--l2.block-time', '1']

/** `npm start -- …`, as the README has it. */
function npmStart(...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-cli-'))
  const child = spawn('npm', ['start', '--silent', '--', ...ANY_PORTS, ...FAST, '--datadir', folder, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  const lines: string[] = []
  const listeners = new Set<() => void>()
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line)
    for (const listener of listeners) listener()
  })
  const exited = new Promise<number | null>((done) => child.once('exit', done))
  const lineMatching = (pattern: RegExp) =>
    new Promise<string>((done, failed) => {
      const look = () => {
        const found = lines.find((line) => pattern.test(line))
        if (found !== undefined) done(found)
      }
      listeners.add(look)
      look()
      void exited.then(() => failed(new Error(`ended before ${pattern}: ${lines.join('\n')}`)))
    })
  return { child, folder, lines, exited, lineMatching }
}

/** Processes of the group that a child leads, from /proc. */
function groupOf(child: ChildProcess): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return group === String(child.pid) && state !== 'Z'
    } catch {
      return false
    }
  })
}

describe('npm start', () => {
  let run: ReturnType<typeof npmStart>
  afterEach(() => {
    if (groupOf(run.child).length > 0) process.kill(-(run.child.pid as number), 'SIGKILL')
    rmSync(run.folder, { recursive: true, force: true })
  })

  it('--until-safe --json ends with one line that says that both chains are the same, and exits 0', async () => {
    run = npmStart('--until-safe', '5', '--json')
    expect(await run.exited).toBe(0)
    expect(JSON.parse(run.lines.at(-1) as string)).toMatchObject({
      ok: true,
      hashesMatch: true,
      firstL2BlockMs: expect.any(Number),
      elapsedMs: expect.any(Number),
    })
  }, 180_000)

  it('exits 1 and says why when the safe head does not come in time', async () => {
    run = npmStart('--until-safe', '1000000', '--timeout', '1s', '--json')
    expect(await run.exited).toBe(1)
    expect(JSON.parse(run.lines.at(-1) as string)).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/1000000 within 1000 ms/),
    })
  }, 180_000)

  it('prints endpoints, accounts and contracts, then where the chain is; an interrupt leaves no process behind', async () => {
    run = npmStart()
    await run.lineMatching(/eth RPC {5}http:\/\/127\.0\.0\.1:\d+ {3}ws:\/\/127\.0\.0\.1:\d+/)
    await run.lineMatching(/OptimismPortal +0x[0-9a-fA-F]{40}/)
    await run.lineMatching(/^ {2}0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 {2}0x[0-9a-f]{64}$/)
    await run.lineMatching(/^L1 \d+ · sequencer \d+\/\d+\/\d+ · verifier \d+\/\d+\/\d+/)
    process.kill(-(run.child.pid as number), 'SIGINT')
    await run.exited
    expect(groupOf(run.child)).toEqual([])
  }, 180_000)

  it('names the fork flag that cannot be understood', async () => {
    run = npmStart('--fork', 'karts=+20s')
    expect(await run.exited).toBe(1)
  }, 60_000)
})
