import {
  concatBytes,
  type ExecutionPayloadEnvelope,
  encodePayloadSsz,
  payloadHash,
  type RollupConfig,
} from '@keelson/protocol'
import type { Clock, Logger } from '@keelson/service'
import { type GossipSub, type GossipsubOpts, StrictNoSign, TopicValidatorResult } from '@libp2p/gossipsub'
import type { BlockSigner } from './blockSigner.ts'
import { BLOCK_SIGNING_DOMAIN } from './blockSigner.ts'
import { type BlockValidator, createBlockValidator } from './blockValidator.ts'
import { P2PError } from './errors.ts'
import { gossipMetricsRegister } from './gossipMetrics.ts'
import { messageId } from './messageId.ts'
import type { P2PMetrics } from './metrics.ts'
import { SCORE_THRESHOLDS } from './scoreParams.ts'
import { encodeSnappy, MAX_GOSSIP_SIZE, tryDecodeSnappy } from './snappyBlock.ts'
import { BLOCK_VERSIONS, type BlockVersion, blocksTopic, blockVersionAt } from './topics.ts'
import type { UnsafeSigner } from './unsafeSigner.ts'

/** Degrees of the gossip mesh. */
export type GossipMesh = { readonly d: number; readonly dlo: number; readonly dhi: number; readonly dlazy: number }
export const DEFAULT_MESH: GossipMesh = { d: 8, dlo: 6, dhi: 12, dlazy: 6 }

const HEARTBEAT_MS = 500
/** Room for topic and framing around the largest message. */
const MAX_RPC_SIZE = MAX_GOSSIP_SIZE + 1024

/** All gossipsub options that the OP Stack fixes. */
export function gossipOptions(options: {
  readonly topics: readonly string[]
  readonly mesh: GossipMesh
  readonly floodPublish: boolean
  readonly scoreParams: NonNullable<GossipsubOpts['scoreParams']>
  readonly decode: (data: Uint8Array) => Uint8Array | null
  readonly metrics?: P2PMetrics
}): Partial<GossipsubOpts> {
  const { topics, mesh, floodPublish, scoreParams, decode } = options
  return {
    D: mesh.d,
    Dlo: mesh.dlo,
    Dhi: mesh.dhi,
    Dlazy: mesh.dlazy,
    Dscore: Math.min(4, mesh.dlo),
    Dout: Math.max(0, Math.min(2, mesh.dlo - 1, Math.floor(mesh.d / 2))),
    heartbeatInterval: HEARTBEAT_MS,
    fanoutTTL: 24_000,
    mcacheLength: 12,
    mcacheGossip: 3,
    seenTTL: 130 * HEARTBEAT_MS,
    floodPublish,
    doPX: false,
    fallbackToFloodsub: false,
    emitSelf: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    globalSignaturePolicy: StrictNoSign,
    allowedTopics: [...topics],
    maxInboundDataLength: MAX_RPC_SIZE,
    maxOutboundBufferSize: 256 * 1024 * 1024,
    msgIdFn: (message) => messageId(message.topic, message.data, decode),
    scoreParams,
    scoreThresholds: SCORE_THRESHOLDS,
    ...(options.metrics && {
      metricsRegister: gossipMetricsRegister(options.metrics),
      metricsTopicStrToLabel: new Map(topics.map((topic) => [topic, topic])),
    }),
  }
}

/** A decoder that remembers the last results by message object: id and validation ask for the same bytes. */
export function rememberingDecoder(): (data: Uint8Array) => Uint8Array | null {
  const known = new WeakMap<Uint8Array, { decoded: Uint8Array | null }>()
  return (data) => {
    const before = known.get(data)
    if (before) {
      known.delete(data)
      return before.decoded
    }
    const decoded = tryDecodeSnappy(data)
    known.set(data, { decoded })
    return decoded
  }
}

export type BlockGossip = {
  /** Joins the topics and begins to judge what comes. */
  start(): void
  /** Signs and sends one block; also runs through our own validation, so that we do not take it from peers again. */
  publish(envelope: ExecutionPayloadEnvelope): Promise<void>
  /** Resolves when at least `count` peers are subscribed to the topic of blocks of now. */
  peersAtLeast(count: number, signal?: AbortSignal): Promise<void>
  topics: readonly string[]
}

