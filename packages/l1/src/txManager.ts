import type { Hash } from '@keelson/protocol'
import {
  type Clock,
  type Logger,
  type MetricRegistry,
  nullLogger,
  nullMetrics,
  type RpcClient,
  systemClock,
  untilAborted,
} from '@keelson/service'
import { ConfirmedTxs } from './confirmedTxs.ts'
import { TxError } from './errors.ts'
import { createFeePolicy, type FeeOptions } from './feePolicy.ts'
import type { BlobCrypto } from './l1Api.ts'
import { byNonce, feeFields, isBlobTx, newestVersion, type TrackedTx } from './trackedTx.ts'
import type { TxCandidate, TxDropped, TxInclusion, TxManager, TxSigner } from './txApi.ts'
import { inclusionOf } from './txCalls.ts'
import { signTx } from './txEncoding.ts'
import { createTxLauncher } from './txLaunch.ts'
import { createTxMetrics } from './txMetrics.ts'
import { publishOutcome } from './txPublish.ts'

export type TxManagerOptions = FeeOptions & {
  readonly rpc: RpcClient
  readonly signer: TxSigner
  readonly chainId: bigint
  /** Needed to send blobs. */
  readonly crypto?: BlobCrypto
  /** Blocks that must contain or follow a transaction before it counts; 10. */
  readonly numConfirmations?: number
  /** How long a transaction may wait before its fees are raised; 48 s. */
  readonly resubmissionTimeoutMs?: number
  /** How often receipts are asked for; 12 s. */
  readonly receiptQueryIntervalMs?: number
  /** How long {@link TxManager.send} may take in all; 0, the default: as long as it needs. */
  readonly sendTimeoutMs?: number
  /** How long it may take to publish a transaction for the first time; 2 min. */
  readonly notInMempoolTimeoutMs?: number
  /** After how many answers "nonce too low" for a transaction without a receipt it counts as replaced; 3. */
  readonly safeAbortNonceTooLowCount?: number
  /** L1 time from which blobs are sent with cell proofs (Osaka). */
  readonly cellProofTime?: bigint
  readonly clock?: Clock
  readonly log?: Logger
  readonly metrics?: MetricRegistry
}

