import type { L1Provider } from '@keelson/derive'
import {
  type BlockId,
  codedError,
  isForkActive,
  type L1BlockRef,
  type L2BlockRef,
  type RollupConfig,
} from '@keelson/protocol'
import type { Clock, Logger } from '@keelson/service'

/** `max_sequencer_drift` from Fjord on, by the origin's time. */
export const FJORD_MAX_SEQUENCER_DRIFT = 1800n

/** Why no L1 origin can be picked. */
export class OriginError extends codedError('OriginError', {
  originMissing: {
    severity: 'reset',
    text: (d: { origin: BlockId }) =>
      `L1 no longer has the origin ${d.origin.number} (${d.origin.hash}) of the unsafe head`,
  },
  pastDrift: {
    severity: 'temporary',
    text: (d: { origin: BlockId; timestamp: bigint }) =>
      `the next block at ${d.timestamp} is past the drift of L1 origin ${d.origin.number}, and the next L1 block is not known`,
  },
  notNext: {
    severity: 'reset',
    text: (d: { origin: BlockId; next: BlockId; nextParent: string }) =>
      `L1 block ${d.next.number} (${d.next.hash}) has parent ${d.nextParent}, not the origin ${d.origin.hash}`,
  },
}) {}

/** How long a block waits for the next L1 block when it can be built without. */
const NEXT_ORIGIN_LIMIT_MS = 500

type OriginSelectorParts = {
  readonly config: RollupConfig
  /** Hides blocks that do not have the sequencer's confirmations. */
  readonly l1: L1Provider
  readonly log: Logger
  readonly clock: Pick<Clock, 'setTimeout'>
  readonly recoverMode?: () => boolean
}

/** The drift that holds for blocks with this origin. @see specs/protocol/fjord/derivation.md#constant-maximum-sequencer-drift */
export function maxSequencerDrift(config: RollupConfig, originTimestamp: bigint): bigint {
  return isForkActive(config, 'fjord', originTimestamp) ? FJORD_MAX_SEQUENCER_DRIFT : config.maxSequencerDrift
}

/** Picks the L1 origins of the blocks that this node builds. */
export class OriginSelector {
  readonly #parts: OriginSelectorParts
  /** Successor of the origin with this hash, fetched ahead together with what building on it needs. */
  #prefetched: { readonly of: string; readonly next: L1BlockRef } | null = null

  #prefetching: string | null = null
  #origin: L1BlockRef | null = null

  constructor(parts: OriginSelectorParts) {
    this.#parts = parts
  }

  /**
   * The origin of the block after `head`: the next L1 block as soon as it is known and not newer than the block, else
   * the same as before.
   *
   * @throws {OriginError} and what L1 throws
   * @see specs/protocol/derivation.md#overview
   */
  async select(head: L2BlockRef): Promise<L1BlockRef> {
    const { config } = this.#parts
    const origin = await this.#originOf(head)
    if (!origin) throw new OriginError('originMissing', { origin: head.l1Origin })
    const timestamp = head.timestamp + config.blockTime
    const pastDrift = timestamp > origin.timestamp + maxSequencerDrift(config, origin.timestamp)
    const next = await this.#next(origin, pastDrift || (this.#parts.recoverMode?.() ?? false))
    if (!next) {
      if (pastDrift) throw new OriginError('pastDrift', { origin, timestamp })
      return origin
    }
    if (next.parentHash !== origin.hash) {
      throw new OriginError('notNext', { origin, next, nextParent: next.parentHash })
    }
    return timestamp >= next.timestamp ? next : origin
  }

  /** Fetches the successor of the head's origin ahead of its use, with header and receipts. Never rejects. */
  async prefetch(head: L2BlockRef): Promise<void> {
    const { l1, log } = this.#parts
    const { hash, number } = head.l1Origin
    if (this.#prefetched?.of === hash || this.#prefetching === hash) return
    this.#prefetching = hash
    try {
      const next = await l1.getBlockRefByNumber(number + 1n)
      if (!next || next.parentHash !== hash) return
      // Builders ask for these: with them in the cache, building does not wait for L1.
      await Promise.all([l1.getBlockInfo(next.hash), l1.getReceipts(next.hash)])
      this.#prefetched = { of: hash, next }
    } catch (error) {
      log.debug('Could not fetch the next L1 origin ahead', { number: number + 1n, err: error })
    } finally {
      this.#prefetching = null
    }
  }

  reset(): void {
    this.#prefetched = null
    this.#origin = null
  }

  /** Remembered for the length of the epoch, so that blocks can be built while L1 is away. */
  async #originOf({ l1Origin: { hash } }: L2BlockRef): Promise<L1BlockRef | null> {
    if (this.#origin?.hash !== hash) {
      const found = this.#prefetched?.next.hash === hash ? this.#prefetched.next : null
      this.#origin = found ?? (await this.#parts.l1.getBlockInfo(hash))
    }
    return this.#origin
  }

  async #next(origin: L1BlockRef, needed: boolean): Promise<L1BlockRef | null> {
    if (this.#prefetched?.of === origin.hash) return this.#prefetched.next
    const { l1, log } = this.#parts
    const asked = l1.getBlockRefByNumber(origin.number + 1n)
    // Building must not wait for an L1 that hangs, as long as the origin that is known will do.
    if (needed) return asked
    try {
      return await this.#limited(asked)
    } catch (error) {
      log.debug('The next L1 origin is not known', { number: origin.number + 1n, err: error })
      return null
    }
  }

  #limited<T>(work: Promise<T>): Promise<T> {
    let cancel = () => {}
    const late = new Promise<never>((_, reject) => {
      const refuse = () => reject(new Error(`no answer within ${NEXT_ORIGIN_LIMIT_MS} ms`))
      cancel = this.#parts.clock.setTimeout(refuse, NEXT_ORIGIN_LIMIT_MS)
    })
    return Promise.race([work, late]).finally(() => cancel())
  }
}
