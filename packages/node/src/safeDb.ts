import {
  type BlockId,
  bytesToBigint,
  bytesToHex,
  codedError,
  concatBytes,
  type Hash,
  hexToBytes,
  type L1BlockRef,
  type L2BlockRef,
  type SafeHeadAtL1Block,
  writeBigint,
} from '@keelson/protocol'
import { errorText } from '@keelson/service'
import { open, type RootDatabase } from 'lmdb'
import type { EmitOf, HandlersOf } from './events.ts'

/** Records which L2 block was safe at each L1 block. */
export const safeDbSpec = {
  name: 'safe-db',
  emits: [],
  handles: ['safe-derived', 'engine-reset-confirmed'],
} as const

export class SafeDbError extends codedError('SafeDbError', {
  writeFailed: {
    severity: 'reset',
    text: (d: { what: string; reason: string }) => `the safe head database could not ${d.what}: ${d.reason}`,
  },
}) {}

/** The safe head at each L1 block from which one was derived. */
export interface SafeDb {
  /** Resolves when it is on disk. */
  recordSafeHead(safe: L2BlockRef, l1: BlockId): Promise<void>
  /** The safe head as of L1 block `number`: the last entry at or below it. `null`: none. */
  safeHeadAt(number: bigint): SafeHeadAtL1Block | null
  /** Forgets all from the first entry whose L2 block is at or above `safe`. */
  resetTo(safe: L2BlockRef): Promise<void>
  close(): Promise<void>
}

/** `0x00 ‖ L1 number u64`: numbers in order of keys. */
function keyOf(number: bigint): Buffer {
  const key = new Uint8Array(9)
  writeBigint(key, 1, number, 8)
  return Buffer.from(key)
}

/** L1 hash ‖ L2 hash ‖ L2 number u64. */
function entryBytes(safe: L2BlockRef, l1: BlockId): Buffer {
  const number = new Uint8Array(8)
  writeBigint(number, 0, safe.number, 8)
  return Buffer.from(concatBytes(hexToBytes(l1.hash), hexToBytes(safe.hash), number))
}

/** Opens the database in a folder of its own. */
export function openSafeDb(path: string): SafeDb {
  const db: RootDatabase<Buffer, Buffer> = open({ path, keyEncoding: 'binary', encoding: 'binary' })
  const guarded = async (what: string, write: () => Promise<unknown>) => {
    try {
      await write()
    } catch (cause) {
      const reason = errorText(cause)
      throw new SafeDbError('writeFailed', { what, reason }, { cause })
    }
  }
  return {
    recordSafeHead: (safe, l1) => guarded('record a safe head', () => db.put(keyOf(l1.number), entryBytes(safe, l1))),
    safeHeadAt(number) {
      for (const { key, value } of db.getRange({
        start: keyOf(number),
        end: Buffer.from([0]),
        reverse: true,
        limit: 1,
      })) {
        return entryOf(key, value)
      }
      return null
    },
    resetTo: (safe) =>
      guarded('reset', async () => {
        for (const { key, value } of db.getRange({})) {
          if (entryOf(key, value).safeHead.number >= safe.number) await db.remove(key)
        }
      }),
    close: () => db.close(),
  }
}

function entryOf(key: Uint8Array, value: Uint8Array): SafeHeadAtL1Block {
  const l1Hash: Hash = bytesToHex(value.subarray(0, 32))
  const l2Hash: Hash = bytesToHex(value.subarray(32, 64))
  return {
    l1Block: { hash: l1Hash, number: bytesToBigint(key, 1, 9) },
    safeHead: { hash: l2Hash, number: bytesToBigint(value, 64, 72) },
  }
}

/** A reset that reaches genesis records it at the L1 block that the chain began with. */
export function safeDbDeriver(parts: {
  readonly db: SafeDb
  readonly genesis: { readonly l1: BlockId; readonly l2: BlockId }
}) {
  const { db, genesis } = parts
  return (_emit: EmitOf<typeof safeDbSpec>): HandlersOf<typeof safeDbSpec> => ({
    'safe-derived': ({ safe, derivedFrom }: { safe: L2BlockRef; derivedFrom: L1BlockRef }) =>
      db.recordSafeHead(safe, derivedFrom),
    'engine-reset-confirmed': async ({ heads }) => {
      await db.resetTo(heads.safe)
      if (heads.safe.number === genesis.l2.number) await db.recordSafeHead(heads.safe, genesis.l1)
    },
  })
}