/** See {@link TxManager}. */
export function createTxManager(options: TxManagerOptions): TxManager {
  const { rpc, signer, chainId, clock = systemClock, log = nullLogger } = options
  const { numConfirmations = 10, resubmissionTimeoutMs = 48_000, receiptQueryIntervalMs = 12_000 } = options
  const { sendTimeoutMs = 0, safeAbortNonceTooLowCount = 3 } = options
  const fees = createFeePolicy(rpc, options)
  const metrics = createTxMetrics(options.metrics ?? nullMetrics)
  const { address } = signer

  /** Published and not confirmed, by nonce. */
  let inFlight: TrackedTx[] = []
  const droppedListeners = new Set<(dropped: TxDropped) => void>()
  const closing = new AbortController()
  const { signal: closed } = closing
  /** Nonces are given one transaction at a time. */
  let turn: Promise<unknown> = Promise.resolve()
  const wakeUp: (() => void)[] = []
  let cancelPoll: (() => void) | null = null

  const confirmed = new ConfirmedTxs({ rpc, signal: closed, onLost: sendAgain })
  const launcher = createTxLauncher({
    ...{ rpc, signer, chainId, fees, clock, log, metrics, nextNonce, closing: closed },
    crypto: options.crypto,
    cellProofTime: options.cellProofTime,
    notInMempoolTimeoutMs: options.notInMempoolTimeoutMs ?? 120_000,
  })

  function changed(): void {
    metrics.pending.set(inFlight.length)
    for (const wake of wakeUp.splice(0)) wake()
  }

  // ---- publishing -------------------------------------------------------------------------------------------------------

  async function nextNonce(): Promise<number> {
    // A transaction lost to a reorg must be back before its nonce is given away.
    await confirmed.check()
    const last = inFlight.at(-1)
    if (last) return last.tx.nonce + 1
    const count = await rpc.request<string>('eth_getTransactionCount', [address, 'latest'], { signal: closed })
    return Number(BigInt(count))
  }

  /** Waits until a transaction of this kind may be published: a pool takes only one kind of an account at a time. */
  async function untilKindIsFree(withBlobs: boolean, signal: AbortSignal): Promise<void> {
    while (inFlight.some((entry) => entry.inclusion === null && isBlobTx(entry) !== withBlobs)) {
      await untilAborted(new Promise<void>((resolve) => wakeUp.push(resolve)), signal)
      closed.throwIfAborted()
    }
  }

  /** Publishes in turn, and follows what was published whether or not somebody still waits for it. */
  async function send(candidate: TxCandidate, signal: AbortSignal): Promise<TxInclusion> {
    // Proofs take time and need no turn.
    const proving = launcher.prove(candidate)
    proving.catch(() => undefined)
    const launched = turn.then(async () => {
      const sidecars = await proving
      await untilKindIsFree(sidecars.length > 0, signal)
      const entry = await launcher.launch(candidate, sidecars, signal)
      const outcome = new Promise<TxInclusion>((resolve, reject) => {
        entry.resolve = resolve
        entry.reject = reject
      })
      inFlight.push(entry)
      changed()
      armPoll()
      return { outcome }
    })
    turn = launched.catch(() => undefined)
    return untilAborted(
      launched.then(({ outcome }) => outcome),
      signal,
    )
  }

  /** Publishes the newest version once more. */
  async function republish(entry: TrackedTx): Promise<boolean> {
    const { hash, raw } = newestVersion(entry)
    const outcome = await publishOutcome(rpc, raw, closed)
    entry.publishedMs = clock.now()
    if (outcome.status === 'accepted' || outcome.status === 'unknown') return true
    log.debug('Transaction could not be published again', { hash, reason: outcome.reason })
    return false
  }

  /** What a reorg took out of the chain after its confirmations; nobody waits for it any more. */
  async function sendAgain(entry: TrackedTx, inclusion: TxInclusion): Promise<void> {
    const resent = await republish(entry)
    const { hash, nonce } = inclusion
    log.warn('An L1 reorg took a confirmed transaction out', { hash, nonce, resent })
    if (resent) inFlight = [...inFlight, { ...entry, resolve: () => {}, reject: () => {} }].sort(byNonce)
    metrics.dropped.inc()
    for (const listener of [...droppedListeners]) listener({ inclusion, resent })
    changed()
  }

  async function raiseFees(entry: TrackedTx): Promise<void> {
    const withBlobs = isBlobTx(entry)
    try {
      const next = fees.bump(entry.fees, await fees.market(), withBlobs)
      const version = await signTx({ ...entry.tx, fees: next }, signer)
      const outcome = await publishOutcome(rpc, version.raw, closed)
      entry.publishedMs = clock.now()
      if (outcome.status === 'accepted' || outcome.status === 'unknown' || outcome.status === 'underpriced') {
        // Underpriced: the pool holds a version we do not know of; the next bump starts from here.
        entry.fees = next
        if (outcome.status !== 'underpriced') entry.versions.push(version)
        metrics.bumps.inc()
        log.info('Transaction waits too long, fees are raised', {
          hash: version.hash,
          nonce: entry.tx.nonce,
          ...feeFields(next),
        })
      } else if (outcome.status === 'nonceTooLow') {
        entry.nonceTooLow++
      } else {
        log.warn('Transaction with raised fees is not accepted', { nonce: entry.tx.nonce, reason: outcome.reason })
      }
    } catch (error) {
      if (!(error instanceof TxError)) throw error
      entry.publishedMs = clock.now()
      log.warn('Fees are not raised further', { nonce: entry.tx.nonce, err: error })
    }
  }

  // ---- following --------------------------------------------------------------------------------------------------------

  function settle(entry: TrackedTx, act: () => void): void {
    inFlight = inFlight.filter((other) => other !== entry)
    act()
    changed()
  }

  /** One look at every transaction under way. */
  async function followInFlight(): Promise<void> {
    const head = BigInt(await rpc.request<string>('eth_blockNumber', [], { signal: closed }))
    for (const entry of [...inFlight]) {
      const inclusion = await inclusionOf(rpc, entry.tx.nonce, entry.versions, closed)
      if (inclusion) followIncluded(entry, inclusion, head)
      else await followPending(entry)
    }
  }

  function followIncluded(entry: TrackedTx, inclusion: TxInclusion, head: bigint): void {
    if (entry.inclusion?.blockHash !== inclusion.blockHash) {
      entry.inclusion = inclusion
      changed()
    }
    if (head + 1n < inclusion.blockNumber + BigInt(numConfirmations)) return
    const { hash, nonce, blockNumber: block, status } = inclusion
    log.info('Transaction confirmed', { hash, nonce, block, status })
    metrics.confirmed.inc({ status: status ? 'success' : 'failed' })
    confirmed.remember(entry, block)
    settle(entry, () => entry.resolve(inclusion))
  }

  async function followPending(entry: TrackedTx): Promise<void> {
    const { nonce } = entry.tx
    if (entry.inclusion) {
      const { hash } = entry.inclusion
      log.warn('An L1 reorg took a transaction out before it was confirmed', { hash, nonce })
      entry.inclusion = null
      await republish(entry)
    } else if (clock.now() - entry.publishedMs >= resubmissionTimeoutMs) {
      await raiseFees(entry)
      if (entry.nonceTooLow >= safeAbortNonceTooLowCount) {
        settle(entry, () => entry.reject(new TxError('replaced', { nonce })))
      }
    } else if (!(await isKnown(newestVersion(entry).hash))) {
      await republish(entry)
    }
  }

  async function isKnown(hash: Hash): Promise<boolean> {
    const calls = [{ method: 'eth_getTransactionByHash', params: [hash] }]
    const [answer] = await rpc.batch(calls, { signal: closed })
    return !answer?.ok || answer.result !== null
  }

  /** Polls while there is something to follow; slowly when only a reorg could bring news. */
  function armPoll(): void {
    if (cancelPoll || closed.aborted || (inFlight.length === 0 && confirmed.isEmpty)) return
    cancelPoll = clock.setTimeout(() => {
      void poll().finally(() => {
        cancelPoll = null
        armPoll()
      })
    }, receiptQueryIntervalMs)
  }

  async function poll(): Promise<void> {
    try {
      await confirmed.check()
      if (inFlight.length > 0) await followInFlight()
    } catch (error) {
      if (!closed.aborted) log.warn('Transactions cannot be followed', { err: error })
    }
  }

  return {
    address,
    get pending() {
      return inFlight.length
    },

    async send(candidate, { signal } = {}) {
      if (closed.aborted) throw new TxError('closed', {})
      const timeout = new AbortController()
      const expire = () => timeout.abort(new TxError('timedOut', { timeoutMs: sendTimeoutMs }))
      const cancel = sendTimeoutMs > 0 ? clock.setTimeout(expire, sendTimeoutMs) : () => {}
      try {
        return await send(candidate, signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal)
      } finally {
        cancel()
      }
    },

    async fees() {
      const { baseFee, tip, blobBaseFee } = await fees.market()
      return { baseFee, tip, blobBaseFee }
    },

    onDropped(listener) {
      droppedListeners.add(listener)
      return () => droppedListeners.delete(listener)
    },

    close() {
      if (closed.aborted) return
      const error = new TxError('closed', {})
      closing.abort(error)
      cancelPoll?.()
      for (const entry of inFlight.splice(0)) entry.reject(error)
      changed()
    },
  }
}
