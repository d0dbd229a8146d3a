import type { L1Client } from '@keelson/l1'
import { codedError, type ExecutionClient, type RollupConfig } from '@keelson/protocol'
import { type Clock, errorText, type Logger, retry } from '@keelson/service'
import { severityOf } from './reactTo.ts'

/** The rollup config does not fit the chains that were found: going on would derive nonsense. */
export class ChainMismatchError extends codedError('ChainMismatchError', {
  mismatch: {
    severity: 'critical',
    text: (d: { field: string; where: string; expected: string; found: string }) =>
      `rollup config field ${d.field} does not match ${d.where}: expected ${d.expected}, found ${d.found}`,
  },
  malformed: {
    severity: 'critical',
    text: (d: { what: string; reason: string }) => `${d.what} cannot be used: ${d.reason}`,
  },
}) {}

type WaitParts = { readonly clock: Clock; readonly log: Logger; readonly signal?: AbortSignal }

/**
 * Asks until there is an answer; says what for, at first and then every half minute. Mismatches are not waited out.
 */
export async function waitFor<T>(what: string, ask: () => Promise<T>, { clock, log, signal }: WaitParts): Promise<T> {
  let saidMs = Number.NEGATIVE_INFINITY
  let waited = false
  const answer = await retry(ask, {
    attempts: Number.POSITIVE_INFINITY,
    strategy: (attempt) => Math.min(250 * 2 ** Math.min(attempt, 6), 5_000),
    clock,
    ...(signal ? { signal } : {}),
    retryable: (error) => !(error instanceof ChainMismatchError) && isWaitable(error),
    onRetry: (error) => {
      waited = true
      if (clock.now() - saidMs < 30_000) return
      saidMs = clock.now()
      log.warn(`Waiting for ${what}`, { err: errorText(error) })
    },
  })
  if (waited) log.info(`${what} is there`)
  return answer
}

/** An error that nobody classed comes from a transport; a classed one says by itself. */
function isWaitable(error: unknown): boolean {
  const classed = (error as { severity?: unknown } | null)?.severity !== undefined
  return !classed || severityOf(error) === 'temporary'
}

/** @throws {ChainMismatchError} L1 is another chain than the config is for */
export async function checkL1(config: RollupConfig, l1: L1Client, wait: WaitParts): Promise<void> {
  const chainId = await waitFor('the L1 RPC', () => l1.chainId(), wait)
  expectEqual('l1_chain_id', 'the L1 RPC', config.l1ChainId, chainId)
  const { number, hash } = config.genesis.l1
  const genesis = await waitFor(
    `L1 block ${number}`,
    async () => {
      const block = await l1.getBlockRefByNumber(number)
      if (!block) throw new Error(`L1 has not reached block ${number}`)
      return block
    },
    wait,
  )
  expectEqual('genesis.l1.hash', `block ${number} of the L1 RPC`, hash, genesis.hash)
}

/** @throws {ChainMismatchError} the engine has another chain than the config is for */
export async function checkL2(
  config: RollupConfig,
  engine: ExecutionClient,
  wait: WaitParts & { readonly skipGenesis: boolean },
): Promise<void> {
  const chainId = await waitFor('the engine', () => engine.getChainId(), wait)
  expectEqual('l2_chain_id', 'the engine', config.l2ChainId, chainId)
  if (wait.skipGenesis) return
  const { number, hash } = config.genesis.l2
  const genesis = await waitFor('the engine', () => engine.getBlock({ number }), wait)
  expectEqual(
    'genesis.l2.hash',
    `block ${number} of the engine`,
    hash,
    genesis?.executionPayload.blockHash ?? 'no block',
  )
}

function expectEqual(field: string, where: string, expected: bigint | string, found: bigint | string): void {
  if (expected === found) return
  throw new ChainMismatchError('mismatch', { field, where, expected: String(expected), found: String(found) })
}
