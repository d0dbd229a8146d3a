import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DevnetInfo } from '@keelson/devnet'
import { createRpcClient } from '@keelson/service'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type KeelsonProcess, keelson, runKeelson } from './keelsonProcess.ts'

describe('keelson devnet', () => {
  let folder: string
  const running: KeelsonProcess[] = []
  const run = (args: readonly string[]) => {
    const process = runKeelson(args)
    running.push(process)
    return process
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keelson-devnet-'))
  })
  afterAll(async () => {
    await Promise.all(running.map((process) => process.stop()))
    await rm(folder, { recursive: true, force: true })
  })

  const args = (name: string, ...more: readonly string[]) => [
    ...['devnet', '--json', '--datadir', join(folder, name), '--l1.block-time', '1', '--l2.block-time', '1'],
    ...['l1', 'sequencer', 'verifier', 'explorer'].flatMap((part) => [`--${part}.port`, '0']),
    ...more,
  ]
  const answers = (url: string) =>
    createRpcClient({ url, timeoutMs: 2_000 })
      .request('eth_chainId')
      .then(
        () => true,
        () => false,
      )

  it('stops within 5 s of Ctrl-C and leaves nothing behind', async () => {
    const devnet = run(args('stopped'))
    const [line] = await devnet.printed(/^\{"event":"started".*\}$/m)
    const { l1, sequencer, verifier } = JSON.parse(line) as DevnetInfo
    const urls = [l1.rpc, sequencer.rpc, verifier.rpc]
    expect(await Promise.all(urls.map(answers))).toEqual([true, true, true])
    const before = performance.now()
    expect(await devnet.stop(), devnet.output()).toBe(0)
    expect(performance.now() - before).toBeLessThan(5_000)
    expect(await Promise.all(urls.map(answers))).toEqual([false, false, false])
  }, 120_000)

  it('stops when it is told to while it starts', async () => {
    const devnet = run(args('early', '--log.level', 'debug'))
    await devnet.printed(/"step":"L1 and its contracts"/)
    expect(await devnet.stop(), devnet.output()).toBe(0)
    expect(devnet.lines(/"msg":"Starting","step":"the sequencer"|"event":"started"/)).toEqual([])
  }, 120_000)

  it('until a safe head: one JSON line and exit code 0, or 1 when time is up', async () => {
    const done = await keelson(args('done', '--until-safe', '3'))
    expect(done.code, done.output).toBe(0)
    const result = done.output.split('\n').find((line) => line.includes('"ok"')) ?? '{}'
    expect(JSON.parse(result)).toMatchObject({ ok: true, hashesMatch: true, safe: expect.any(Number) })
    expect(JSON.parse(result).safe).toBeGreaterThanOrEqual(3)
    expect(JSON.parse(result).firstL2BlockMs).toBeGreaterThan(0)

    const late = await keelson(args('late', '--until-safe', '100000', '--timeout', '2s'))
    expect(late.code).toBe(1)
    expect(late.output).toMatch(/"ok":false/)
  }, 120_000)
})
