import {
  type Address,
  type Hash,
  isForkActive,
  type L1BlockRef,
  type L2BlockRef,
  type RollupConfig,
  type SingularBatch,
  type SystemConfig,
} from '@keelson/protocol'
import {
  testAddress,
  testConfigUpdateLog,
  testDepositLog,
  testRollupConfig,
  testSystemConfig,
} from '@keelson/protocol/testing'
import { fakeHash, l1Block, l1Ref, type MemoryL1Block } from '../memoryL1.ts'
import { type PureL2Block, pureAttributes, pureBlock } from '../pureAttributes.ts'
import { createPureDeriver, type PureDerived, type PureDeriver } from '../pureDerive.ts'
import type { PureL1Block } from '../pureReader.ts'
import { BATCHER, isValidInHistories, OTHER_BATCHER, sequencedTx } from './accounts.ts'
import { Batcher } from './batcher.ts'
import { forkTimes, GENESIS_TIME, type HistoryScript, L1_SLOT, type Reorg, type Step } from './script.ts'

/** An L1 block as the node comes to see it. */
export type Arrival = {
  /** Replaces the block of its height, and all after that, where there are such. */
  readonly block: PureL1Block
  /** Steps that the pipeline is driven then. */
  readonly pace: number
  /** Blocks that L1 knows no longer. */
  readonly forgotten: readonly Hash[]
}

/** A history with what the plain implementation derives from it. */
export type History = {
  readonly config: RollupConfig
  readonly systemConfig: SystemConfig
  readonly genesis: L2BlockRef
  /** All that is seen of L1, in time. */
  readonly arrivals: readonly Arrival[]
  /** The L1 chain in the end. */
  readonly blocks: readonly PureL1Block[]
  /** From the L1 chain in the end. */
  readonly derived: readonly PureDerived[]
  /** Kinds of hostility that are in it, and other things worth counting. */
  readonly features: ReadonlySet<string>
  /** The derived chain, from genesis. */
  readonly chain: readonly PureL2Block[]
}

/** Plays a script: an L1 chain, a sequencer and batchers, honest and not. Deterministic. */
export function playHistory(script: HistoryScript): History {
  const config = testRollupConfig({
    forks: forkTimes(script),
    seqWindowSize: BigInt(script.seqWindowSize),
    channelTimeout: BigInt(script.channelTimeout),
    maxSequencerDrift: BigInt(script.maxSequencerDrift),
    genesis: {
      l1: { hash: fakeHash('L1 genesis'), number: 100n },
      l2: { hash: fakeHash('L2 genesis'), number: 0n },
      l2Time: GENESIS_TIME,
      systemConfig: testSystemConfig({ batcherAddress: BATCHER }),
    },
  })
  const { steps } = script
  // With second sight a batch can be included before its L1 origin is there; what comes of such depends on where a
  // node began to read L1.
  const lookAhead = steps.some(({ reorg }) => reorg) ? 0 : LOOK_AHEAD
  const world = new World(config)
  for (const [i, step] of steps.entries()) world.play(step, steps.slice(i, i + lookAhead))
  world.outgrow()
  return world.history()
}

/** How many L1 blocks to come a batcher with second sight knows. */
const LOOK_AHEAD = 4

/** The L1 blocks to come. Their hashes here do not depend on what is in them, unlike real ones. */
function coming(parent: L1BlockRef, steps: readonly Step[]): L1BlockRef[] {
  const refs: L1BlockRef[] = []
  for (const { slots } of steps) {
    const before = refs.at(-1) ?? parent
    refs.push(l1Ref(l1Block(before, { timestamp: before.timestamp + BigInt(slots) * L1_SLOT })))
  }
  return refs
}

class World {
  readonly config: RollupConfig
  readonly #batcher: Batcher
  readonly #arrivals: Arrival[] = []
  #pure: PureDeriver
  #blocks: PureL1Block[] = []
  #derived: PureDerived[] = []
  /** The batcher as of each L1 block. */
  #batchers: Address[] = []
  readonly #features = new Set<string>()
  /** The sequencer's chain: the safe chain and what it built on it. */
  #unsafe: PureL2Block[]
  readonly #genesis: L2BlockRef
  #nonce = 0
  /** L1 blocks since the safe head moved. */
  #stalled = 0
  /** Counts L1 chains. */
  #branch = 0
  /** Height of the highest L1 block ever seen. */
  #highest = 0n
  #forgotten: Hash[] = []

