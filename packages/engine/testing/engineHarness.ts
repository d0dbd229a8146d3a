import {
  type ExecutionPayloadEnvelope,
  type L2BlockRef,
  payloadBlockHash,
  payloadToL2BlockRef,
  type RollupConfig,
} from '@keelson/protocol'
import { type Logger, systemClock } from '@keelson/service'
import type { DerivedAttributes } from '../src/derivedAttributes.ts'
import { EngineController, type EngineControllerOptions } from '../src/engineController.ts'
import { fakeAttributes, fakeChain, fakeL1Block, hashOf } from './fakeChain.ts'
import { FakeEngine } from './fakeEngine.ts'

/** An engine controller over a fake engine, and builders for what is put into it. */
export function engineHarness(
  options: { config?: Partial<RollupConfig>; controller?: Partial<EngineControllerOptions>; log?: Logger } = {},
) {
  const { config, genesis } = fakeChain(options.config)
  const engine = new FakeEngine({ config, genesis })
  const told: { kind: string; detail: unknown }[] = []
  const tell = (kind: string) => (detail: unknown) => void told.push({ kind, detail })
  const controller = new EngineController({
    config,
    engine,
    clock: systemClock,
    observer: {
      headsMoved: tell('headsMoved'),
      safeDerived: (safe, derivedFrom) => void told.push({ kind: 'safeDerived', detail: { safe, derivedFrom } }),
      unsafeDropped: tell('unsafeDropped'),
      unsafeMismatch: tell('unsafeMismatch'),
      derivedInvalid: tell('derivedInvalid'),
      elSyncChanged: tell('elSyncChanged'),
    },
    ...options.controller,
  })
  const genesisRef = payloadToL2BlockRef(config, genesis.executionPayload)
  const refOf = (envelope: ExecutionPayloadEnvelope): L2BlockRef =>
    payloadToL2BlockRef(config, envelope.executionPayload)

  /** `count` blocks on top of `parent`; `tag` makes their transactions. */
  function chainOn(parent: ExecutionPayloadEnvelope, count: number, tag = 'x'): ExecutionPayloadEnvelope[] {
    const blocks: ExecutionPayloadEnvelope[] = []
    for (let last = parent; blocks.length < count; last = blocks.at(-1) as ExecutionPayloadEnvelope) {
      const attributes = fakeAttributes(config, refOf(last), undefined, [userTx(`${tag}${blocks.length}`)])
      blocks.push(engine.makeBlock(last.executionPayload, attributes))
    }
    return blocks
  }

  /** What derivation says comes after `parent`. */
  function derivedOn(
    parent: L2BlockRef,
    overrides: Partial<DerivedAttributes> & { transactions?: readonly Uint8Array[] } = {},
  ): DerivedAttributes {
    const { transactions = [], ...rest } = overrides
    return {
      attributes: fakeAttributes(config, parent, undefined, transactions),
      parent,
      isLastInSpan: true,
      derivedFrom: fakeL1Block(1n),
      ...rest,
    }
  }

  /** Puts blocks in as if gossip had brought them. */
  async function gossip(blocks: readonly ExecutionPayloadEnvelope[]): Promise<void> {
    for (const block of blocks) await controller.receiveUnsafePayload(block)
    for (;;) {
      const outcome = await controller.processNextUnsafe()
      if (outcome === 'empty' || outcome === 'waiting') return
    }
  }

  function start(): void {
    controller.reset({ unsafe: genesisRef, safe: genesisRef, finalized: genesisRef })
  }

  /** The envelope with the hash that its fields give. */
  const rehash = (envelope: ExecutionPayloadEnvelope): ExecutionPayloadEnvelope => ({
    ...envelope,
    executionPayload: { ...envelope.executionPayload, blockHash: payloadBlockHash(envelope) },
  })

  return { rehash, config, genesis, genesisRef, engine, controller, told, chainOn, derivedOn, gossip, refOf, start }
}

/** A transaction that is no deposit; what it says is in its hash. */
export function userTx(name: string): Uint8Array {
  return Uint8Array.from([0x02, ...Buffer.from(hashOf(name).slice(2), 'hex')])
}
