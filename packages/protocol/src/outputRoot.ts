import { hexToBytes } from './bytes.ts'
import { keccak256Hex } from './keccak.ts'
import type { Hash } from './primitives.ts'

/** What an output root commits to. */
export type OutputV0 = {
  readonly stateRoot: Hash
  readonly messagePasserStorageRoot: Hash
  readonly blockHash: Hash
}

/** Version 0: 32 zero bytes ‖ state root ‖ storage root of the message passer ‖ block hash. */
export function encodeOutput({ stateRoot, messagePasserStorageRoot, blockHash }: OutputV0): Uint8Array {
  const bytes = new Uint8Array(128)
  bytes.set(hexToBytes(stateRoot), 32)
  bytes.set(hexToBytes(messagePasserStorageRoot), 64)
  bytes.set(hexToBytes(blockHash), 96)
  return bytes
}

/**
 * The output root of an L2 block.
 *
 * @see specs/protocol/proposals.md#l2-output-commitment-construction
 */
export function outputRoot(output: OutputV0): Hash {
  return keccak256Hex(encodeOutput(output))
}
