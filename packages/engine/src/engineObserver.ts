import type { L1BlockRef, L2BlockRef } from '@keelson/protocol'
import type { AttributesMismatch } from './attributesMatch.ts'
import type { ElSyncState } from './elSync.ts'
import type { HeadsChange } from './forkchoice.ts'

/** What the controller tells whoever coordinates. Called synchronously, after the fact. */
export type EngineObserver = {
  /** The engine accepted new heads. */
  headsMoved?(change: HeadsChange): void
  /** `safe` was made safe by data up to L1 block `derivedFrom`. */
  safeDerived?(safe: L2BlockRef, derivedFrom: L1BlockRef): void
  /** An unsafe payload was dropped. */
  unsafeDropped?(drop: { block: { hash: string; number: bigint }; reason: string }): void
  /** An unsafe block gives way to what L1 says. */
  unsafeMismatch?(mismatch: AttributesMismatch & { number: bigint; hash: string }): void
  /** Derived attributes were invalid; `replaced`: by their deposits. */
  derivedInvalid?(fault: { parent: L2BlockRef; reason: string; replaced: boolean }): void
  elSyncChanged?(state: ElSyncState): void
}