  constructor(config: RollupConfig) {
    this.config = config
    const { genesis } = config
    this.#genesis = {
      ...genesis.l2,
      parentHash: fakeHash('before'),
      timestamp: genesis.l2Time,
      l1Origin: genesis.l1,
      sequenceNumber: 0n,
    }
    this.#pure = this.#derive([])
    this.#unsafe = [...this.#pure.chain]
    this.#batcher = new Batcher(config, this.#features)
    this.#addBlock({ ...l1Block(null, { ...genesis.l1, timestamp: GENESIS_TIME - 2n }), blobs: new Map() }, 0)
  }

  #derive(blocks: readonly PureL1Block[]): PureDeriver {
    const { systemConfig } = this.config.genesis
    const chain = [{ ref: this.#genesis, systemConfig, sequenced: [] }]
    const deriver = createPureDeriver(this.config, chain, systemConfig, { isValid: isValidInHistories })
    this.#derived = blocks.flatMap((block) => deriver.add(block))
    return deriver
  }

  /** @param foreseen - the step and those that follow, as far as a batcher with second sight sees */
  play(step: Step, foreseen: readonly Step[]): void {
    if (step.reorg) this.#reorg(step.reorg)
    for (let i = 0; i < step.idle; i++) this.#addQuietBlock(step.pace)
    const parent = this.#head
    if (step.slots > 1) this.#features.add('missedSlots')
    if (step.isStuck) this.#features.add('stuckSequencer')
    for (let i = 0; i < step.build; i++) this.#sequence(step)
    const number = parent.number + 1n
    const known = {
      blocks: this.#blocks,
      unsafe: this.#unsafe,
      safe: this.#pure.safeHead,
      next: number,
      coming: coming(parent, foreseen),
    }
    if (this.#stalled > 3) this.#batcher.rewind(this.#pure.safeHead)
    this.#batcher.closeReserved(known)
    for (const post of step.posts) this.#batcher.post(post, known)
    const { transactions, blobs } = this.#batcher.include(number)
    const timestamp = parent.timestamp + BigInt(step.slots) * L1_SLOT
    const { logs, isUpdated } = this.#logs(step, timestamp)
    if (isUpdated) this.#features.add('configUpdates')
    if (step.deposits > 0) this.#features.add('deposits')
    const receipts = [{ status: true, logs }]
    const excessBlobGas = { excessBlobGas: 0n, blobGasUsed: 0n, parentBeaconBlockRoot: fakeHash(`beacon ${number}`) }
    const salt = this.#salt
    this.#addBlock(
      { ...l1Block(parent, { salt, timestamp, transactions, receipts, ...excessBlobGas }), blobs },
      step.pace,
    )
  }

  /** After reorgs, goes on until L1 is higher than it ever was: before, a node may still hold an abandoned block for its head. */
  outgrow(): void {
    if (this.#branch === 0) return
    for (let left = this.#highest - this.#head.number; left >= 0n; left--) this.#addQuietBlock(0)
  }

  get #head(): L1BlockRef {
    return l1Ref(this.#blocks.at(-1) as MemoryL1Block)
  }

  get #salt(): string {
    return this.#branch === 0 ? '' : `branch ${this.#branch}`
  }

  /** A block with nothing but what the batcher sent before. */
  #addQuietBlock(pace: number): void {
    const parent = this.#head
    const { transactions, blobs } = this.#batcher.include(parent.number + 1n)
    const timestamp = parent.timestamp + L1_SLOT
    this.#addBlock({ ...l1Block(parent, { salt: this.#salt, timestamp, transactions }), blobs }, pace)
  }

  /** Goes back to an earlier L1 block, never before genesis nor so far that a node refuses to follow. */
  #reorg({ depth, isReincluded, isForgotten }: Reorg): void {
    const lowest = Number(this.#highest - this.config.genesis.l1.number - 3n * this.config.seqWindowSize) + 1
    const left = Math.max(this.#blocks.length - depth, lowest, 1)
    const gone = this.#blocks.slice(left)
    if (gone.length === 0) return
    this.#branch++
    this.#features.add('reorg')
    if (this.#branch === 2) this.#features.add('reorgTwice')
    if (gone.length > this.config.seqWindowSize) this.#features.add('reorgBeyondWindow')
    const from = (gone[0] as PureL1Block).info.number
    if (this.#pure.safeHead.l1Origin.number >= from) this.#features.add('reorgBelowSafe')
    if (isForgotten) this.#forgotten.push(...gone.map(({ info }) => info.hash))
    this.#blocks = this.#blocks.slice(0, left)
    this.#batchers = this.#batchers.slice(0, left)
    this.#pure = this.#derive(this.#blocks)
    this.#stalled = 0
    const canonical = new Set(this.#blocks.map(({ info }) => info.hash))
    this.#unsafe = this.#unsafe.filter(({ ref }) => canonical.has(ref.l1Origin.hash))
    this.#followSafe()
    this.#batcher.address = this.#batchers.at(-1) as Address
    this.#batcher.goBack(from, (this.#unsafe.at(-1) as PureL2Block).ref, this.#pure.safeHead, isReincluded)
  }

  #addBlock(block: PureL1Block, pace: number): void {
    this.#blocks.push(block)
    this.#batchers.push(this.#batcher.address)
    this.#arrivals.push({ block, pace, forgotten: this.#forgotten })
    if (block.info.number > this.#highest) this.#highest = block.info.number
    this.#forgotten = []
    const derived = this.#pure.add(block)
    this.#derived.push(...derived)
    this.#stalled = derived.length > 0 ? 0 : this.#stalled + 1
    if (derived.some(({ attributes }) => !isValidInHistories(attributes))) this.#features.add('invalidPayload')
    if (this.#followSafe()) this.#features.add('unsafeReorg')
  }

  /** The sequencer goes on from the safe chain where its own is another one; whether it is. */
  #followSafe(): boolean {
    const safe = this.#pure.chain
    const isPrefix = safe.every(({ ref }, i) => this.#unsafe[i]?.ref.hash === ref.hash)
    if (isPrefix) return false
    this.#unsafe = [...safe]
    this.#batcher.rewind(this.#pure.safeHead)
    return true
  }

  /** The sequencer makes one block, if L1 lets it. */
  #sequence({ txs, isStuck }: Step): void {
    const parent = this.#unsafe.at(-1) as PureL2Block
    const time = parent.ref.timestamp + this.config.blockTime
    const at = this.#blocks.findIndex(({ info }) => info.hash === parent.ref.l1Origin.hash)
    const current = this.#blocks[at] as PureL1Block
    const next = this.#blocks[at + 1]
    const canMove = next !== undefined && next.info.timestamp <= time
    const mustMove = time > current.info.timestamp + this.config.maxSequencerDrift
    const origin = canMove && (!isStuck || mustMove) ? next : current
    const head = (this.#blocks.at(-1) as PureL1Block).info.timestamp
    if (time > head + 20n) return
    const isEmpty = time > origin.info.timestamp + this.config.maxSequencerDrift && !isStuck
    const count = isEmpty ? 0 : txs
    const transactions = Array.from({ length: count }, () => {
      const nonce = this.#nonce++
      return sequencedTx(nonce, ([2, 0, 1, 2] as const)[nonce % 4] as 0 | 1 | 2, nonce % 97 === 96)
    })
    const { hash: epochHash, number: epochNumber } = origin.info
    const batch: SingularBatch = { parentHash: parent.ref.hash, epochNumber, epochHash, timestamp: time, transactions }
    const attributes = pureAttributes(this.config, parent, origin.info, origin.receipts, batch)
    this.#unsafe.push(pureBlock(this.config, parent, attributes, batch))
  }

  #logs({ deposits, configUpdate }: Step, timestamp: bigint) {
    const from = testAddress(0xd0)
    const logs = Array.from({ length: deposits }, (_, i) =>
      testDepositLog(this.config, { from, to: i === 0 ? from : null, mint: 5n }),
    )
    const scalar = (1n << 248n) | (BigInt(configUpdate) << 32n) | 7n
    const updates: readonly (readonly [number, ...bigint[]])[] = [
      [0, BigInt(BATCHER)],
      [0, BigInt(OTHER_BATCHER)],
      [1, 0xbcn, scalar],
      [1, 0xbcn, 684_000n],
      // Of an unknown version: ignored from Ecotone; before, it would stay and make Ecotone's attributes impossible.
      isForkActive(this.config, 'ecotone', timestamp) ? [1, 0n, 2n << 248n] : [1, 0n, 5n],
      [2, 31_000_000n + BigInt(configUpdate)],
      [3, 5n],
      [4, (100n << 32n) | 6n],
      [5, (77n << 64n) | 99n],
      [6, 1_000n],
      [7, 500n],
      [99, 1n],
    ]
    const update = configUpdate === 0 ? undefined : updates[configUpdate - 1]
    if (update) {
      const [type, ...words] = update
      logs.push(testConfigUpdateLog(this.config, type, ...words))
      if (type === 0) this.#batcher.address = update[1] === BigInt(BATCHER) ? BATCHER : OTHER_BATCHER
    }
    return { logs, isUpdated: update !== undefined }
  }

  history(): History {
    const { config } = this
    const forks = Object.values(config.forks).filter((time) => time !== undefined && time > 0n)
    const end = (this.#blocks.at(-1) as PureL1Block).info.timestamp
    if (forks.some((time) => time <= end)) this.#features.add('mixedForks')
    const timeOf = (number: bigint) => this.#blocks.find(({ info }) => info.number === number)?.info.timestamp ?? end
    const isAcross = ([first, last]: readonly [bigint, bigint]) =>
      forks.some((time) => timeOf(first) < time && time <= timeOf(last))
    if (this.#batcher.spread.some(isAcross)) this.#features.add('channelAcrossFork')
    if (this.#derived.some(({ attributes }) => attributes.transactions.every((tx) => tx[0] === 0x7e)))
      this.#features.add('emptyBlocks')
    return {
      config,
      systemConfig: config.genesis.systemConfig,
      genesis: this.#genesis,
      arrivals: this.#arrivals,
      blocks: this.#blocks,
      derived: this.#derived,
      features: this.#features,
      chain: this.#pure.chain,
    }
  }
}
