import type { CallOptions, Hash, L1BlockRef, L2BlockRef, RollupConfig } from '@keelson/protocol'
import { errorText, type Logger, nullLogger } from '@keelson/service'
import { SyncStartError } from './errors.ts'
import { showBlock, showHeads } from './heads.ts'
import type { L2Chain } from './l2Chain.ts'

/** How many sequencing windows below the earlier unsafe origin a walk may go. */
export const MAX_REORG_SEQ_WINDOWS = 5n
/** An unsafe head this many sequencing windows above genesis with nothing safe is one that an engine sync left behind. */
export const RECOVER_MIN_SEQ_WINDOWS = 14n

/** Where derivation and the engine begin after a reset. */
export type SyncStart = { readonly unsafe: L2BlockRef; readonly safe: L2BlockRef; readonly finalized: L2BlockRef }

/** All that the walk asks of L1. `null`: L1 has no such block. */
export interface SyncStartL1 {
  getBlockRefByNumber(number: bigint, call?: CallOptions): Promise<L1BlockRef | null>
  /** Header of any block that L1 knows, canonical or not. */
  getBlockInfo(hash: Hash, call?: CallOptions): Promise<L1BlockRef | null>
}

export type SyncStartOptions = {
  readonly config: RollupConfig
  readonly l1: SyncStartL1
  readonly l2: L2Chain
  /** Do not look at the blocks between a canonical unsafe head and the engine's safe head. */
  readonly skipCheck?: boolean
  readonly log?: Logger
  readonly signal?: AbortSignal
}

/**
 * Finds the heads from which the L1 chain, as it stands now, explains the L2 chain.
 *
 * Walks back from the engine's unsafe head: the first block with a plausible origin (canonical, or ahead of what L1
 * shows) becomes unsafe; the safe head is the last block before the epoch that is more than a sequencing window behind
 * the highest canonical origin, and never below finalized.
 *
 * @throws {SyncStartError} any of its codes
 * @see specs/protocol/derivation.md#finding-the-sync-starting-point
 */
export async function findSyncStart(options: SyncStartOptions): Promise<SyncStart> {
  const { config, l1, l2, skipCheck = false, log = nullLogger } = options
  const call: CallOptions = options.signal ? { signal: options.signal } : {}
  const heads = await currentHeads(config, l2, call)
  const recovered = recover(config, heads, log)
  if (recovered) return recovered

  const { finalized } = heads
  const genesis = config.genesis
  let unsafe: L2BlockRef | null = heads.unsafe
  let block = heads.unsafe
  let highestCanonical: L2BlockRef | null = null
  let l1Block: L1BlockRef | null = null
  let ahead = false
  let ready = false

  for (;;) {
    if (l1Block && block.l1Origin.hash === l1Block.parentHash) {
      l1Block = await read(`L1 block ${block.l1Origin.hash}`, () => l1.getBlockInfo(block.l1Origin.hash, call))
      if (!l1Block) throw new SyncStartError('blockMissing', { what: 'L1 block', hash: block.l1Origin.hash })
      ahead = false
    } else if (!l1Block || block.l1Origin.hash !== l1Block.hash) {
      l1Block = await read(`L1 block ${block.l1Origin.number}`, () =>
        l1.getBlockRefByNumber(block.l1Origin.number, call),
      )
      ahead = l1Block === null
    }

    if (block.number === genesis.l2.number) {
      if (block.hash !== genesis.l2.hash) {
        throw new SyncStartError('wrongChain', { layer: 'l2', expected: genesis.l2.hash, found: block.hash })
      }
      if (l1Block && l1Block.hash !== genesis.l1.hash) {
        throw new SyncStartError('wrongChain', { layer: 'l1', expected: genesis.l1.hash, found: l1Block.hash })
      }
    }
    if (block.number === finalized.number && block.hash !== finalized.hash) {
      throw new SyncStartError('finalizedReorg', { number: block.number, expected: finalized.hash, found: block.hash })
    }
    const previousOriginNumber = heads.unsafe.l1Origin.number
    if (block.l1Origin.number + MAX_REORG_SEQ_WINDOWS * config.seqWindowSize < previousOriginNumber) {
      throw new SyncStartError('tooDeepReorg', { l1OriginNumber: block.l1Origin.number, previousOriginNumber })
    }

    unsafe ??= block
    if (!ahead) {
      if (l1Block?.hash === block.l1Origin.hash) {
        highestCanonical ??= block
      } else {
        log.debug('L1 origin is not canonical', {
          l2: block.number,
          origin: showBlock(block.l1Origin),
          canonical: l1Block?.hash,
        })
        unsafe = null
        highestCanonical = null
      }
    }

    // The sequencing window is full of canonical origins: what is before this epoch cannot change any more.
    if (
      highestCanonical &&
      block.number <= heads.safe.number &&
      block.l1Origin.number + config.seqWindowSize < highestCanonical.l1Origin.number &&
      block.sequenceNumber === 0n
    ) {
      ready = true
    }
    if (block.number === finalized.number) {
      if (!unsafe) {
        const found = l1Block?.hash ?? block.l1Origin.hash
        throw new SyncStartError('finalizedReorg', { number: block.number, expected: block.l1Origin.hash, found })
      }
      return { unsafe, safe: block, finalized }
    }
    // Between a canonical unsafe head and the safe head there is nothing that could move the safe start.
    if (skipCheck && highestCanonical?.hash === block.hash && block.number > heads.safe.number) block = heads.safe

    const child = block
    const parent = await read(`L2 block ${child.parentHash}`, () => l2.getL2BlockRefByHash(child.parentHash, call))
    if (!parent) throw new SyncStartError('blockMissing', { what: 'L2 block', hash: child.parentHash })
    checkLink(child, parent, l1Block)
    block = parent
    if (ready && unsafe) return { unsafe, safe: parent, finalized }
  }
}

