import { type Clock, errorText, type Logger, type RpcClient } from '@keelson/service'
import { TxError } from './errors.ts'
import type { FeePolicy } from './feePolicy.ts'
import type { BlobCrypto, BlobSidecar } from './l1Api.ts'
import { feeFields, type TrackedTx } from './trackedTx.ts'
import type { TxCandidate, TxSigner } from './txApi.ts'
import { estimateGas } from './txCalls.ts'
import { signTx, type TxFees } from './txEncoding.ts'
import type { TxMetrics } from './txMetrics.ts'
import { publishOutcome } from './txPublish.ts'

/** Wait between tries to publish. */
const RETRY_MS = 1000

type TxLauncherParts = {
  readonly rpc: RpcClient
  readonly signer: TxSigner
  readonly chainId: bigint
  /** Needed for blobs. */
  readonly crypto: BlobCrypto | undefined
  readonly fees: FeePolicy
  /** See `TxManagerOptions`. */
  readonly notInMempoolTimeoutMs: number
  readonly cellProofTime: bigint | undefined
  /** The nonce to take, when nothing stands in the way of taking one. */
  readonly nextNonce: () => Promise<number>
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: TxMetrics
  /** Aborts when the manager is closed. */
  readonly closing: AbortSignal
}

/** Publishes transactions for the first time. */
export interface TxLauncher {
  /** Commitments and proofs of a candidate's blobs. @throws {TxError} `unsendable`: there is no blob crypto */
  prove(candidate: TxCandidate): Promise<readonly BlobSidecar[]>
  /**
   * Publishes, as often as it takes to be accepted.
   *
   * @throws {TxError} `unsendable`, `reverted`, `feeLimit`, `closed`, or the signal's reason
   */
  launch(candidate: TxCandidate, sidecars: readonly BlobSidecar[], signal: AbortSignal | undefined): Promise<TrackedTx>
}

export function createTxLauncher(parts: TxLauncherParts): TxLauncher {
  const { rpc, signer, chainId, fees, notInMempoolTimeoutMs, nextNonce, clock, log, metrics, closing } = parts

  function needCrypto(): BlobCrypto {
    if (!parts.crypto) throw new TxError('unsendable', { reason: 'blobs need a blob crypto' })
    return parts.crypto
  }

  /** The proofs that take the place of the sidecars' own from Osaka on. */
  async function cellProofs(sidecars: readonly BlobSidecar[], l1Time: bigint) {
    const { cellProofTime } = parts
    if (sidecars.length === 0 || cellProofTime === undefined || l1Time < cellProofTime) return {}
    return { cellProofs: await needCrypto().cellProofs(sidecars.map(({ blob }) => blob)) }
  }

  /** One try, with the fees it offered; a string says why the pool did not take it. */
  async function tryPublish(
    candidate: TxCandidate,
    sidecars: readonly BlobSidecar[],
    offered: TxFees,
    l1Time: bigint,
  ): Promise<TrackedTx | { readonly reason: string; readonly outbid: boolean }> {
    const nonce = await nextNonce()
    const { to, value = 0n, data = new Uint8Array(0) } = candidate
    const gas = await estimateGas(rpc, signer.address, candidate, sidecars, offered, closing)
    const tx = { chainId, nonce, to, value, data, gas, sidecars, ...(await cellProofs(sidecars, l1Time)) }
    const version = await signTx({ ...tx, fees: offered }, signer)
    const outcome = await publishOutcome(rpc, version.raw, closing)
    if (outcome.status === 'hopeless') {
      throw new TxError('unsendable', { reason: outcome.reason }, { cause: outcome.cause })
    }
    if (outcome.status !== 'accepted' && outcome.status !== 'unknown') {
      return { reason: outcome.reason, outbid: outcome.status === 'underpriced' }
    }
    metrics.nonce.set(nonce)
    log.info('Transaction published', {
      hash: version.hash,
      nonce,
      blobs: sidecars.length,
      bytes: data.length,
      ...feeFields(offered),
    })
    return {
      ...{ tx, fees: offered, versions: [version], publishedMs: clock.now(), nonceTooLow: 0, inclusion: null },
      resolve: () => {},
      reject: () => {},
    }
  }

  return {
    prove: async ({ blobs = [] }) => (blobs.length > 0 ? needCrypto().sidecars(blobs) : []),

    async launch(candidate, sidecars, signal) {
      const startMs = clock.now()
      let offered: TxFees | null = null
      let outbid = false
      for (let attempt = 1; ; attempt++) {
        signal?.throwIfAborted()
        closing.throwIfAborted()
        let reason: string
        try {
          const market = await fees.market()
          if (!offered) offered = fees.offer(market)
          else if (outbid) offered = fees.bump(offered, market, sidecars.length > 0)
          const result = await tryPublish(candidate, sidecars, offered, market.timestamp)
          if ('tx' in result) return result
          reason = result.reason
          outbid = result.outbid
        } catch (error) {
          if (error instanceof TxError || closing.aborted) throw error
          outbid = false
          reason = errorText(error)
        }
        metrics.publishErrors.inc()
        if (clock.now() - startMs >= notInMempoolTimeoutMs) throw new TxError('unsendable', { reason })
        log.warn('Transaction is not accepted yet', { attempt, reason })
        await clock.sleep(outbid ? 0 : RETRY_MS, signal ? AbortSignal.any([signal, closing]) : closing)
      }
    },
  }
}