export type BlockGossipParts = {
  readonly config: RollupConfig
  readonly pubsub: GossipSub
  readonly unsafeSigner: UnsafeSigner
  readonly signer: BlockSigner | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: P2PMetrics
  readonly maxAgeSeconds: bigint
  readonly decode: (data: Uint8Array) => Uint8Array | null
  /** Told of each accepted block of a peer, without being waited for. */
  readonly onBlock: (from: string, envelope: ExecutionPayloadEnvelope) => void
}

/** The four block topics over gossipsub. */
export function createBlockGossip(parts: BlockGossipParts): BlockGossip {
  const { config, pubsub, unsafeSigner, signer, clock, log, metrics } = parts
  const validators = new Map<BlockVersion, BlockValidator>(
    BLOCK_VERSIONS.map((version) => {
      const { maxAgeSeconds, decode } = parts
      return [version, createBlockValidator({ config, version, signer: unsafeSigner, clock, maxAgeSeconds, decode })]
    }),
  )
  const topicOf = (version: BlockVersion) => blocksTopic(config.l2ChainId, version)

  function judge(version: BlockVersion, message: Uint8Array, from: string) {
    const verdict = (validators.get(version) as BlockValidator)(message)
    metrics.validations.inc({ verdict: verdict.verdict, reason: verdict.reason })
    if (verdict.verdict === 'reject') {
      log.warn('Rejected a gossiped block', { peer: from, topic: topicOf(version), reason: verdict.reason })
    }
    return verdict
  }

  return {
    topics: BLOCK_VERSIONS.map(topicOf),

    start() {
      pubsub.addEventListener('gossipsub:graft', () => metrics.gossipEvents.inc({ type: 'GRAFT' }))
      pubsub.addEventListener('gossipsub:prune', () => metrics.gossipEvents.inc({ type: 'PRUNE' }))
      for (const version of BLOCK_VERSIONS) {
        pubsub.topicValidators.set(topicOf(version), (peer, message) => {
          const from = peer.toString()
          const verdict = judge(version, message.data, from)
          if (verdict.verdict === 'ignore') return TopicValidatorResult.Ignore
          if (verdict.verdict === 'reject') {
            metrics.gossipEvents.inc({ type: 'REJECT_MESSAGE' })
            return TopicValidatorResult.Reject
          }
          metrics.gossipEvents.inc({ type: 'DELIVER_MESSAGE' })
          parts.onBlock(from, verdict.envelope)
          return TopicValidatorResult.Accept
        })
        pubsub.subscribe(topicOf(version))
        metrics.gossipEvents.inc({ type: 'JOIN' })
      }
    },

    async publish(envelope) {
      if (!signer) throw new P2PError('noSigner', {})
      const { timestamp, blockHash } = envelope.executionPayload
      const version = blockVersionAt(config, timestamp)
      const body = encodePayloadSsz(envelope)
      const request = { domain: BLOCK_SIGNING_DOMAIN, chainId: config.l2ChainId, payloadHash: payloadHash(body) }
      const message = encodeSnappy(concatBytes(await signer.sign(request), body))
      const verdict = judge(version, message, 'self')
      // Sent before (the sequencer repeats what it does not know to have gone out): nothing to do.
      if (verdict.reason === 'alreadySeen') return
      if (verdict.verdict !== 'accept')
        throw new P2PError('publishRefused', { hash: blockHash, reason: verdict.reason })
      await pubsub.publish(topicOf(version), message)
      metrics.gossipEvents.inc({ type: 'PUBLISH_MESSAGE' })
    },

    async peersAtLeast(count, signal) {
      const topic = topicOf(blockVersionAt(config, BigInt(Math.floor(clock.now() / 1000))))
      while (pubsub.getSubscribers(topic).length < count) {
        const changed = Promise.withResolvers<void>()
        const stop = () => changed.reject(signal?.reason)
        const wake = () => changed.resolve()
        pubsub.addEventListener('subscription-change', wake, { once: true })
        signal?.addEventListener('abort', stop, { once: true })
        try {
          signal?.throwIfAborted()
          await changed.promise
        } finally {
          pubsub.removeEventListener('subscription-change', wake)
          signal?.removeEventListener('abort', stop)
        }
      }
    },
  }
}