async function currentHeads(config: RollupConfig, l2: L2Chain, call: CallOptions): Promise<SyncStart> {
  const genesisHash = config.genesis.l2.hash
  const unsafe = await read('the unsafe head', () => l2.getL2BlockRef('unsafe', call))
  if (!unsafe) throw new SyncStartError('unsafeHeadMissing', {})
  const finalized =
    (await read('the finalized head', () => l2.getL2BlockRef('finalized', call))) ??
    (await read('the L2 genesis block', () => l2.getL2BlockRefByHash(genesisHash, call)))
  if (!finalized) {
    const found = await read('block 0', () => l2.getL2BlockRefByNumber(config.genesis.l2.number, call)).catch(
      () => null,
    )
    throw new SyncStartError('wrongChain', { layer: 'l2', expected: genesisHash, found: found?.hash ?? unsafe.hash })
  }
  const safe = (await read('the safe head', () => l2.getL2BlockRef('safe', call))) ?? finalized
  return { unsafe, safe, finalized }
}

/** Heads that an engine sync or a rewound database leaves behind: no walk can repair them, so all become the unsafe head. */
function recover(config: RollupConfig, heads: SyncStart, log: Logger): SyncStart | null {
  const { unsafe, safe, finalized } = heads
  const { l1, l2 } = config.genesis
  const nothingSafe = finalized.hash === l2.hash && safe.hash === l2.hash && unsafe.number > l2.number
  if (nothingSafe && unsafe.l1Origin.number > l1.number + RECOVER_MIN_SEQ_WINDOWS * config.seqWindowSize) {
    log.warn(
      'Nothing is safe far above genesis, as after an engine sync: starting from the unsafe head',
      showHeads({ unsafe }),
    )
    return { unsafe, safe: unsafe, finalized: unsafe }
  }
  if (unsafe.number < finalized.number || unsafe.number < safe.number) {
    log.error('The unsafe head is behind safe or finalized, the engine was rewound: starting from it', showHeads(heads))
    return { unsafe, safe: unsafe, finalized: unsafe }
  }
  return null
}

function checkLink(block: L2BlockRef, parent: L2BlockRef, l1Block: L1BlockRef | null): void {
  const fail = (reason: string): never => {
    throw new SyncStartError('inconsistentOrigin', { block: block.hash, number: block.number, reason })
  }
  if (parent.l1Origin.hash === block.l1Origin.hash && parent.l1Origin.number === block.l1Origin.number) {
    if (parent.sequenceNumber + 1n !== block.sequenceNumber) {
      fail(`sequence number ${block.sequenceNumber} follows ${parent.sequenceNumber}`)
    }
    return
  }
  if (parent.l1Origin.number + 1n !== block.l1Origin.number) {
    fail(`L1 origin ${block.l1Origin.number} follows ${parent.l1Origin.number}`)
  }
  if (block.sequenceNumber !== 0n) fail(`sequence number ${block.sequenceNumber} in the first block of an epoch`)
  if (l1Block?.hash === block.l1Origin.hash && l1Block.parentHash !== parent.l1Origin.hash) {
    fail(`L1 origin ${block.l1Origin.hash} does not extend the parent's origin ${parent.l1Origin.hash}`)
  }
}

async function read<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    const reason = errorText(cause)
    throw new SyncStartError('unreachable', { what, reason }, { cause })
  }
}
