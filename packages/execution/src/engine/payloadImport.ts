import {
  blockHeaderOf,
  CodedError,
  type ExecutionPayloadEnvelope,
  type Hash,
  headerHash,
  type PayloadStatus,
} from '@keelson/protocol'
import { Lru } from '@keelson/service'
import { prepareSenders } from '#senders'
import type { BlockHeader } from '../blockHeader.ts'
import type { Chain } from '../chain/chain.ts'
import { ChainError } from '../chain/chainError.ts'
import type { StoredBlock } from '../chain/chainStore.ts'
import { StateError } from '../state/stateError.ts'
import type { SealedBlock } from '../transition/types.ts'
import { InvalidBlocks } from './invalidBlocks.ts'
import { ACCEPTED, invalid, SYNCING, valid } from './payloadStatus.ts'

/** A block that must not be taken in, with the sentence for `validationError`. */
class InvalidBlock extends Error {
  override readonly name = 'InvalidBlock'
}

/** Built blocks that are kept so that inserting them costs no second execution: bytes of what they add to the state. */
const MAX_BUILT_BYTES = 64_000_000
/** What a block weighs at least, and a node beside its bytes. */
const BLOCK_OVERHEAD = 10_000
const NODE_OVERHEAD = 200

/**
 * Takes blocks in: checks the hash, executes on the parent's state, compares the header field by field, stores.
 *
 * Blocks that were built here are known by their hash and stored as they are: the hash commits to all of it.
 */
export class PayloadImport {
  readonly #chain: Chain
  readonly #invalidBlocks = new InvalidBlocks()
  readonly #built = new Lru<Hash, SealedBlock>(MAX_BUILT_BYTES, { weigh: weightOf })

  constructor(chain: Chain) {
    this.#chain = chain
  }

  /** Remembers a block that was built here. */
  remember(block: SealedBlock): void {
    this.#built.set(block.hash, block)
  }

  /** The answer to a forkchoice whose head is not here. */
  statusOfUnknown(hash: Hash): PayloadStatus {
    const lastValid = this.#invalidBlocks.lastValidBelow(hash, hash)
    return lastValid ? invalid('links to previously rejected block', lastValid) : SYNCING
  }

  /**
   * Executes and stores one block beside the canonical chain.
   *
   * @throws {StateError} when our own state is broken: that says nothing about the block
   */
  async insert(envelope: ExecutionPayloadEnvelope): Promise<PayloadStatus> {
    const { executionPayload: payload } = envelope
    const hash = payload.blockHash
    const header = headerOf(envelope)
    const actual = header && tryHeaderHash(header)
    if (!header || actual !== hash) return invalid(`blockhash mismatch, want ${hash}, got ${actual ?? 'none'}`, null)
    // From Isthmus on the header does not commit to the list: it is looked at here.
    if (payload.withdrawals && payload.withdrawals.length > 0) return invalid('withdrawals must be empty', null)
    const { store } = this.#chain
    if (store.hasBlock(hash) && store.hasState(header.stateRoot)) return valid(hash)
    const known = this.#invalidBlocks.lastValidBelow(hash, hash)
    if (known) return invalid('links to previously rejected block', known)
    const parent = store.block(header.parentHash)
    if (!parent) {
      const lastValid = this.#invalidBlocks.lastValidBelow(header.parentHash, hash)
      return lastValid ? invalid('links to previously rejected block', lastValid) : SYNCING
    }
    // Pruned: the block cannot be judged any more, as one from far back or from another branch.
    if (!store.hasState(parent.header.stateRoot)) return ACCEPTED
    try {
      store.putBlock(this.#built.get(hash) ?? (await this.#execute(parent, header, envelope)))
    } catch (error) {
      if (isOurFault(error)) throw error
      this.#invalidBlocks.add({ hash, parentHash: parent.hash })
      return invalid((error as Error).message, parent.hash)
    }
    this.#built.delete(hash)
    return valid(hash)
  }

  async #execute(parent: StoredBlock, header: BlockHeader, envelope: ExecutionPayloadEnvelope): Promise<SealedBlock> {
    if (header.number !== parent.header.number + 1n) {
      throw new InvalidBlock(`invalid block number: ${header.number} on parent ${parent.header.number}`)
    }
    if (header.timestamp <= parent.header.timestamp) {
      throw new InvalidBlock(`invalid timestamp: ${header.timestamp} on parent ${parent.header.timestamp}`)
    }
    if (header.gasUsed > header.gasLimit) {
      throw new InvalidBlock(`invalid gasUsed: have ${header.gasUsed}, gasLimit ${header.gasLimit}`)
    }
    await prepareSenders(envelope.executionPayload.transactions)
    return this.#chain.executeOn(parent, envelope)
  }
}

const weightOf = ({ commit, transactions }: SealedBlock): number =>
  commit.nodes.reduce((sum, [, bytes]) => sum + bytes.length + NODE_OVERHEAD, BLOCK_OVERHEAD) +
  transactions.reduce((sum, bytes) => sum + bytes.length, 0)

const isOurFault = (error: unknown): boolean =>
  error instanceof StateError ||
  error instanceof ChainError ||
  !(error instanceof InvalidBlock || error instanceof CodedError)

/** `null` when fields of different forks are mixed. */
function headerOf(envelope: ExecutionPayloadEnvelope): BlockHeader | null {
  try {
    return blockHeaderOf(envelope) as BlockHeader
  } catch {
    return null
  }
}

function tryHeaderHash(header: BlockHeader): Hash | null {
  try {
    return headerHash(header)
  } catch {
    return null
  }
}
