import {
  bytesEqual,
  isActivationBlock,
  isForkActive,
  type L1BlockInfo,
  type L2BlockRef,
  type PayloadAttributes,
  type RollupConfig,
  type SingularBatch,
  type SpanBatch,
  type SystemConfig,
  ZERO_HASH,
} from '@keelson/protocol'
import { type PureL2Block, pureAttributes, pureBlock } from './pureAttributes.ts'
import { createPureReader, type PureBatch, type PureL1Block } from './pureReader.ts'

/** One set of attributes as derived: also those that the engine refuses, and what replaces them. */
export type PureDerived = {
  readonly attributes: PayloadAttributes
  readonly parent: L2BlockRef
  readonly isLastInSpan: boolean
  /** Number of the L1 block that was read last. */
  readonly derivedFrom: bigint
}

export type PureOptions = {
  /** What the engine says of attributes; those with deposits only are always valid. */
  readonly isValid?: (attributes: PayloadAttributes) => boolean
}

type Judgement = 'accept' | 'drop' | 'past' | 'future' | 'undecided'

/** The state of the plain implementation; L1 blocks are added one by one. */
export type PureDeriver = {
  /** Takes in the next L1 block and gives all that can be derived then. */
  add(block: PureL1Block): PureDerived[]
  readonly safeHead: L2BlockRef
  /** The derived chain, from the block it began with. */
  readonly chain: readonly PureL2Block[]
}

/**
 * Derivation as the rules say it, without regard to speed or memory: a second opinion on the pipeline, which shares with
 * it nothing but the codecs. Everything read is kept, everything is searched from the start.
 *
 * @param safeChain - what is safe already; its last block is the safe head, whose L1 origin is the first L1 block to be
 *   added or comes after it
 * @param systemConfig - as of the first L1 block to be added
 * @see specs/protocol/derivation.md
 */
