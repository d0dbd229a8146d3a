import { concatBytes, hexToBytes, utf8Bytes } from '@keelson/protocol'

/** What {@link counterInitCode}'s contract says when it reverts. */
export const REVERT_REASON = 'nope'
/** Topic of the event that it emits on each count: 0x2a. */
export const COUNTED_TOPIC = `0x${'2a'.padStart(64, '0')}` as const

function errorData(text: string): Uint8Array {
  const bytes = new Uint8Array(100)
  bytes.set(hexToBytes('0x08c379a0'))
  bytes[35] = 32
  bytes[67] = text.length
  bytes.set(utf8Bytes(text), 68)
  return bytes
}

/**
 * Creates a contract that counts: without calldata it adds one to slot 0, emits an event with the new count and returns
 * it; with calldata it reverts with {@link REVERT_REASON}.
 */
export function counterInitCode(): Uint8Array {
  const data = errorData(REVERT_REASON)
  const count = hexToBytes(
    // JUMPDEST; slot0 = sload(0) + 1; mstore(0, slot0); log1(0, 32, 0x2a); return(0, 32)
    '0x5b600054600101806000556000526' + '02a60206000a160206000f3',
  )
  // calldatasize; iszero; jumpi to `count`; codecopy(0, tail, 100); revert(0, 100)
  const head = (tail: number) =>
    hexToBytes(`0x36156011576064${'60'}${tail.toString(16).padStart(2, '0')}60003960646000fd`)
  const runtime = concatBytes(head(17 + count.length), count, data)
  // codecopy(0, 12, length); return(0, length)
  const init = hexToBytes(`0x60${runtime.length.toString(16).padStart(2, '0')}80600b6000396000f3`)
  return concatBytes(init, runtime)
}
