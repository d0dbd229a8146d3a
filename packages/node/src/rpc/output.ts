import {
  type ExecutionClient,
  type ExecutionPayloadEnvelope,
  type Hash,
  isForkActive,
  type OutputAtBlock,
  outputRoot,
  PREDEPLOYS,
  payloadToL2BlockRef,
  type RollupConfig,
  type SyncStatus,
  verifyAccountProof,
  ZERO_HASH,
} from '@keelson/protocol'

type OutputParts = {
  readonly config: RollupConfig
  readonly engine: ExecutionClient
  /** Prove the storage root also where the header has it. */
  readonly fromState: boolean
}

/**
 * The output root of an L2 block: what a withdrawal is proven against on L1.
 *
 * The message passer's storage root comes from the header (Isthmus), or from a proof that is verified against the state
 * root.
 *
 * @see specs/protocol/proposals.md#l2-output-commitment-construction
 */
export async function outputAtBlock(
  { config, engine, fromState }: OutputParts,
  envelope: ExecutionPayloadEnvelope,
  syncStatus: SyncStatus,
): Promise<OutputAtBlock> {
  const { executionPayload: payload } = envelope
  const { stateRoot, blockHash } = payload
  const inHeader =
    isForkActive(config, 'isthmus', payload.timestamp) && !fromState ? payload.withdrawalsRoot : undefined
  const messagePasserStorageRoot = inHeader ?? (await provenStorageRoot(engine, stateRoot, blockHash))
  return {
    version: ZERO_HASH,
    outputRoot: outputRoot({ stateRoot, messagePasserStorageRoot, blockHash }),
    blockRef: payloadToL2BlockRef(config, payload),
    withdrawalStorageRoot: messagePasserStorageRoot,
    stateRoot,
    syncStatus,
  }
}

async function provenStorageRoot(engine: ExecutionClient, stateRoot: Hash, blockHash: Hash): Promise<Hash> {
  const proof = await engine.getProof(PREDEPLOYS.l2ToL1MessagePasser, [], blockHash)
  if (!proof) throw new Error(`the engine has no state of block ${blockHash}`)
  verifyAccountProof(stateRoot, proof)
  return proof.storageHash
}
