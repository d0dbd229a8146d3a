import {
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
import {
  createPureDeriver,
  type PureDerived,
  type PureDeriver,
  type PureL2Block,
  pureAttributes,
  pureBlock,
} from '../pureDerive.ts'
import type { PureL1Block } from '../pureReader.ts'
import { BATCHER, isValidInHistories, OTHER_BATCHER, sequencedTx } from './accounts.ts'
import { Batcher } from './batcher.ts'
import { forkTimes, GENESIS_TIME, type HistoryScript, L1_SLOT, type Step } from './script.ts'

/** A history with what the plain implementation derives from it. */
export type History = {
  readonly config: RollupConfig
  readonly systemConfig: SystemConfig
  readonly genesis: L2BlockRef
  readonly blocks: readonly PureL1Block[]
  readonly derived: readonly PureDerived[]
  /** Kinds of hostility that are in it, and other things worth counting. */
  readonly features: ReadonlySet<string>
  /** Length of the derived chain. */
  readonly height: number
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
  const world = new World(config)
  for (const i of script.steps.keys()) world.play(script.steps.slice(i, i + LOOK_AHEAD))
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
  readonly #pure: PureDeriver
  readonly #batcher: Batcher
  readonly #blocks: PureL1Block[] = []
  readonly #derived: PureDerived[] = []
  readonly #features = new Set<string>()
  /** The sequencer's chain: the safe chain and what it built on it. */
  #unsafe: PureL2Block[]
  readonly #genesis: L2BlockRef
  #nonce = 0
  /** L1 blocks since the safe head moved. */
  #stalled = 0

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
    this.#pure = createPureDeriver(config, this.#genesis, genesis.systemConfig, { isValid: isValidInHistories })
    this.#unsafe = [...this.#pure.chain]
    this.#batcher = new Batcher(config, this.#features)
    this.#addBlock({ ...l1Block(null, { ...genesis.l1, timestamp: GENESIS_TIME - 2n }), blobs: new Map() })
  }

  /** @param steps - the step to play, and some that follow */
  play(steps: readonly Step[]): void {
    const step = steps[0] as Step
    const parent = l1Ref(this.#blocks.at(-1) as MemoryL1Block)
    if (step.slots > 1) this.#features.add('missedSlots')
    if (step.isStuck) this.#features.add('stuckSequencer')
    for (let i = 0; i < step.build; i++) this.#sequence(step)
    const number = parent.number + 1n
    const known = {
      blocks: this.#blocks,
      unsafe: this.#unsafe,
      safe: this.#pure.safeHead,
      next: number,
      coming: coming(parent, steps),
    }
    if (this.#stalled > 3) this.#batcher.rewind(this.#pure.safeHead)
    for (const post of step.posts) this.#batcher.post(post, known)
    const { transactions, blobs } = this.#batcher.include(number)
    const timestamp = parent.timestamp + BigInt(step.slots) * L1_SLOT
    const { logs, isUpdated } = this.#logs(step, timestamp)
    if (isUpdated) this.#features.add('configUpdates')
    if (step.deposits > 0) this.#features.add('deposits')
    const receipts = [{ status: true, logs }]
    const excessBlobGas = { excessBlobGas: 0n, blobGasUsed: 0n, parentBeaconBlockRoot: fakeHash(`beacon ${number}`) }
    this.#addBlock({ ...l1Block(parent, { timestamp, transactions, receipts, ...excessBlobGas }), blobs })
  }

  #addBlock(block: PureL1Block): void {
    this.#blocks.push(block)
    const derived = this.#pure.add(block)
    this.#derived.push(...derived)
    this.#stalled = derived.length > 0 ? 0 : this.#stalled + 1
    if (derived.some(({ attributes }) => !isValidInHistories(attributes))) this.#features.add('invalidPayload')
    const safe = this.#pure.chain
    const isPrefix = safe.every(({ ref }, i) => this.#unsafe[i]?.ref.hash === ref.hash)
    if (!isPrefix) {
      this.#unsafe = [...safe]
      this.#batcher.rewind(this.#pure.safeHead)
      this.#features.add('unsafeReorg')
    }
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
    if (this.#derived.some(({ attributes }) => attributes.transactions.every((tx) => tx[0] === 0x7e)))
      this.#features.add('emptyBlocks')
    return {
      config,
      systemConfig: config.genesis.systemConfig,
      genesis: this.#genesis,
      blocks: this.#blocks,
      derived: this.#derived,
      features: this.#features,
      height: this.#pure.chain.length - 1,
    }
  }
}
