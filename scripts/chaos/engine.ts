import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createExecutionEngine, type ExecutionEngine } from '../../packages/execution/src/index.ts'
import { devGenesis } from '../../packages/execution/testing/devChain.ts'
import { type BlockId, type Hash, txHash } from '../../packages/protocol/src/index.ts'
import { Random } from '../fuzz/random.ts'

export type EngineChaosOptions = {
  readonly rounds: number
  readonly seed: number
  readonly onRound?: (round: { round: number; head: number; killedAfterMs: number }) => void
}

export type EngineChaosReport = {
  readonly rounds: number
  readonly head: number
  readonly blocks: number
  readonly reorgs: number
  readonly openMs: { readonly median: number; readonly worst: number }
  readonly sizeBytes: number
  readonly losses: readonly { readonly round: number; readonly what: string }[]
}

type Line =
  | { kind: 'opened'; ms: number; number: number; sizeBytes: number; head: Hash; safe: Hash }
  | { kind: 'moving'; hash: Hash }
  | { kind: 'head'; hash: Hash; reorg: boolean }
  | { kind: 'safe'; hash: Hash }

/** What was acknowledged last, and the head that was asked for last. */
type Acknowledged = { head: Hash | null; moving: Hash | null; safe: Hash | null }

/**
 * Kills a process that inserts blocks with SIGKILL at a random instant, opens its folder, and compares what is there with
 * what was acknowledged. The same folder goes through all rounds.
 */
export async function engineChaos({ rounds, seed, onRound }: EngineChaosOptions): Promise<EngineChaosReport> {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-chaos-'))
  const random = new Random(seed)
  const losses: { round: number; what: string }[] = []
  const opens: number[] = []
  const acknowledged: Acknowledged = { head: null, moving: null, safe: null }
  let blocks = 0
  let reorgs = 0
  let sizeBytes = 0
  let head = 0
  try {
    for (let round = 1; round <= rounds; round++) {
      // The first blocks are slow, later ones a few milliseconds each: both have instants worth hitting.
      const killAfterMs = random.below(random.chance(40) ? 200 : 1500)
      const lines = await runAndKill(folder, `${seed * 100_003 + round}`, killAfterMs)
      for (const line of lines) {
        if (line.kind === 'opened') {
          opens.push(line.ms)
          sizeBytes = line.sizeBytes
        } else if (line.kind === 'safe') acknowledged.safe = line.hash
        else if (line.kind === 'moving') acknowledged.moving = line.hash
        else {
          acknowledged.head = line.hash
          blocks++
          if (line.reorg) reorgs++
        }
      }
      if (!lines.some(({ kind }) => kind === 'opened'))
        losses.push({ round, what: 'the process did not open the folder' })
      const top = await verify(folder, acknowledged, (what) => losses.push({ round, what }))
      // What was found is what the next round starts from.
      acknowledged.head = top.hash
      head = Number(top.number)
      onRound?.({ round, head, killedAfterMs: killAfterMs })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  opens.sort((a, b) => a - b)
  const openMs = { median: opens[opens.length >> 1] ?? 0, worst: opens.at(-1) ?? 0 }
  return { rounds, head, blocks, reorgs, openMs, sizeBytes, losses }
}

/** Lets a child insert blocks, kills it `killAfterMs` after it opened the folder, and gives what it had said. */
function runAndKill(folder: string, seed: string, killAfterMs: number): Promise<Line[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'engineChild.ts'), folder, seed], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines: Line[] = []
    let killed = false
    const reader = createInterface({ input: child.stdout })
    reader.on('line', (text) => {
      // A kill may cut the last line short: then nobody was told.
      if (!text.endsWith('}')) return
      const line = JSON.parse(text) as Line
      lines.push(line)
      if (line.kind !== 'opened') return
      setTimeout(() => {
        killed = true
        child.kill('SIGKILL')
      }, killAfterMs)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (killed) resolve(lines)
      else reject(new Error(`the engine process ended by itself with ${code}`))
    })
  })
}

/** Opens the folder and looks for what was acknowledged. */
async function verify(
  folder: string,
  { head, moving, safe }: Acknowledged,
  lost: (what: string) => void,
): Promise<BlockId> {
  const engine = await createExecutionEngine({ genesis: devGenesis(), dataDir: folder })
  try {
    const { store } = engine.chain
    const top = engine.chain.head
    // Only the move that was under way may have happened without a word about it.
    if (head && top.hash !== head && top.hash !== moving) lost(`head ${head} was acknowledged, found ${top.hash}`)
    if (head && !store.hasBlock(head)) lost(`block ${head} was acknowledged and is gone`)
    if (safe && !store.isAncestor(safe, store.labels.safe)) lost(`safe block ${safe} is not in the safe chain`)
    if (!store.isAncestor(store.labels.safe, top.hash)) lost('the safe block is not below the head')
    checkIndexes(engine, lost)
    await checkState(engine, lost)
    return { hash: top.hash, number: top.header.number }
  } finally {
    await engine.close()
  }
}

/** From the head to genesis: the number index, the transaction index, bodies and receipts agree. */
function checkIndexes({ chain }: ExecutionEngine, lost: (what: string) => void): void {
  const { store } = chain
  const { hash: top, header } = chain.head
  if (store.canonicalHash(header.number + 1n) !== null) lost('the number index goes beyond the head')
  let at = top
  for (let number = header.number; number >= 0n; number--) {
    if (store.canonicalHash(number) !== at) lost(`the number index has another block at ${number}`)
    const block = store.block(at)
    const receipts = store.receipts(at)
    if (!block || !receipts) {
      lost(`block ${number} or its receipts are gone`)
      return
    }
    if (receipts.length !== block.transactions.length) lost(`block ${number} has another number of receipts`)
    for (const [index, tx] of block.transactions.entries()) {
      const place = store.findTransaction(txHash(tx))
      if (place?.blockHash !== at || place.index !== index)
        lost(`transaction ${index} of block ${number} is not indexed`)
    }
    at = block.header.parentHash
  }
}

/** Blocks that are executed again: their parents' states must be whole, and give the same hash. */
const REPLAYED = 3

async function checkState({ chain }: ExecutionEngine, lost: (what: string) => void): Promise<void> {
  let block = chain.head
  for (let i = 0; i < REPLAYED && block.header.number > 0n; i++) {
    const sealed = await (await chain.replay(block)).seal()
    if (sealed.hash !== block.hash) lost(`block ${block.header.number} executes to another hash`)
    block = chain.need(block.header.parentHash)
  }
}
