import type { RpcClient } from '@keelson/service'
import { TxError } from './errors.ts'
import type { RpcBlock } from './rpcTypes.ts'
import type { TxFees } from './txEncoding.ts'

/** Bounds of what is paid, in wei per gas; the names are op-batcher's flags. */
export type FeeOptions = {
  /** 1 gwei. */
  readonly minTipCap?: bigint
  readonly maxTipCap?: bigint
  /** 1 gwei. */
  readonly minBaseFee?: bigint
  readonly maxBaseFee?: bigint
  /** Lowest blob fee cap that is offered: costs nothing while blobs are cheap, and holds when they stop being so; 1 gwei. */
  readonly minBlobFee?: bigint
  /** How many times today's price a bumped fee may be; 5. */
  readonly feeLimitMultiplier?: number
  /** Below this the limit is not applied; 100 gwei. */
  readonly feeLimitThreshold?: bigint
}

/** What L1 asks for now. */
export type FeeMarket = {
  readonly tip: bigint
  readonly baseFee: bigint
  readonly blobBaseFee: bigint
  readonly timestamp: bigint
}

const GWEI = 1_000_000_000n

/** Decides what to offer, at first and when a transaction does not get in. */
export interface FeePolicy {
  /** @throws {RpcError | TransportError} when L1 cannot be asked */
  market(): Promise<FeeMarket>
  /** First offer: the tip on top of twice the base fee, so that it holds through several full blocks. */
  offer(market: FeeMarket): TxFees
  /**
   * The next offer: at least what pools want of a replacement (10 % more; twice as much with blobs), and no less than a first
   * offer would be now.
   *
   * @throws {TxError} `feeLimit`
   */
  bump(old: TxFees, market: FeeMarket, withBlobs: boolean): TxFees
}

const max = (a: bigint, b: bigint) => (a > b ? a : b)
const min = (a: bigint, b: bigint | undefined) => (b !== undefined && a > b ? b : a)

export function createFeePolicy(rpc: RpcClient, options: FeeOptions = {}): FeePolicy {
  const {
    minTipCap = GWEI,
    minBaseFee = GWEI,
    minBlobFee = GWEI,
    feeLimitMultiplier = 5,
    feeLimitThreshold = 100n * GWEI,
  } = options
  const { maxTipCap, maxBaseFee } = options

  const offer = ({ tip, baseFee, blobBaseFee }: FeeMarket): TxFees => ({
    tip,
    feeCap: tip + 2n * baseFee,
    blobFeeCap: max(2n * blobBaseFee, minBlobFee),
  })

  return {
    async market() {
      const [block, tip, blob] = await rpc.batch([
        { method: 'eth_getBlockByNumber', params: ['latest', false] },
        { method: 'eth_maxPriorityFeePerGas' },
        { method: 'eth_blobBaseFee' },
      ])
      if (!block?.ok) throw block?.error ?? new Error('no answer')
      const header = block.result as RpcBlock
      return {
        tip: min(max(tip?.ok ? BigInt(tip.result as string) : 0n, minTipCap), maxTipCap),
        baseFee: min(max(BigInt(header.baseFeePerGas ?? 0), minBaseFee), maxBaseFee),
        blobBaseFee: max(blob?.ok ? BigInt(blob.result as string) : 1n, 1n),
        timestamp: BigInt(header.timestamp),
      }
    },
    offer,
    bump(old, market, withBlobs) {
      const percent = withBlobs ? 100n : 10n
      const more = (value: bigint) => value + (value * percent + 99n) / 100n
      const fresh = offer(market)
      const next = {
        tip: max(fresh.tip, more(old.tip)),
        feeCap: max(fresh.feeCap, more(old.feeCap)),
        blobFeeCap: max(fresh.blobFeeCap, more(old.blobFeeCap)),
      }
      const within = (value: bigint, today: bigint) => {
        const limit = BigInt(feeLimitMultiplier) * today
        if (value > feeLimitThreshold && value > limit) throw new TxError('feeLimit', { feeCap: value, limit })
      }
      within(next.feeCap, fresh.feeCap)
      if (withBlobs) within(next.blobFeeCap, fresh.blobFeeCap)
      return next
    },
  }
}
