import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { freePort } from '@keelson/service/node'
import { createTestClient, http, type TestClient } from 'viem'
import { DEV_MNEMONIC, FUNDED_ACCOUNT_COUNT } from '../accounts.ts'

/** Forks that a devnet's L1 can be at. */
export type L1Fork = 'cancun' | 'prague'

export type AnvilOptions = {
  readonly chainId: bigint
  /** From the first block on; `prague`. */
  readonly fork?: L1Fork
  /** Seconds between L1 blocks once {@link Anvil.startMining} was called. */
  readonly slotTimeSeconds: number
  /** `safe` is one epoch behind the head, `finalized` two. */
  readonly slotsInAnEpoch?: number
  /** `0`: any free port. */
  readonly port?: number
  /** Ends it for as long as it does not answer. */
  readonly signal?: AbortSignal | undefined
}

/** A running L1. Until {@link startMining}, blocks are mined only on request. */
export type Anvil = {
  readonly url: string
  /** The beacon API that serves blobs: the same server. */
  readonly beaconUrl: string
  readonly client: TestClient
  startMining(): Promise<void>
  stopMining(): Promise<void>
  close(): Promise<void>
}

/** What each dev account has on L1. */
const L1_BALANCE_ETH = 1_000_000

/** The anvil binary that the npm package carries for this platform. */
function anvilBinary(): string {
  const require = createRequire(import.meta.url)
  const fromAnvil = createRequire(require.resolve('@foundry-rs/anvil/package.json'))
  const platform = process.platform === 'win32' ? 'win32' : process.platform
  return fromAnvil.resolve(
    `@foundry-rs/anvil-${platform}-${process.arch === 'x64' ? 'amd64' : process.arch}/bin/anvil${platform === 'win32' ? '.exe' : ''}`,
  )
}

/**
 * Starts anvil on loopback and waits until it answers.
 *
 * @throws when it exits before it answers, with what it printed; or the signal's reason
 */
export async function startAnvil(options: AnvilOptions): Promise<Anvil> {
  const { signal } = options
  const port = options.port || (await freePort())
  signal?.throwIfAborted()
  const args = [
    ...['--host', '127.0.0.1', '--port', String(port)],
    ...['--chain-id', String(options.chainId), '--hardfork', options.fork ?? 'prague'],
    ...['--accounts', String(FUNDED_ACCOUNT_COUNT), '--mnemonic', DEV_MNEMONIC],
    ...['--balance', String(L1_BALANCE_ETH)],
    ...['--slots-in-an-epoch', String(options.slotsInAnEpoch ?? 4)],
    ...['--gas-limit', '200000000', '--no-mining', '--quiet'],
  ]
  const child = spawn(anvilBinary(), args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.removeListener('exit', kill))
  signal?.addEventListener('abort', kill, { once: true })
  let printed = ''
  const keep = (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-4000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)

  const url = `http://127.0.0.1:${port}`
  const client = createTestClient({ mode: 'anvil', transport: http(url, { retryCount: 0, timeout: 30_000 }) })
  try {
    await untilAnswering(child, client, () => printed)
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', kill)
  }
  return {
    url,
    beaconUrl: url,
    client,
    startMining: () => client.setIntervalMining({ interval: options.slotTimeSeconds }),
    stopMining: () => client.setIntervalMining({ interval: 0 }),
    close: () => stop(child),
  }
}

async function untilAnswering(child: ChildProcess, client: TestClient, printed: () => string): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`anvil exited with code ${code} before it answered: ${printed()}`)))
  })
  failed.catch(() => {})
  const hasExited = () => child.exitCode !== null || child.signalCode !== null
  const answering = async () => {
    while (!hasExited()) {
      try {
        await client.request({ method: 'eth_chainId' } as never)
        return
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    }
    await failed
  }
  await Promise.race([answering(), failed])
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 2_000)
  await exited
  clearTimeout(force)
}
