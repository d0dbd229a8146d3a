/// <reference types="node" />
import { type ChildProcess, spawn } from 'node:child_process'

/** How long a program may take to be ready: the first start of a large binary on a busy machine. */
const READY_TIMEOUT_MS = 60_000
/** How long a program may take to end by itself before it is killed. */
const STOP_TIMEOUT_MS = 10_000
/** Of what it printed, the end is kept. */
const KEPT_CHARACTERS = 20_000

export type ExternalProcessOptions = {
  readonly binary: string
  readonly args: readonly string[]
  /** Rejects until the program does its work. Default: it is ready at once. */
  readonly ready?: () => Promise<unknown>
  /** Sees all that it prints, as it comes. */
  readonly onOutput?: (text: string) => void
}

/** A program of others that a test has started. */
export type ExternalProcess = {
  /** The end of what it printed, to explain a failure. */
  printed(): string
  /** Asks it to end, and kills it when it does not. */
  stop(): Promise<void>
}

/**
 * Starts a program with an empty environment and waits until it is ready. It ends with this process at the latest.
 *
 * @throws with what it printed, when it ends before it is ready or takes too long
 */
export async function startExternalProcess(options: ExternalProcessOptions): Promise<ExternalProcess> {
  const { binary, args, ready, onOutput } = options
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], env: {} })
  let text = ''
  const keep = (chunk: Buffer) => {
    onOutput?.(chunk.toString())
    text = (text + chunk.toString()).slice(-KEPT_CHARACTERS)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const running: ExternalProcess = {
    printed: () => text,
    async stop() {
      process.removeListener('exit', kill)
      await stop(child)
    },
  }
  try {
    if (ready) await untilReady(child, ready)
  } catch (cause) {
    await running.stop()
    throw new Error(`${binary} did not get ready: ${text}`, { cause })
  }
  return running
}

async function untilReady(child: ChildProcess, ready: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  let spawnError: Error | null = null
  child.once('error', (error) => {
    spawnError = error
  })
  for (;;) {
    try {
      await ready()
      return
    } catch (error) {
      if (spawnError) throw spawnError
      if (hasEnded(child)) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`, { cause: error })
      if (performance.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

const hasEnded = (child: ChildProcess) =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(force)
}
