import { type Hash, quantityToHex } from '@keelson/protocol'
import {
  type Clock,
  type Logger,
  type MetricRegistry,
  nullLogger,
  nullMetrics,
  type RpcClient,
  systemClock,
} from '@keelson/service'
import { TxError } from './errors.ts'
import { createFeePolicy, type FeeOptions } from './feePolicy.ts'
import type { BlobCrypto, BlobSidecar } from './l1Api.ts'
import type { RpcBlock } from './rpcTypes.ts'
import type { TxCandidate, TxDropped, TxInclusion, TxManager, TxSigner } from './txApi.ts'
import { estimateGas, inclusionOf } from './txCalls.ts'
import { signTx, type TxFees, type UnsignedTx } from './txEncoding.ts'
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

/** A transaction from its first publication until nothing can take it back. */
type Entry = {
  readonly tx: Omit<UnsignedTx, 'fees'>
  fees: TxFees
  /** Every version that was published, the newest last: an older one may get in as well. */
  readonly versions: { readonly hash: Hash; readonly raw: Uint8Array }[]
  publishedMs: number
  nonceTooLow: number
  inclusion: TxInclusion | null
  resolve: (inclusion: TxInclusion) => void
  reject: (error: Error) => void
}

/** How deep a reorg may be for its victims to be sent again, in L1 blocks and in bytes kept for it. */
const REORG_DEPTH = 64n
const RECENT_BYTES = 16 * 1024 * 1024

const RETRY_MS = 1000

