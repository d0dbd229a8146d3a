import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import { resolve } from 'node:path'

const BIN = resolve(import.meta.dirname, '../src/bin.ts')

/** `keelson …` in a process of its own. */
export type KeelsonProcess = {
  /** All that it printed so far, standard error included. */
  output(): string
  /** Printed lines that match. */
  lines(pattern: RegExp): string[]
  /** The first match in the output, as soon as it is there. Fails when the process ends before, or after a minute. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>
  /** The exit code, `null` when a signal ended it. */
  readonly exited: Promise<number | null>
  /** Stops it as Ctrl-C does; after ten seconds for good. */
  stop(): Promise<number | null>
}

/** Runs the command line from its source. Only `env` is in its environment. */
export function runKeelson(args: readonly string[], env: Readonly<Record<string, string>> = {}): KeelsonProcess {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...env } })
  let output = ''
  const listeners = new Set<() => void>()
  const heard = (chunk: Buffer) => {
    output += chunk.toString()
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', heard)
  child.stderr.on('data', heard)
  const exited = new Promise<number | null>((done) => child.once('close', (code) => done(code)))
  return {
    output: () => output,
    lines: (pattern) => output.split('\n').filter((line) => pattern.test(line)),
    printed(pattern) {
      return new Promise((found, failed) => {
        const end = (why: string) => {
          listeners.delete(look)
          clearTimeout(timer)
          failed(new Error(`${why} before it printed ${pattern}:\n${output}`))
        }
        const look = () => {
          const match = pattern.exec(output)
          if (!match) return
          listeners.delete(look)
          clearTimeout(timer)
          found(match)
        }
        const timer = setTimeout(() => end('a minute went by'), 60_000)
        listeners.add(look)
        look()
        void exited.then(() => end('it ended'))
      })
    },
    exited,
    async stop() {
      child.kill('SIGINT')
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
      const code = await exited
      clearTimeout(force)
      return code
    },
  }
}

/** Runs a command to its end. */
export async function keelson(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const run = runKeelson(args, env)
  return { code: await run.exited, output: run.output() }
}

/** Something else that listens on a port of loopback, over TCP and UDP. */
export async function takenPort(): Promise<{ readonly port: number; close(): void }> {
  const server: Server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (!address || typeof address !== 'object') throw new Error('no port')
  const udp = createSocket('udp4')
  await new Promise<void>((done) => udp.bind(address.port, '127.0.0.1', done))
  return {
    port: address.port,
    close() {
      server.close()
      udp.close()
    },
  }
}
