import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Hash, type SyncStatus, syncStatusFromJson } from '@keelson/protocol'
import { createLogger, createRpcClient, nullLogger } from '@keelson/service'
import { type Devnet, type DevnetNode, type DevnetOptions, startDevnet } from '../src/index.ts'

/** Waits until `condition` gives something; asks every 50 ms. Fails with `what` when it takes too long. */
export async function eventually<T>(
  what: string,
  condition: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  timeoutMs = 120_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await condition()
    if (found !== null && found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** What the parts of a test log: nothing, or `KEELSON_TEST_LOG=info`. */
export function testLog() {
  const level = process.env.KEELSON_TEST_LOG
  if (!level) return nullLogger
  return createLogger({ level: level as 'info', format: 'logfmt', write: (line) => console.log(line) })
}

/** A chain with 1 s blocks on both layers, in which blocks are final soon. */
export const TEST_CHAIN = {
  l1ChainId: 900n,
  l2ChainId: 901n,
  l2BlockTime: 1n,
  l1BlockTimeSeconds: 1,
  slotsInAnEpoch: 2,
  seqWindowSize: 3600n,
  channelTimeout: 300n,
  maxSequencerDrift: 600n,
  batchInbox: '0xff00000000000000000000000000000000000901',
  forks: new Map(),
} as const

/** A devnet on free ports with 1 s blocks on both layers, in a folder of its own that goes with it. */
export async function startTestDevnet(overrides: Partial<DevnetOptions> = {}): Promise<Devnet> {
  const folder = await mkdtemp(join(tmpdir(), 'keelson-'))
  const removeFolder = () => rm(folder, { recursive: true, force: true })
  const options: DevnetOptions = {
    ...TEST_CHAIN,
    dataAvailabilityType: 'blobs',
    dataDir: folder,
    ports: { l1: 0, sequencer: 0, verifier: 0, explorer: 0 },
    log: testLog(),
    ...overrides,
  }
  try {
    const devnet = await startDevnet(options)
    return { ...devnet, close: () => devnet.close().then(removeFolder) }
  } catch (error) {
    await removeFolder()
    throw error
  }
}

/** Hash of block `number` of a node's engine, or `null`. */
export async function blockHash(node: DevnetNode, number: bigint): Promise<Hash | null> {
  return (await node.engine.engine.getBlock({ number }))?.executionPayload.blockHash ?? null
}

/** Numbers of the blocks up to `last` whose hashes differ between two nodes. */
export async function differingBlocks(a: DevnetNode, b: DevnetNode, last: bigint): Promise<bigint[]> {
  const differing: bigint[] = []
  for (let number = 0n; number <= last; number++) {
    const [ours, theirs] = await Promise.all([blockHash(a, number), blockHash(b, number)])
    if (ours === null || ours !== theirs) differing.push(number)
  }
  return differing
}

/** `optimism_syncStatus` over HTTP, as another program would ask. */
export async function syncStatus(rollupRpc: string): Promise<SyncStatus> {
  return syncStatusFromJson(await rpc(rollupRpc, 'optimism_syncStatus'))
}

/** One JSON-RPC call over HTTP. */
export function rpc<T = unknown>(url: string, method: string, params: readonly unknown[] = []): Promise<T> {
  return createRpcClient({ url, timeoutMs: 10_000 }).request<T>(method, params)
}

/** A way to a TCP server on loopback that can be cut and mended. */
export type CuttableProxy = { readonly url: string; cut(): void; mend(): Promise<void>; close(): Promise<void> }

/** Puts a proxy before the HTTP server at `target`. */
export async function startCuttableProxy(target: string): Promise<CuttableProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let listening = 0
  let server: Server | null = null
  const open = () =>
    new Promise<void>((resolve, reject) => {
      server = createServer((client) => {
        const upstream = connect(Number(port), hostname)
        for (const socket of [client, upstream]) {
          sockets.add(socket)
          socket.on('error', () => {})
          socket.on('close', () => {
            sockets.delete(socket)
            client.destroy()
            upstream.destroy()
          })
        }
        client.pipe(upstream).pipe(client)
      })
      server.once('error', reject)
      server.listen(listening, '127.0.0.1', () => {
        const address = server?.address()
        if (address && typeof address === 'object') listening = address.port
        resolve()
      })
    })
  const cut = () => {
    server?.close()
    server = null
    for (const socket of sockets) socket.destroy()
  }
  await open()
  return { url: `http://127.0.0.1:${listening}`, cut, mend: open, close: async () => cut() }
}
