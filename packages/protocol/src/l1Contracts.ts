import { bigintToBytes } from './bytes.ts'
import { keccak256Hex } from './keccak.ts'
import type { Address, Hash } from './primitives.ts'

/**
 * Storage slots of L1 contracts that a rollup node reads without the ABI.
 *
 * @see specs/protocol/superchain-upgrades.md#protocolversions-l1-contract
 */
export const L1_SLOTS = {
  /** SystemConfig: keccak256("systemconfig.unsafeblocksigner"). */
  unsafeBlockSigner: '0x65a7ed542fb37fe237fdfbdd70b31598523fe5b32879e307bae27a0bd9581c08',
  /** ProtocolVersions: keccak256("protocolversion.required") − 1. */
  requiredProtocolVersion: '0x4aaefe95bd84fd3f32700cf3b7566bc944b73138e41958b5785826df2aecace0',
  /** ProtocolVersions: keccak256("protocolversion.recommended") − 1. */
  recommendedProtocolVersion: '0xe314dfc40f0025322aacc0ba8ef420b62fb3b702cf01e0cdf3d829117ac2ff1a',
} as const satisfies Record<string, Hash>

/**
 * The inbox that a chain has by convention: 0x00 ‖ first 19 bytes of keccak256(bytes32(chain id)). Not binding.
 *
 * @see specs/protocol/configurability.md#batch-inbox-address
 */
export function conventionalBatchInbox(l2ChainId: bigint): Address {
  return `0x00${keccak256Hex(bigintToBytes(l2ChainId, 32)).slice(2, 40)}`
}
