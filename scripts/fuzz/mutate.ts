import type { Random } from './random.ts'

/** Bytes that borders of formats are made of. */
const INTERESTING = [
  0, 1, 2, 3, 4, 0x7e, 0x7f, 0x80, 0x81, 0x94, 0xa0, 0xb7, 0xb8, 0xb9, 0xbf, 0xc0, 0xc1, 0xf7, 0xf8, 0xf9, 0xff,
]

/** One to four changes of `seed`: bits, bytes, words, cuts, copies, joins with `other`. */
export function mutateBytes(random: Random, seed: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes = Uint8Array.from(seed)
  if (random.chance(2)) return random.bytes(random.below(200))
  for (let changes = 1 + random.below(4); changes > 0; changes--) bytes = mutateOnce(random, bytes, other)
  return bytes
}

function mutateOnce(random: Random, bytes: Uint8Array<ArrayBuffer>, other: Uint8Array): Uint8Array<ArrayBuffer> {
  // Headers stand at the start and lengths follow them: half of all changes go there.
  const at = random.chance(50) ? random.below(Math.min(bytes.length, 64)) : random.below(bytes.length)
  const length = 1 + random.below(random.chance(80) ? 8 : 300)
  switch (random.below(9)) {
    case 0:
      if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
      return bytes
    case 1:
      if (bytes.length > 0) bytes[at] = random.pick(INTERESTING)
      return bytes
    case 2:
      if (bytes.length > 0) bytes[at] = random.uint32() & 0xff
      return bytes
    case 3:
      bytes.fill(random.pick(INTERESTING), at, at + length)
      return bytes
    case 4:
      return bytes.slice(0, random.below(bytes.length + 1))
    case 5:
      return join(bytes.subarray(0, at), bytes.subarray(at + length))
    case 6:
      return join(
        bytes.subarray(0, at),
        random.chance(50) ? random.bytes(length) : new Uint8Array(length),
        bytes.subarray(at),
      )
    case 7: {
      const from = random.below(bytes.length)
      bytes.copyWithin(at, from, from + length)
      return bytes
    }
    default: {
      const from = random.below(other.length)
      return join(bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at))
    }
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const ODD_VALUES: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  Number.MAX_SAFE_INTEGER,
  '',
  '0x',
  '0x0',
  '0x00',
  '0xg',
  '-1',
  '1e9',
  ' 1',
  '18446744073709551616',
  `0x${'ff'.repeat(33)}`,
  `0x${'ab'.repeat(20)}`,
  `0x${'cd'.repeat(32)}`,
  [],
  {},
  [[]],
]

/** A copy of `json` with one to three of its values replaced, removed, renamed or doubled. */
export function mutateJson(random: Random, json: Json): Json {
  const copy = structuredClone(json)
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const places: { holder: Json[] | { [key: string]: Json }; key: string }[] = []
    const visit = (value: Json) => {
      if (value === null || typeof value !== 'object') return
      for (const key of Object.keys(value)) {
        places.push({ holder: value, key })
        visit((value as { [key: string]: Json })[key] as Json)
      }
    }
    visit(copy)
    if (places.length === 0) return random.pick(ODD_VALUES)
    const { holder, key } = random.pick(places)
    const record = holder as { [key: string]: Json }
    const value = record[key] as Json
    const how = random.below(5)
    if (how === 0 && Array.isArray(holder)) holder.splice(Number(key), 1)
    else if (how === 0) delete record[key]
    else if (how === 1 && !Array.isArray(holder))
      record[random.pick(['__proto__', 'constructor', 'length', 'toString', 'x'])] = value
    else if (how === 2 && typeof value === 'string') record[key] = mutateText(random, value)
    else if (how === 3 && typeof value === 'number')
      record[key] = random.chance(50) ? -value : value * 2 ** random.below(64)
    else record[key] = structuredClone(random.pick(ODD_VALUES))
  }
  return copy
}

function mutateText(random: Random, text: string): string {
  const at = random.below(text.length + 1)
  const end = at + random.below(4)
  return text.slice(0, at) + random.pick(['', '0', 'f', 'F', 'x', ' ', '00', '\u0000', '💥', 'é']) + text.slice(end)
}
