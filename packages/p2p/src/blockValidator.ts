import {
  type ExecutionPayloadEnvelope,
  type Hash,
  payloadBlockHash,
  payloadSigningHash,
  type RollupConfig,
  recoverAddress,
} from '@keelson/protocol'
import { type Clock, Lru } from '@keelson/service'
import { type FieldFault, findFieldFault, tryDecodePayload } from './payloadRules.ts'
import { MAX_GOSSIP_SIZE, snappyDecodedLength, tryDecodeSnappy } from './snappyBlock.ts'
import type { BlockVersion } from './topics.ts'
import type { UnsafeSigner } from './unsafeSigner.ts'

/** Signature and at least one byte: less is no block. */
export const MIN_GOSSIP_SIZE = 66
const SIGNATURE_SIZE = 65
/** Seconds that a block may be ahead of our clock. */
export const MAX_FUTURE_SECONDS = 5n
/** Different blocks of one height; one more is taken, the check comes before the count. */
export const MAX_BLOCKS_PER_HEIGHT = 5
/** Heights whose blocks are remembered, per topic. */
const SEEN_HEIGHTS = 1000

export type BlockVerdict =
  | { readonly verdict: 'accept'; readonly reason: 'valid'; readonly envelope: ExecutionPayloadEnvelope }
  | { readonly verdict: 'ignore'; readonly reason: 'unknownSigner' | 'alreadySeen' }
  | { readonly verdict: 'reject'; readonly reason: RejectReason }

export type RejectReason =
  | FieldFault
  | 'badSnappyLength'
  | 'tooLarge'
  | 'tooSmall'
  | 'badSnappy'
  | 'wrongSigner'
  | 'badEncoding'
  | 'tooOld'
  | 'tooNew'
  | 'badBlockHash'
  | 'tooManyAtHeight'
  | 'crashed'

export type BlockValidatorParts = {
  readonly config: RollupConfig
  readonly version: BlockVersion
  readonly signer: UnsafeSigner
  readonly clock: Pick<Clock, 'now'>
  /** Oldest block taken, in seconds; 60. */
  readonly maxAgeSeconds?: bigint
  /** Decompression; exchangeable to use what the message id has already decompressed. */
  readonly decode?: (data: Uint8Array) => Uint8Array | null
}

/** Judges the messages of one topic: accept (deliver and relay), ignore (drop), reject (drop, and the sender pays). */
export type BlockValidator = (message: Uint8Array) => BlockVerdict

/**
 * The rules of one block topic, in op-node's order: the signature first, so that decoding is only done for what the
 * sequencer signed. No engine is asked. It never throws, and what an accepted block leaves behind is bounded.
 *
 * @see specs/protocol/rollup-node-p2p.md#block-validation
 */
export function createBlockValidator(parts: BlockValidatorParts): BlockValidator {
  const { config, version, signer, clock, maxAgeSeconds = 60n, decode = tryDecodeSnappy } = parts
  const seen = new Lru<bigint, Set<Hash>>(SEEN_HEIGHTS)
  const reject = (reason: RejectReason): BlockVerdict => ({ verdict: 'reject', reason })

  function judge(message: Uint8Array): BlockVerdict {
    const length = snappyDecodedLength(message)
    if (length === null) return reject('badSnappyLength')
    if (length > MAX_GOSSIP_SIZE) return reject('tooLarge')
    if (length < MIN_GOSSIP_SIZE) return reject('tooSmall')
    const data = decode(message)
    if (!data) return reject('badSnappy')

    const body = data.subarray(SIGNATURE_SIZE)
    switch (signer.judge(recoverSigner(config.l2ChainId, data.subarray(0, SIGNATURE_SIZE), body))) {
      case 'unknownSigner':
        return { verdict: 'ignore', reason: 'unknownSigner' }
      case 'wrongSigner':
        return reject('wrongSigner')
    }

    const envelope = tryDecodePayload(body, version)
    if (!envelope) return reject('badEncoding')
    const { blockNumber, blockHash, timestamp } = envelope.executionPayload
    const now = BigInt(Math.floor(clock.now() / 1000))
    if (timestamp + maxAgeSeconds < now) return reject('tooOld')
    if (timestamp > now + MAX_FUTURE_SECONDS) return reject('tooNew')
    if (payloadBlockHash(envelope) !== blockHash) return reject('badBlockHash')
    const fault = findFieldFault(config, version, envelope)
    if (fault) return reject(fault)

    const atHeight = seen.get(blockNumber) ?? new Set()
    if (atHeight.size > MAX_BLOCKS_PER_HEIGHT) return reject('tooManyAtHeight')
    if (atHeight.has(blockHash)) return { verdict: 'ignore', reason: 'alreadySeen' }
    atHeight.add(blockHash)
    seen.set(blockNumber, atHeight)
    return { verdict: 'accept', reason: 'valid', envelope }
  }

  return (message) => {
    try {
      return judge(message)
    } catch {
      return reject('crashed')
    }
  }
}

/** The account that signed, or `null` when the signature is of no key or its parity neither 0 nor 1. */
function recoverSigner(chainId: bigint, signature: Uint8Array, body: Uint8Array) {
  const parity = signature[64]
  if (parity !== 0 && parity !== 1) return null
  return recoverAddress(payloadSigningHash(chainId, body), signature, parity)
}