export function createPureDeriver(
  config: RollupConfig,
  safeChain: readonly PureL2Block[],
  systemConfig: SystemConfig,
  { isValid = () => true }: PureOptions = {},
): PureDeriver {
  const l1: L1BlockInfo[] = []
  const receiptsOf = new Map<bigint, PureL1Block['receipts']>()
  const reader = createPureReader(config, systemConfig)
  const chain: PureL2Block[] = [...safeChain]
  /** Before Holocene: not yet used or dropped. From Holocene: not yet judged. In the order of inclusion. */
  let waiting: PureBatch[] = []
  /** From Holocene: the blocks left of the span batch in progress. */
  let span: { readonly blocks: SingularBatch[]; readonly from: PureBatch } | null = null
  let out: PureDerived[] = []
  let wasHolocene = false
  /** L1 blocks before it were dropped at the end of their windows. */
  let droppedTo = 0n

  const l1Block = (number: bigint): L1BlockInfo | undefined => l1.find((block) => block.number === number)
  const current = (): L1BlockInfo => l1.at(-1) as L1BlockInfo
  const head = (): L2BlockRef => (chain.at(-1) as PureL2Block).ref
  /** The L1 block that is known first: one after the safe head's origin when that can have no further block. */
  const firstKnown = () => (droppedTo > head().l1Origin.number ? droppedTo : head().l1Origin.number)
  const nextTime = () => head().timestamp + config.blockTime
  const isHoloceneAt = (time: bigint) => isForkActive(config, 'holocene', time)
  const driftAt = (originTime: bigint) => (isForkActive(config, 'fjord', originTime) ? 1800n : config.maxSequencerDrift)

  // --- judging -----------------------------------------------------------------------------------------------------

  function transactionsAreBad(transactions: readonly Uint8Array[], time: bigint): boolean {
    return transactions.some((tx) => {
      if (tx.length === 0 || tx[0] === 0x7e) return true
      return tx[0] === 0x04 && !isForkActive(config, 'isthmus', time)
    })
  }

  function mustBeEmpty(time: bigint): boolean {
    return isActivationBlock(config, 'jovian', time) || isActivationBlock(config, 'karst', time)
  }

  /** The rules on time drift; null: they have nothing against it. */
  function judgeDrift(time: bigint, count: number, origin: L1BlockInfo, advances: boolean): Judgement | null {
    if (time <= origin.timestamp + driftAt(origin.timestamp)) return null
    if (count > 0) return 'drop'
    if (advances) return null
    const next = l1Block(origin.number + 1n)
    if (!next) return 'undecided'
    return time >= next.timestamp ? 'drop' : null
  }

  function judgeSingular(batch: SingularBatch, inclusion: L1BlockInfo): Judgement {
    const holocene = isHoloceneAt(inclusion.timestamp)
    if (batch.timestamp > nextTime()) return holocene ? 'drop' : 'future'
    if (batch.timestamp < nextTime()) return holocene ? 'past' : 'drop'
    if (batch.parentHash !== head().hash) return 'drop'
    if (batch.epochNumber + config.seqWindowSize < inclusion.number) return 'drop'
    const epoch = head().l1Origin.number
    if (batch.epochNumber < epoch || batch.epochNumber > epoch + 1n) return 'drop'
    const origin = l1Block(batch.epochNumber)
    if (!origin) return 'undecided'
    if (batch.epochHash !== origin.hash) return 'drop'
    if (batch.timestamp < origin.timestamp) return 'drop'
    if (batch.transactions.length > 0 && mustBeEmpty(batch.timestamp)) return 'drop'
    const drift = judgeDrift(batch.timestamp, batch.transactions.length, origin, batch.epochNumber > epoch)
    if (drift) return drift
    return transactionsAreBad(batch.transactions, batch.timestamp) ? 'drop' : 'accept'
  }

  function judgeSpan(batch: SpanBatch, inclusion: L1BlockInfo): Judgement {
    const holocene = isHoloceneAt(inclusion.timestamp)
    const epoch = head().l1Origin.number
    const known = firstKnown()
    const first = l1Block(batch.startEpochNumber === known + 1n ? known + 1n : known)
    if (!first) return 'undecided'
    if (!isForkActive(config, 'delta', first.timestamp)) return 'drop'
    if (batch.timestamp > nextTime()) return holocene ? 'drop' : 'future'
    if (batch.blockTimestamp(batch.blockCount - 1) < nextTime()) return holocene ? 'past' : 'drop'
    // No block can tell of these, ever: from Holocene they go alone.
    const lost = holocene ? 'past' : 'drop'
    if (batch.timestamp <= config.genesis.l2Time && (nextTime() - batch.timestamp) % config.blockTime === 0n)
      return lost
    const parentAt = chain.findIndex(({ ref }) => ref.timestamp === batch.timestamp - config.blockTime)
    const parent = chain[parentAt]?.ref
    if (!parent?.hash.startsWith(batch.parentCheck)) return 'drop'
    if (batch.startEpochNumber + config.seqWindowSize < inclusion.number) return 'drop'
    if (batch.startEpochNumber > parent.l1Origin.number + 1n) return 'drop'
    const last = l1Block(batch.endEpochNumber)
    if (!last && batch.endEpochNumber > current().number) return 'undecided'
    if (!last || last.number < known) return lost
    if (!last.hash.startsWith(batch.l1OriginCheck)) return 'drop'
    if (batch.startEpochNumber < parent.l1Origin.number) return 'drop'

    if (!holocene) {
      for (let i = 0; i < batch.blockCount; i++) {
        const time = batch.blockTimestamp(i)
        if (time <= head().timestamp) continue
        const number = batch.blockEpochNumber(i)
        const origin = l1Block(number)
        if (number < epoch || !origin || time < origin.timestamp) return 'drop'
        const before = i === 0 ? parent.l1Origin.number : batch.blockEpochNumber(i - 1)
        const transactions = batch.blockTransactions(i)
        const drift = judgeDrift(time, transactions.length, origin, number > before)
        if (drift) return drift
        if (transactions.length > 0 && mustBeEmpty(time)) return 'drop'
        if (transactionsAreBad(transactions, time)) return 'drop'
      }
    }
    for (let i = 0; parentAt + 1 + i < chain.length; i++) {
      const block = chain[parentAt + 1 + i] as PureL2Block
      const transactions = batch.blockTransactions(i)
      if (block.sequenced.length !== transactions.length) return 'drop'
      if (block.sequenced.some((tx, j) => !bytesEqual(tx, transactions[j] as Uint8Array))) return 'drop'
      if (block.ref.l1Origin.number !== batch.blockEpochNumber(i)) return 'drop'
    }
    if (holocene && spanBlocks(batch).some(({ epochNumber }) => epochNumber < epoch)) return 'drop'
    return 'accept'
  }

  /** The blocks of a span after the safe head. Their parents are filled in when their turn comes. */
  function spanBlocks(batch: SpanBatch): SingularBatch[] {
    const blocks: SingularBatch[] = []
    for (let i = 0; i < batch.blockCount; i++) {
      const timestamp = batch.blockTimestamp(i)
      if (timestamp <= head().timestamp) continue
      const epochNumber = batch.blockEpochNumber(i)
      const epochHash = l1Block(epochNumber)?.hash ?? ZERO_HASH
      blocks.push({
        parentHash: ZERO_HASH,
        epochNumber,
        epochHash,
        timestamp,
        transactions: batch.blockTransactions(i),
      })
    }
    return blocks
  }

  // --- building ----------------------------------------------------------------------------------------------------

  /** Builds a block; whether the engine took it. */
  function build(batch: SingularBatch, isLastInSpan: boolean): boolean {
    const parent = chain.at(-1) as PureL2Block
    const origin = l1Block(batch.epochNumber) as L1BlockInfo
    const attributes = pureAttributes(config, parent, origin, receiptsOf.get(origin.number) ?? [], batch)
    out.push({ attributes, parent: head(), isLastInSpan, derivedFrom: current().number })
    const isGood = batch.transactions.length === 0 || isValid(attributes)
    if (isGood) chain.push(pureBlock(config, parent, attributes, batch))
    return isGood
  }

  // --- the empty block at the end of a sequencing window -----------------------------------------------------------

  function emptyBatch(isExhausted: boolean): SingularBatch | null {
    const isExpired = (epoch: bigint) => {
      const end = epoch + config.seqWindowSize
      return end < current().number || (end === current().number && isExhausted)
    }
    const epoch = l1Block(firstKnown())
    const next = epoch && l1Block(epoch.number + 1n)
    if (!epoch || !next || !isExpired(epoch.number)) return null
    const isFirst = epoch.number === head().l1Origin.number + 1n
    if (nextTime() < next.timestamp || isFirst) {
      const from = { epochNumber: epoch.number, epochHash: epoch.hash }
      return { parentHash: head().hash, timestamp: nextTime(), transactions: [], ...from }
    }
    // The next epoch's block is made in the next L1 block at the earliest.
    droppedTo = next.number
    return null
  }

  // --- before Holocene ---------------------------------------------------------------------------------------------

  function judge({ decoded, inclusion }: PureBatch): Judgement {
    return decoded.type === 'singular' ? judgeSingular(decoded.batch, inclusion) : judgeSpan(decoded.batch, inclusion)
  }

  /** The first acceptable batch, taken out of those waiting. */
  function firstAcceptable(): PureBatch | 'undecided' | null {
    for (const batch of [...waiting]) {
      const judgement = judge(batch)
      if (judgement === 'undecided') return 'undecided'
      if (judgement === 'future') continue
      waiting = waiting.filter((other) => other !== batch)
      if (judgement === 'accept') return batch
    }
    return null
  }

  /** Derives what the next acceptable batch gives, or an empty block; whether there was something. */
  function deriveOne(isExhausted: boolean): boolean {
    const batch = firstAcceptable()
    if (batch === 'undecided') return false
    if (!batch) {
      const empty = emptyBatch(isExhausted)
      if (!empty) return false
      build(empty, true)
      return true
    }
    if (batch.decoded.type === 'singular') {
      build(batch.decoded.batch, true)
      return true
    }
    const blocks = spanBlocks(batch.decoded.batch)
    const before = chain.length
    for (const [i, block] of blocks.entries()) {
      if (build({ ...block, parentHash: head().hash }, i === blocks.length - 1)) continue
      chain.length = before
      break
    }
    return true
  }

  function runBatchQueue(batches: readonly PureBatch[]): void {
    for (const batch of batches) {
      // Behind the safe head, what comes in is discarded.
      if (current().number < head().l1Origin.number) continue
      // A batch is judged as it comes in, for Delta counts from the safe head's L1 origin as of then.
      if (judge(batch) !== 'drop') waiting.push(batch)
      deriveOne(false)
    }
    if (current().number < head().l1Origin.number) return
    while (deriveOne(true));
  }

  // --- from Holocene -----------------------------------------------------------------------------------------------

  function flush(channel: number): void {
    span = null
    waiting = waiting.filter((batch) => batch.channel !== channel)
  }

  /** The next block to judge; null: there is none for now. */
  function nextCandidate(): { batch: SingularBatch; from: PureBatch } | 'again' | null {
    const [next] = span?.blocks ?? []
    if (span && next && next.timestamp === nextTime()) {
      span.blocks.shift()
      return { batch: { ...next, parentHash: head().hash }, from: span.from }
    }
    span = null
    const from = waiting[0]
    if (!from) return null
    waiting.shift()
    if (from.decoded.type === 'span') {
      const judgement = judgeSpan(from.decoded.batch, from.inclusion)
      if (judgement === 'drop') flush(from.channel)
      if (judgement === 'accept') span = { blocks: spanBlocks(from.decoded.batch), from }
      return 'again'
    }
    return { batch: from.decoded.batch, from }
  }

  function runBatchStage(batches: readonly PureBatch[]): void {
    waiting.push(...batches)
    for (;;) {
      if (current().number <= head().l1Origin.number) {
        waiting = []
        return
      }
      const candidate = nextCandidate()
      if (candidate === 'again') continue
      if (!candidate) {
        const empty = emptyBatch(true)
        if (!empty) return
        build(empty, true)
        continue
      }
      const { batch, from } = candidate
      const judgement = judgeSingular(batch, from.inclusion)
      if (judgement === 'drop') flush(from.channel)
      if (judgement !== 'accept' || build(batch, true)) continue
      flush(from.channel)
      build({ ...batch, transactions: [] }, true)
    }
  }

  return {
    add(block) {
      l1.push(block.info)
      receiptsOf.set(block.info.number, block.receipts)
      out = []
      const isHolocene = isHoloceneAt(block.info.timestamp)
      if (isHolocene && !wasHolocene) waiting = []
      wasHolocene = isHolocene
      const batches = reader.read(block, l1.length === 1)
      if (isHolocene) runBatchStage(batches)
      else runBatchQueue(batches)
      return out
    },
    get safeHead() {
      return head()
    },
    chain,
  }
}

/**
 * Derives everything that the given L1 blocks give on top of `safeHead`, whose L1 origin is the first of them. See
 * {@link createPureDeriver}.
 */
export function pureDerive(
  config: RollupConfig,
  safeHead: L2BlockRef,
  systemConfig: SystemConfig,
  l1Blocks: readonly PureL1Block[],
  options: PureOptions = {},
): PureDerived[] {
  const safeChain = [{ ref: safeHead, systemConfig, sequenced: [] }]
  const deriver = createPureDeriver(config, safeChain, systemConfig, options)
  return l1Blocks.flatMap((block) => deriver.add(block))
}
