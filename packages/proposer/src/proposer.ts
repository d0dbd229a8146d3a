import type { TxManager } from '@keelson/l1'
import {
  type Address,
  type OutputAtBlock,
  outputAtBlockFromJson,
  outputRoot,
  quantityToHex,
  type SyncStatus,
  syncStatusFromJson,
  ZERO_HASH,
} from '@keelson/protocol'
import {
  type Clock,
  type Logger,
  type MetricRegistry,
  nullLogger,
  nullMetrics,
  type RpcClient,
  systemClock,
} from '@keelson/service'
import { disputeGameFactory, l2OutputOracle } from './contracts.ts'
import { ProposerError } from './errors.ts'
import { createProposerMetrics } from './metrics.ts'

/** Where output roots go. */
export type ProposerTarget =
  | { readonly type: 'l2OutputOracle'; readonly address: Address }
  | {
      readonly type: 'disputeGameFactory'
      readonly address: Address
      /** The portal's respected game type, else withdrawals cannot use the games. */
      readonly gameType: number
      readonly proposalIntervalMs: number
    }

export type ProposerOptions = {
  readonly target: ProposerTarget
  /** The rollup node whose outputs are proposed: one that derives for itself. */
  readonly rollup: RpcClient
  readonly l1: RpcClient
  /** Sends from the proposer's account. */
  readonly txs: TxManager
  /** 12 s. */
  readonly pollIntervalMs?: number
  /** Propose safe heads, which an L1 reorg may take back. */
  readonly allowNonFinalized?: boolean
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: MetricRegistry
}

/** Writes output roots to L1. */
export interface Proposer {
  /** @throws {Error} `proposer is already running` */
  start(): Promise<void>
  /** @throws {Error} `proposer is not running` */
  stop(): Promise<void>
  readonly running: boolean
  /** One look at whether a proposal is due, and the proposal. Resolves with the block proposed, or `null`. */
  turn(signal?: AbortSignal): Promise<bigint | null>
  close(): Promise<void>
}

/**
 * Proposes the output of every SUBMISSION_INTERVAL-th block to the oracle, or a game in every proposal interval to the factory.
 *
 * What has been proposed is read from L1 each time and never remembered: challengers and reorgs change it.
 *
 * @see specs/protocol/proposals.md
 */
