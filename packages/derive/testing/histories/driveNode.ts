import { isForkActive, type L2BlockRef, type RollupConfig } from '@keelson/protocol'
import type { AttributesWithParent } from '../../src/attributes.ts'
import { createDerivationPipeline } from '../../src/pipeline.ts'
import type { DerivationObserver } from '../../src/verdict.ts'
import { MemoryL1 } from '../memoryL1.ts'
import { MemoryL2 } from '../memoryL2.ts'
import type { PureL2Block } from '../pureAttributes.ts'
import type { PureDerived } from '../pureDerive.ts'
import { pureSyncStart } from '../pureSyncStart.ts'
import { isValidInHistories } from './accounts.ts'
import type { History } from './world.ts'

/** What a node has at hand when it looks for the block to begin again from. */
export type SyncStartQuestion = {
  readonly config: RollupConfig
  readonly l1: MemoryL1
  /** From the L2 genesis block, which is the finalized head, to the unsafe head. */
  readonly chain: readonly PureL2Block[]
  readonly safe: L2BlockRef
}

export type PipelineRun = {
  readonly observer?: DerivationObserver | undefined
  /** Every so many calls of a provider fail once. */
  readonly failEvery?: number
  /** How a node finds its start after a reset; the plain rule where left out. */
  readonly findStart?: (question: SyncStartQuestion) => Promise<L2BlockRef>
}

/** What came out of a pipeline that was driven through a history. */
export type PipelineResult = {
  /** Since the last reset, or since genesis where there was none. */
  readonly derived: readonly PureDerived[]
  /** The chain up to the safe head of the last reset; `null`: there was none. */
  readonly start: readonly PureL2Block[] | null
  readonly resets: number
  /** The L2 chain in the end, from genesis. */
  readonly chain: readonly PureL2Block[]
  /** The L1 block on which the pipeline came to rest. */
  readonly restsOn: string | undefined
}

/** Steps without end: the pipeline is driven until it waits for L1. */
const UNTIL_DRAINED = 1_000_000
const METHODS = ['ref', 'info', 'transactions', 'receipts', 'blobs'] as const

/**
 * Drives the pipeline through a history the way a node does: L1 blocks arrive one by one, also such that replace others,
 * and the pipeline gets some steps after each. The engine refuses some payloads. A reset error makes the node look for
 * the sync start on L1 as it stands, and reset the pipeline to it.
 */
export async function runPipeline(history: History, run: PipelineRun = {}): Promise<PipelineResult> {
  const node = new DrivenNode(history, run)
  for (const { block, pace, forgotten } of history.arrivals) {
    node.l1.add(block)
    for (const [hash, blob] of block.blobs ?? []) node.l1.addBlob(hash, blob)
    for (const hash of forgotten) node.l1.forget(hash)
    await node.step(pace)
  }
  await node.step(UNTIL_DRAINED)
  return node.result()
}

class DrivenNode {
  readonly l1 = new MemoryL1()
  readonly #config: RollupConfig
  readonly #l2: MemoryL2
  readonly #run: PipelineRun
  readonly #pipeline: ReturnType<typeof createDerivationPipeline>
  /** From genesis to the pending safe head. */
  #chain: PureL2Block[]
  #safe: L2BlockRef
  #derived: PureDerived[] = []
  #start: readonly PureL2Block[] | null = null
  #resets = 0
  #steps = 0
  /** The safe head that the pipeline is yet to be reset to. */
  #resetTo: L2BlockRef | null

  constructor({ config, genesis, systemConfig }: History, run: PipelineRun) {
    this.#config = config
    this.#run = run
    this.#l2 = new MemoryL2([{ ref: genesis, systemConfig, transactions: [] }], config)
    this.#chain = [{ ref: genesis, systemConfig, sequenced: [] }]
    this.#safe = genesis
    this.#resetTo = genesis
    const { l1 } = this
    this.#pipeline = createDerivationPipeline({ config, l1, l2: this.#l2, blobs: l1, observer: run.observer })
  }

  /** Up to so many steps; fewer when the pipeline waits for L1. */
  async step(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.#failSometimes()
      try {
        if (this.#resetTo) await this.#pipeline.reset(this.#resetTo)
        this.#resetTo = null
        const pulled = await this.#pipeline.step(this.#pending)
        if (pulled.status === 'drained') return
        if (pulled.status === 'ready') await this.#build(pulled.value)
      } catch (error) {
        if (severityOf(error) === 'temporary') continue
        if (severityOf(error) !== 'reset') throw error
        await this.#beginAgain(error)
      }
    }
  }

  get #pending(): L2BlockRef {
    return (this.#chain.at(-1) as PureL2Block).ref
  }

  async #build(derived: AttributesWithParent): Promise<void> {
    let next = derived
    this.#note(next)
    if (!isValidInHistories(next.attributes)) {
      if (!isForkActive(this.#config, 'holocene', next.derivedFrom.timestamp)) {
        // The whole span falls.
        this.#cutTo(this.#safe)
        return
      }
      next = this.#pipeline.replaceInvalid(next.parent, next.derivedFrom)
      this.#note(next)
    }
    const ref = this.#l2.build(next)
    const systemConfig = await this.#l2.getSystemConfigByL2Hash(ref.hash)
    if (!systemConfig) throw new Error('a block built has no system config')
    const sequenced = next.attributes.transactions.filter((tx) => tx[0] !== 0x7e)
    this.#chain.push({ ref, systemConfig, sequenced })
    if (next.isLastInSpan) this.#safe = ref
  }

  #note({ attributes, parent, isLastInSpan, derivedFrom }: AttributesWithParent): void {
    this.#derived.push({ attributes, parent, isLastInSpan, derivedFrom: derivedFrom.number })
  }

  #cutTo({ number }: L2BlockRef): void {
    const [genesis] = this.#chain
    this.#chain.length = Number(number - (genesis as PureL2Block).ref.number) + 1
  }

  async #beginAgain(cause: unknown): Promise<void> {
    if (++this.#resets > 200) throw new Error('the resets have no end', { cause })
    const { l1 } = this
    const config = this.#config
    const findStart = this.#run.findStart ?? plainStart
    this.#safe = await findStart({ config, l1, chain: this.#chain, safe: this.#safe })
    this.#cutTo(this.#safe)
    this.#derived = []
    this.#start = [...this.#chain]
    this.#resetTo = this.#safe
  }

  #failSometimes(): void {
    const { failEvery } = this.#run
    const step = this.#steps++
    if (!failEvery || step % failEvery !== 0) return
    const method = METHODS[(step / failEvery) % METHODS.length] ?? 'ref'
    this.l1.failures.splice(0, this.l1.failures.length, { method, error: new TemporaryFailure() })
  }

  result(): PipelineResult {
    const restsOn = this.#pipeline.origin?.hash
    return { derived: this.#derived, start: this.#start, resets: this.#resets, chain: this.#chain, restsOn }
  }
}

class TemporaryFailure extends Error {
  readonly severity = 'temporary'
}

const severityOf = (error: unknown) => (error as { severity?: unknown } | null)?.severity

/** The start by the plain rule. */
export const plainStart = async ({ config, l1, chain, safe }: SyncStartQuestion): Promise<L2BlockRef> =>
  pureSyncStart(config, chain, safe, ({ number, hash }) => l1.block(number)?.info.hash === hash)
