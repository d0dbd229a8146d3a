import { concatBytes, type Hex, hexToBytes } from '@keelson/protocol'
import fc from 'fast-check'

/** Where a program runs. */
export const PROGRAM: Hex = `0x${'77'.repeat(20)}`
/** What programs call. */
export const HELPER: Hex = `0x${'66'.repeat(20)}`

/** Stores what it is called with, returns 40 bytes, or reverts when called with nothing. */
export const HELPER_CODE: Hex = `0x${'36600a57600160005260286000fd5b'}${'6000356001556000545060286000f3'}`

const push = (bytes: number[]) => Uint8Array.of(0x5f + bytes.length, ...bytes)
const small = fc.integer({ min: 0, max: 96 }).map((n) => push([n]))
const word = fc.uint8Array({ minLength: 1, maxLength: 32 }).map((bytes) => push([...bytes]))
const edge = fc.constantFrom(
  push([0]),
  push([1]),
  push(Array(32).fill(255)),
  push([128, ...Array(31).fill(0)]),
  push([255]),
)
/** Any opcode but those that end the frame, so that programs go on. */
const opcode = fc.constantFrom(
  ...[0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17],
  ...[0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x20, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b],
  ...[0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x50, 0x51, 0x52, 0x53],
  ...[0x54, 0x55, 0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x80, 0x81, 0x85, 0x8f, 0x90, 0x91, 0x9f, 0xa0, 0xa2],
)
const any = fc.integer({ min: 0, max: 255 })
/** A jump over a byte that would end the frame. */
const jump = fc.nat(3).map((n) => (n === 0 ? 'jump' : 'jumpi') as 'jump' | 'jumpi')
const call = fc.constantFrom(0xf1, 0xf2, 0xf4, 0xfa)
const create = fc.constantFrom(0xf0, 0xf5)

export type Piece = Uint8Array | 'jump' | 'jumpi' | { readonly call: number } | { readonly create: number }

/** An operation on two or three edge cases, its outcome kept in memory. */
const operation = fc
  .tuple(
    fc.oneof(edge, word),
    fc.oneof(edge, word),
    fc.oneof(edge, word),
    fc.integer({ min: 0x01, max: 0x1e }),
    fc.nat(3),
  )
  .map(([a, b, c, op, at]) => concatBytes(c, b, a, Uint8Array.of(op), push([at * 32]), Uint8Array.of(0x52)))

/** Parts that make sense in any order. */
export const piece: fc.Arbitrary<Piece> = fc.oneof(
  { weight: 6, arbitrary: operation },
  { weight: 8, arbitrary: small },
  { weight: 3, arbitrary: word },
  { weight: 2, arbitrary: edge },
  { weight: 14, arbitrary: opcode.map((op) => Uint8Array.of(op)) },
  { weight: 1, arbitrary: any.map((op) => Uint8Array.of(op)) },
  { weight: 2, arbitrary: jump },
  { weight: 2, arbitrary: call.map((op) => ({ call: op })) },
  { weight: 1, arbitrary: create.map((op) => ({ create: op })) },
)

/** The code of a program, which returns the gas it has left, its memory's size and the first words of it. */
export function assemble(pieces: readonly Piece[]): Uint8Array {
  // Something to work on: 24 words.
  let code = new Uint8Array(concatBytes(...Array.from({ length: 24 }, (_, i) => push([i * 5]))))
  const add = (bytes: Uint8Array) => {
    code = new Uint8Array(concatBytes(code, bytes))
  }
  for (const part of pieces) {
    if (part instanceof Uint8Array) add(part)
    else if (part === 'jump' || part === 'jumpi') {
      if (part === 'jumpi') add(push([1]))
      const target = code.length + 5
      add(Uint8Array.of(0x61, target >> 8, target & 255, part === 'jump' ? 0x56 : 0x57, 0xfe, 0x5b))
    } else if ('call' in part) {
      const value = part.call === 0xf1 || part.call === 0xf2 ? push([1]) : new Uint8Array(0)
      add(
        concatBytes(
          push([40]),
          push([8]),
          push([32]),
          push([0]),
          value,
          push([...hexToBytes(HELPER)]),
          push([255, 255]),
        ),
      )
      add(Uint8Array.of(part.call))
    } else {
      if (part.create === 0xf5) add(push([7]))
      add(concatBytes(push([4]), push([28]), push([0]), Uint8Array.of(part.create)))
    }
  }
  // Returns what is left: gas, size of memory, and the first words of it.
  add(hexToBytes('0x5a6000555960015560806000f3'))
  return code
}
