import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import type { Hash } from '@keelson/protocol'
import { createRpcClient, type RpcClient } from '@keelson/service'

/** A running anvil. */
export type Anvil = {
  readonly url: string
  readonly rpc: RpcClient
  /** Mines `count` blocks (1). */
  mine(count?: number): Promise<void>
  /** The receipt of a transaction, once there is one: even with instant mining it may come after the transaction's answer. */
  receipt<T>(hash: Hash): Promise<T>
  stop(): Promise<void>
}

/** The first of anvil's dev accounts: a public key of everybody. */
export const ANVIL_KEYS = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
] as const

/**
 * Starts anvil on a free port of 127.0.0.1. Without arguments it mines at once what it is sent.
 *
 * @param args - more of anvil's flags, such as `--no-mining`
 */
export async function startAnvil(args: readonly string[] = []): Promise<Anvil> {
  const child = spawn(anvilBinary(), ['--host', '127.0.0.1', '--port', '0', '--slots-in-an-epoch', '2', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000)
      const address = /Listening on (\S+)/.exec(output)?.[1]
      if (address) resolve(`http://${address}`)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`anvil ended: ${output}`)))
  })
  const rpc = createRpcClient({ url })
  const killOnExit = () => child.kill('SIGKILL')
  process.once('exit', killOnExit)
  return {
    url,
    rpc,
    mine: async (count = 1) => {
      await rpc.request('anvil_mine', [`0x${count.toString(16)}`])
    },
    receipt: async <T>(hash: Hash) => {
      for (;;) {
        const receipt = await rpc.request<T | null>('eth_getTransactionReceipt', [hash])
        if (receipt !== null) return receipt
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    stop: async () => {
      process.removeListener('exit', killOnExit)
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** The program itself: the package's own launcher would leave it running when killed. */
function anvilBinary(): string {
  const require = createRequire(import.meta.url)
  const fromAnvil = createRequire(require.resolve('@foundry-rs/anvil/package.json'))
  return fromAnvil.resolve(
    `@foundry-rs/anvil-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}/bin/anvil`,
  )
}