export function createProposer(options: ProposerOptions): Proposer {
  const { target, rollup, l1, txs, pollIntervalMs = 12_000, allowNonFinalized = false } = options
  const { clock = systemClock, log = nullLogger } = options
  const metrics = createProposerMetrics(options.metrics ?? nullMetrics)
  const oracle = l2OutputOracle(l1, target.address)
  const factory = disputeGameFactory(l1, target.address)
  let running: { abort: AbortController; done: Promise<void> } | null = null

  const gate = (status: SyncStatus) => (allowNonFinalized ? status.safeL2 : status.finalizedL2)

  /** @throws {ProposerError} for an output that does not hold together */
  async function outputAt(number: bigint, call: { signal?: AbortSignal }): Promise<OutputAtBlock> {
    const output = outputAtBlockFromJson(await rollup.request('optimism_outputAtBlock', [quantityToHex(number)], call))
    if (output.version !== ZERO_HASH) throw new ProposerError('badVersion', { version: output.version })
    const answered = output.blockRef.number
    if (answered !== number) throw new ProposerError('wrongBlock', { asked: number, answered })
    const computed = outputRoot({
      stateRoot: output.stateRoot,
      messagePasserStorageRoot: output.withdrawalStorageRoot,
      blockHash: output.blockRef.hash,
    })
    if (computed !== output.outputRoot)
      throw new ProposerError('wrongRoot', { block: number, answered: output.outputRoot, computed })
    return output
  }

  const statusOf = async (call: { signal?: AbortSignal }) =>
    syncStatusFromJson(await rollup.request('optimism_syncStatus', [], call))

  async function proposeToOracle(call: { signal?: AbortSignal }): Promise<bigint | null> {
    const next = await oracle.nextBlockNumber()
    if (gate(await statusOf(call)).number < next) return null
    const output = await outputAt(next, call)
    // The status that came with the output must allow it as well: the head may have fallen back in between.
    if (gate(output.syncStatus).number < next) return null
    const { currentL1 } = output.syncStatus
    // `blockhash` on L1 only knows blocks below the one that includes the call.
    if (BigInt(await l1.request<string>('eth_blockNumber', [], call)) <= currentL1.number) return null
    const data = oracle.encodeProposal(output.outputRoot, next, currentL1)
    return (await send(next, output, { to: oracle.address, data }, call)) ? next : null
  }

  async function proposeGame(
    at: ProposerTarget & { type: 'disputeGameFactory' },
    call: { signal?: AbortSignal },
  ): Promise<bigint | null> {
    if (await hasRecentGame(at)) return null
    const { number } = gate(await statusOf(call))
    if (number === 0n) return null
    const output = await outputAt(number, call)
    if (gate(output.syncStatus).number < number) return null
    if (await factory.exists(at.gameType, output.outputRoot, number)) {
      log.debug('The game exists already', { block: number, output_root: output.outputRoot })
      return null
    }
    const value = await factory.initBond(at.gameType)
    const data = factory.encodeCreate(at.gameType, output.outputRoot, number)
    return (await send(number, output, { to: factory.address, data, value }, call)) ? number : null
  }

  /** Whether one of our games of the type is younger than the interval. Games stand in order of time. */
  async function hasRecentGame({
    gameType,
    proposalIntervalMs,
  }: ProposerTarget & { type: 'disputeGameFactory' }): Promise<boolean> {
    const latest = await l1.request<{ timestamp: string }>('eth_getBlockByNumber', ['latest', false])
    const cutoff = BigInt(latest.timestamp) - BigInt(Math.floor(proposalIntervalMs / 1000))
    for (let index = (await factory.gameCount()) - 1n; index >= 0n; index--) {
      const game = await factory.gameAtIndex(index)
      if (game.timestamp <= cutoff) return false
      if (game.gameType === gameType && (await factory.creator(game.proxy)) === txs.address) return true
    }
    return false
  }

  async function send(
    number: bigint,
    output: OutputAtBlock,
    candidate: Parameters<TxManager['send']>[0],
    call: { signal?: AbortSignal },
  ): Promise<boolean> {
    const fields = { block: number, output_root: output.outputRoot, to: candidate.to }
    const inclusion = await txs.send(candidate, call)
    metrics.proposals.inc({ outcome: inclusion.status ? 'success' : 'failed' })
    if (!inclusion.status) {
      log.error('The proposal failed on L1', { ...fields, hash: inclusion.hash })
      return false
    }
    metrics.proposed.set({ layer: 'l2', type: 'proposed' }, Number(number))
    log.info('Output proposed', { ...fields, hash: inclusion.hash, l1_block: inclusion.blockNumber })
    return true
  }

  const turn = (signal?: AbortSignal) => {
    const call = signal ? { signal } : {}
    return target.type === 'l2OutputOracle' ? proposeToOracle(call) : proposeGame(target, call)
  }

  async function loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let proposed: bigint | null = null
      try {
        proposed = await turn(signal)
      } catch (error) {
        if (signal.aborted) return
        log.warn('No output could be proposed', { err: error })
      }
      // After a proposal the next may be due already.
      if (proposed === null || target.type === 'disputeGameFactory')
        await clock.sleep(pollIntervalMs, signal).catch(() => {})
    }
  }

  const stop = async () => {
    if (!running) throw new Error('proposer is not running')
    const { abort, done } = running
    running = null
    metrics.up.set(0)
    abort.abort(new Error('the proposer was stopped'))
    await done
    log.info('Proposer stopped')
  }

  return {
    get running() {
      return running !== null
    },
    async start() {
      if (running) throw new Error('proposer is already running')
      const abort = new AbortController()
      running = { abort, done: loop(abort.signal) }
      metrics.up.set(1)
      log.info('Proposer started', { target: target.type, address: target.address, from: txs.address })
    },
    stop,
    turn,
    async close() {
      if (running) await stop()
    },
  }
}