/** See {@link TxManager}. */
export function createTxManager(options: TxManagerOptions): TxManager {
  const { rpc, signer, chainId, crypto, clock = systemClock, log = nullLogger } = options
  const { numConfirmations = 10, resubmissionTimeoutMs = 48_000, receiptQueryIntervalMs = 12_000 } = options
  const { notInMempoolTimeoutMs = 120_000, safeAbortNonceTooLowCount = 3, cellProofTime } = options
  const fees = createFeePolicy(rpc, options)
  const metrics = createTxMetrics(options.metrics ?? nullMetrics)
  const { address } = signer

  /** Published and not confirmed, by nonce. */
  let inFlight: Entry[] = []
  /** Confirmed, but not beyond the reach of a reorg; by nonce. */
  let recent: Entry[] = []
  const droppedListeners = new Set<(dropped: TxDropped) => void>()
  const closing = new AbortController()
  /** Nonces are given one transaction at a time. */
  let turn: Promise<unknown> = Promise.resolve()
  const wakeUp: (() => void)[] = []
  let cancelPoll: (() => void) | null = null

  const hashOf = (entry: Entry) => (entry.versions.at(-1) as Entry['versions'][number]).hash
  const isBlobTx = (entry: { tx: { sidecars: readonly unknown[] } }) => entry.tx.sidecars.length > 0

  function changed(): void {
    metrics.pending.set(inFlight.length)
    for (const wake of wakeUp.splice(0)) wake()
  }

  const publish = (raw: Uint8Array) => publishOutcome(rpc, raw, closing.signal)

  const receiptOf = (entry: Entry) => inclusionOf(rpc, entry.tx.nonce, entry.versions, closing.signal)

  // ---- publishing -------------------------------------------------------------------------------------------------------

  async function nextNonce(): Promise<number> {
    const last = inFlight.at(-1)
    if (last) return last.tx.nonce + 1
    const count = await rpc.request<string>('eth_getTransactionCount', [address, 'latest'], { signal: closing.signal })
    return Number(BigInt(count))
  }

  /** Waits until a transaction of this kind may be published: a pool takes only one kind of an account at a time. */
  async function untilKindIsFree(withBlobs: boolean, signal: AbortSignal | undefined): Promise<void> {
    while (inFlight.some((entry) => entry.inclusion === null && isBlobTx(entry) !== withBlobs)) {
      signal?.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        const onAbort = () => reject(signal?.reason)
        signal?.addEventListener('abort', onAbort, { once: true })
        wakeUp.push(() => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        })
      })
      if (closing.signal.aborted) throw closing.signal.reason
    }
  }

  /** Publishes for the first time; resolves with the entry that is then followed. */
  async function launch(
    candidate: TxCandidate,
    sidecars: readonly BlobSidecar[],
    signal: AbortSignal | undefined,
  ): Promise<Entry> {
    const withBlobs = sidecars.length > 0
    await untilKindIsFree(withBlobs, signal)
    const startMs = clock.now()
    let offered: TxFees | null = null
    let outbid = false
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted()
      if (closing.signal.aborted) throw closing.signal.reason
      let reason: string
      try {
        // A transaction lost to a reorg must be back before its nonce is given away.
        await checkRecent()
        const market = await fees.market()
        offered = offered && outbid ? fees.bump(offered, market, withBlobs) : (offered ?? fees.offer(market))
        const nonce = await nextNonce()
        const gas = await estimateGas(rpc, address, candidate, sidecars, offered, closing.signal)
        const cellProofs =
          withBlobs && cellProofTime !== undefined && market.timestamp >= cellProofTime
            ? { cellProofs: await needCrypto().cellProofs(sidecars.map(({ blob }) => blob)) }
            : {}
        const data = candidate.data ?? new Uint8Array(0)
        const tx = {
          chainId,
          nonce,
          to: candidate.to,
          value: candidate.value ?? 0n,
          data,
          gas,
          sidecars,
          ...cellProofs,
        }
        const version = await signTx({ ...tx, fees: offered }, signer)
        const outcome = await publish(version.raw)
        if (outcome.status === 'accepted' || outcome.status === 'unknown') {
          metrics.nonce.set(nonce)
          log.info('Transaction published', {
            hash: version.hash,
            nonce,
            blobs: sidecars.length,
            bytes: data.length,
            ...feeFields(offered),
          })
          return {
            tx,
            fees: offered,
            versions: [version],
            publishedMs: clock.now(),
            nonceTooLow: 0,
            inclusion: null,
            resolve: () => {},
            reject: () => {},
          }
        }
        outbid = outcome.status === 'underpriced'
        reason = outcome.reason
        if (outcome.status === 'hopeless') throw new TxError('unsendable', { reason }, { cause: outcome.cause })
      } catch (error) {
        if (error instanceof TxError || closing.signal.aborted) throw error
        reason = error instanceof Error ? error.message : String(error)
      }
      metrics.publishErrors.inc()
      if (clock.now() - startMs >= notInMempoolTimeoutMs) throw new TxError('unsendable', { reason })
      log.warn('Transaction is not accepted yet', { attempt, reason })
      await clock.sleep(outbid ? 0 : RETRY_MS, signal ? AbortSignal.any([signal, closing.signal]) : closing.signal)
    }
  }

  function needCrypto(): BlobCrypto {
    if (!crypto) throw new TxError('unsendable', { reason: 'blobs need a blob crypto' })
    return crypto
  }

  // ---- following --------------------------------------------------------------------------------------------------------

  /** Publishes the newest version once more. */
  async function republish(entry: Entry): Promise<boolean> {
    const outcome = await publish((entry.versions.at(-1) as Entry['versions'][number]).raw)
    entry.publishedMs = clock.now()
    if (outcome.status === 'accepted' || outcome.status === 'unknown') return true
    log.debug('Transaction could not be published again', { hash: hashOf(entry), reason: outcome.reason })
    return false
  }

  async function raiseFees(entry: Entry): Promise<void> {
    const withBlobs = isBlobTx(entry)
    try {
      const next = fees.bump(entry.fees, await fees.market(), withBlobs)
      const version = await signTx({ ...entry.tx, fees: next }, signer)
      const outcome = await publish(version.raw)
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

  function settle(entry: Entry, act: () => void): void {
    inFlight = inFlight.filter((other) => other !== entry)
    act()
    changed()
  }

  /** One look at every transaction under way. */
  async function followInFlight(): Promise<void> {
    const head = BigInt(await rpc.request<string>('eth_blockNumber', [], { signal: closing.signal }))
    for (const entry of [...inFlight]) {
      const inclusion = await receiptOf(entry)
      if (inclusion) {
        if (entry.inclusion?.blockHash !== inclusion.blockHash) {
          entry.inclusion = inclusion
          changed()
        }
        if (head + 1n < inclusion.blockNumber + BigInt(numConfirmations)) continue
        log.info('Transaction confirmed', {
          hash: inclusion.hash,
          nonce: inclusion.nonce,
          block: inclusion.blockNumber,
          status: inclusion.status,
        })
        metrics.confirmed.inc({ status: inclusion.status ? 'success' : 'failed' })
        remember(entry, inclusion.blockNumber)
        settle(entry, () => entry.resolve(inclusion))
        continue
      }
      if (entry.inclusion) {
        log.warn('An L1 reorg took a transaction out before it was confirmed', {
          hash: entry.inclusion.hash,
          nonce: entry.tx.nonce,
        })
        entry.inclusion = null
        await republish(entry)
      } else if (clock.now() - entry.publishedMs >= resubmissionTimeoutMs) {
        await raiseFees(entry)
        if (entry.nonceTooLow >= safeAbortNonceTooLowCount) {
          settle(entry, () => entry.reject(new TxError('replaced', { nonce: entry.tx.nonce })))
        }
      } else if (!(await isKnown(entry))) {
        await republish(entry)
      }
    }
  }

  async function isKnown(entry: Entry): Promise<boolean> {
    const [answer] = await rpc.batch([{ method: 'eth_getTransactionByHash', params: [hashOf(entry)] }], {
      signal: closing.signal,
    })
    return !answer?.ok || answer.result !== null
  }

  function remember(entry: Entry, confirmedAt: bigint): void {
    recent.push(entry)
    recent.sort((a, b) => a.tx.nonce - b.tx.nonce)
    let bytes = 0
    recent = recent
      .toReversed()
      .filter(({ inclusion, versions }) => {
        bytes += versions.reduce((sum, { raw }) => sum + raw.length, 0)
        return bytes <= RECENT_BYTES && inclusion !== null && inclusion.blockNumber + REORG_DEPTH >= confirmedAt
      })
      .toReversed()
  }

  let checking: Promise<void> | null = null
  const checkRecent = () => {
    checking ??= findDropped().finally(() => {
      checking = null
    })
    return checking
  }

  /** Looks whether confirmed transactions are still in the chain, and sends those again that are not. */
  async function findDropped(): Promise<void> {
    const newest = recent.at(-1)
    if (!newest?.inclusion) return
    const { blockNumber, blockHash } = newest.inclusion
    const block = await rpc.request<RpcBlock | null>('eth_getBlockByNumber', [quantityToHex(blockNumber), false], {
      signal: closing.signal,
    })
    if (block?.hash === blockHash) return
    const lost: Entry[] = []
    for (const entry of recent) {
      const inclusion = await receiptOf(entry)
      if (inclusion) entry.inclusion = inclusion
      else lost.push(entry)
    }
    for (const entry of lost) {
      const inclusion = entry.inclusion as TxInclusion
      recent = recent.filter((other) => other !== entry)
      const resent = await republish(entry)
      log.warn('An L1 reorg took a confirmed transaction out', { hash: inclusion.hash, nonce: inclusion.nonce, resent })
      entry.inclusion = null
      if (resent)
        inFlight = [...inFlight, { ...entry, resolve: () => {}, reject: () => {} }].sort(
          (a, b) => a.tx.nonce - b.tx.nonce,
        )
      metrics.dropped.inc()
      for (const listener of [...droppedListeners]) listener({ inclusion, resent })
    }
    if (lost.length > 0) changed()
  }

  /** Polls while there is something to follow; slowly when only a reorg could bring news. */
  function armPoll(): void {
    if (cancelPoll || closing.signal.aborted || (inFlight.length === 0 && recent.length === 0)) return
    cancelPoll = clock.setTimeout(() => {
      void poll().finally(() => {
        cancelPoll = null
        armPoll()
      })
    }, receiptQueryIntervalMs)
  }

  async function poll(): Promise<void> {
    try {
      await checkRecent()
      if (inFlight.length > 0) await followInFlight()
    } catch (error) {
      if (!closing.signal.aborted) log.warn('Transactions cannot be followed', { err: error })
    }
  }

  return {
    address,
    get pending() {
      return inFlight.length
    },

    async send(candidate, { signal } = {}) {
      if (closing.signal.aborted) throw new TxError('closed', {})
      const blobs = candidate.blobs ?? []
      // Proofs take time and need no turn.
      const proving = blobs.length > 0 ? needCrypto().sidecars(blobs) : Promise.resolve([])
      const launched = turn.then(async () => {
        const entry = await launch(candidate, await proving, signal)
        return new Promise<{ confirmed: Promise<TxInclusion> }>((resolve) => {
          const confirmed = new Promise<TxInclusion>((settleWith, reject) => {
            entry.resolve = settleWith
            entry.reject = reject
          })
          inFlight.push(entry)
          changed()
          armPoll()
          resolve({ confirmed })
        })
      })
      turn = launched.catch(() => undefined)
      proving.catch(() => undefined)
      const { confirmed } = await launched
      if (!signal) return confirmed
      return new Promise<TxInclusion>((resolve, reject) => {
        const onAbort = () => reject(signal.reason)
        signal.addEventListener('abort', onAbort, { once: true })
        confirmed.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
      })
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
      if (closing.signal.aborted) return
      const error = new TxError('closed', {})
      closing.abort(error)
      cancelPoll?.()
      for (const entry of inFlight.splice(0)) entry.reject(error)
      changed()
    },
  }
}

const feeFields = ({ tip, feeCap, blobFeeCap }: TxFees) => ({ tip, fee_cap: feeCap, blob_fee_cap: blobFeeCap })
