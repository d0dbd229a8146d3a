import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { DevnetInfo } from '@keelson/devnet'
import { createPublicClient, createWalletClient, defineChain, http, parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

const ROOT = resolve(import.meta.dirname, '..')
const BLOCK_TIME_MS = 2_000
const IDLE_SECONDS = 30
const TRANSFERS = 10

/** The devnet as `npm start` runs it, seen from outside: start-up, footprint when idle, latency of a transfer. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-bench-'))
  const ports = ['--l1.port', '0', '--sequencer.port', '0', '--verifier.port', '0', '--explorer.port', '0']
  const startedAt = performance.now()
  const child = spawn('npm', ['start', '--silent', '--', '--json', '--datadir', folder, ...ports], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  try {
    let info: DevnetInfo | null = null
    const started = new Promise<DevnetInfo>((done, failed) => {
      child.once('exit', (code) => failed(new Error(`npm start exited with ${code}`)))
      createInterface(child.stdout).on('line', (line) => {
        const event = JSON.parse(line) as { event: string } & DevnetInfo
        if (event.event === 'started') done(event)
      })
    })
    info = await started
    const sequencer = createPublicClient({ transport: http(info.sequencer.rpc), cacheTime: 0 })
    while ((await sequencer.getBlockNumber()) < 1n) await sleep(20)
    console.log(
      `first L2 block            ${((performance.now() - startedAt) / 1000).toFixed(1)} s after npm start (goal 10 s)`,
    )

    await sleep(20_000)
    const before = usage(child.pid as number)
    await sleep(IDLE_SECONDS * 1000)
    const after = usage(child.pid as number)
    const cpu = ((after.cpuSeconds - before.cpuSeconds) / IDLE_SECONDS) * 100
    console.log(`resident, all processes   ${after.residentMiB.toFixed(0)} MiB (goal 1,229 MiB)`)
    console.log(`CPU when idle             ${cpu.toFixed(0)} % of one core over ${IDLE_SECONDS} s (goal 60 %)`)

    const latencies = await transferLatencies(info)
    const sorted = [...latencies].sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number
    console.log(
      `transfer on the verifier  median ${at(0.5).toFixed(0)} ms, slowest ${at(1).toFixed(0)} ms of ${TRANSFERS} ` +
        `(goal ${BLOCK_TIME_MS + 300} ms = block time + 300 ms)`,
    )
  } finally {
    process.kill(-(child.pid as number), 'SIGINT')
    await new Promise((done) => child.once('exit', done))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Milliseconds from sending a transfer to the sequencer until the verifier has its receipt. */
async function transferLatencies(info: DevnetInfo): Promise<number[]> {
  const chain = defineChain({
    id: info.l2ChainId,
    name: 'devnet',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [info.sequencer.rpc] } },
  })
  const account = privateKeyToAccount(info.accounts[4]!.privateKey)
  const wallet = createWalletClient({ account, chain, transport: http() })
  const verifier = createPublicClient({ chain, transport: http(info.verifier.rpc), cacheTime: 0 })
  const latencies: number[] = []
  for (let i = 0; i < TRANSFERS; i++) {
    // Spread over the block time, so that not every transfer meets the same phase of it.
    await sleep((BLOCK_TIME_MS / TRANSFERS) * i)
    const serialized = await wallet.signTransaction(
      await wallet.prepareTransactionRequest({ to: account.address, value: parseEther('0.001') }),
    )
    const sentAt = performance.now()
    const hash = await wallet.sendRawTransaction({ serializedTransaction: serialized })
    for (;;) {
      const receipt = await verifier.request({ method: 'eth_getTransactionReceipt', params: [hash] })
      if (receipt) break
      await sleep(10)
    }
    latencies.push(performance.now() - sentAt)
  }
  return latencies
}

/** CPU time and resident memory of a process and all below it, from /proc. */
function usage(root: number): { cpuSeconds: number; residentMiB: number } {
  const parents = new Map<number, { parent: number; ticks: number; pages: number }>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const field = (number: number) => Number(fields[number - 3])
      parents.set(Number(name), { parent: field(4), ticks: field(14) + field(15), pages: field(24) })
    } catch {
      // The process ended while we looked.
    }
  }
  const isBelow = (pid: number): boolean => pid === root || (parents.has(pid) && isBelow(parents.get(pid)!.parent))
  let ticks = 0
  let pages = 0
  for (const [pid, process] of parents) {
    if (!isBelow(pid)) continue
    ticks += process.ticks
    pages += process.pages
  }
  return { cpuSeconds: ticks / 100, residentMiB: (pages * 4096) / 2 ** 20 }
}

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms))
