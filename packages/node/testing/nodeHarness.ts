import { FAKE_L1_CONFIG, FakeEngine, fakeChain, forksThrough } from '@keelson/engine/testing'
import type { ExecutionPayloadEnvelope, RollupConfig } from '@keelson/protocol'
import { ManualClock, recordedLogs, recordedMetrics, settle } from '@keelson/service/testing'
import { createRollupNode, type RollupNode } from '../src/rollupNode.ts'
import type { RollupNodeOptions } from '../src/rollupNodeOptions.ts'
import { BATCHER } from './fakeBatcher.ts'
import { FakeGossipHub } from './fakeGossip.ts'
import { FakeL1 } from './fakeL1.ts'

/** An L1, a clock and a network that the nodes of one test share. */
export class World {
  readonly l1 = new FakeL1()
  readonly hub = new FakeGossipHub()
  readonly clock: ManualClock
  readonly config: RollupConfig
  readonly genesis: ExecutionPayloadEnvelope
  readonly nodes: TestNode[] = []

  constructor(overrides: Partial<RollupConfig> = {}) {
    const made = fakeChain({ forks: forksThrough('granite'), ...overrides })
    const systemConfig = { ...made.config.genesis.systemConfig, batcherAddress: BATCHER }
    this.config = { ...made.config, genesis: { ...made.config.genesis, systemConfig } }
    this.genesis = made.genesis
    this.clock = new ManualClock(Number(this.config.genesis.l2Time) * 1000)
  }

  /** A started node with an engine of its own. */
  async node(
    options: Partial<RollupNodeOptions> & { engine?: FakeEngine; join?: boolean } = {},
    signal?: AbortSignal,
  ): Promise<TestNode> {
    const engine = options.engine ?? new FakeEngine({ config: this.config, genesis: this.genesis })
    const { log, lines } = recordedLogs()
    const { registry, value } = recordedMetrics()
    const node = createRollupNode({
      config: this.config,
      l1Config: FAKE_L1_CONFIG,
      l1: { client: this.l1.client, tracker: this.l1.joinTracker() },
      blobs: this.l1.blobs,
      clock: this.clock,
      random: () => 0,
      log,
      metrics: registry,
      gossip: options.join === false ? null : async () => this.hub.join(),
      ...options,
      engine,
    })
    const test: TestNode = Object.assign(node, { fake: engine, lines, metric: value })
    this.nodes.push(test)
    await node.start(signal)
    await this.settle()
    return test
  }

  /** A new node on the engine of one that is dead: that one is looked at no more. */
  async restarted(dead: TestNode, options: Partial<RollupNodeOptions> = {}): Promise<TestNode> {
    this.nodes.splice(this.nodes.indexOf(dead), 1)
    return this.node({ ...options, engine: dead.fake })
  }

  /** Lets everything run that does not wait for the clock. */
  async settle(): Promise<void> {
    for (let i = 0; i < 6; i++) {
      await settle()
      await Promise.all(this.nodes.map((node) => node.idle()))
    }
  }

  /** Moves the clock and lets everything run. */
  async advance(seconds: number): Promise<void> {
    for (let ms = 0; ms < seconds * 1000; ms += 250) {
      await this.clock.advance(250)
      await this.settle()
    }
  }

  /** Moves the clock without waiting for work that may never end. */
  async advanceOnly(seconds: number): Promise<void> {
    for (let ms = 0; ms < seconds * 1000; ms += 250) {
      await this.clock.advance(250)
      for (let i = 0; i < 3; i++) await settle()
    }
  }

  /** Mines an L1 block with these transactions and lets the nodes see it. */
  async mine(...transactions: Uint8Array[]) {
    const block = this.l1.mine({ transactions })
    await this.settle()
    return block
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()))
  }
}

export type TestNode = RollupNode & {
  readonly fake: FakeEngine
  readonly lines: ReturnType<typeof recordedLogs>['lines']
  readonly metric: ReturnType<typeof recordedMetrics>['value']
}

/** The blocks of a node's canonical chain from `from` to its unsafe head. */
export async function blocksOf(node: TestNode, from = 1n): Promise<ExecutionPayloadEnvelope[]> {
  const blocks: ExecutionPayloadEnvelope[] = []
  for (let number = from; ; number++) {
    const block = await node.fake.getBlock({ number })
    if (!block) return blocks
    blocks.push(block)
  }
}
