import { hexToBytes } from './bytes.ts'
import { CodecError } from './codecError.ts'
import type { Address, Hash, Hex } from './primitives.ts'

/**
 * A value in a JSON document that knows where it stands. Every reading throws `CodecError` `badJson` with that path
 * when the value is not what is asked for. Unknown keys are no error.
 */
export class JsonNode {
  readonly value: unknown
  readonly path: string

  constructor(value: unknown, path = '$') {
    this.value = value
    this.path = path
  }

  fail(reason: string): never {
    throw new CodecError('badJson', { path: this.path, reason })
  }

  /** Whether the value is there; `null` counts as absent, as it does for the Go clients. */
  get exists(): boolean {
    return this.value !== undefined && this.value !== null
  }

  /** A member of this object; reading an absent one fails where it is read. */
  get(key: string): JsonNode {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) {
      this.fail(this.exists ? 'not an object' : 'missing')
    }
    return new JsonNode((this.value as Record<string, unknown>)[key], `${this.path}.${key}`)
  }

  /** `{ [as]: read(member) }` when the member is there, else `{}`: to be spread into an object. */
  optional<Name extends string, T>(key: string, as: Name, read: (node: JsonNode) => T): { [N in Name]?: T } {
    const node = this.get(key)
    return node.exists ? ({ [as]: read(node) } as { [N in Name]?: T }) : {}
  }

  items(): JsonNode[] {
    if (!Array.isArray(this.value)) return this.fail(this.exists ? 'not a list' : 'missing')
    return this.value.map((item, index) => new JsonNode(item, `${this.path}[${index}]`))
  }

  string(): string {
    return typeof this.value === 'string' ? this.value : this.fail(this.exists ? 'not a string' : 'missing')
  }

  boolean(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.fail(this.exists ? 'not a boolean' : 'missing')
  }

  /** Hex in lower case; of exactly `length` bytes when that is given. */
  hex(length?: number): Hex {
    const text = this.string()
    if (!/^0x([0-9a-fA-F]{2})*$/.test(text)) this.fail('not hex')
    if (length !== undefined && text.length !== 2 + 2 * length) this.fail(`not ${length} bytes`)
    return text.toLowerCase() as Hex
  }

  hash = (): Hash => this.hex(32)
  address = (): Address => this.hex(20)
  bytes = (): Uint8Array => {
    try {
      return hexToBytes(this.string())
    } catch {
      return this.fail('not hex')
    }
  }

  /** A quantity as JSON-RPC has it: `0x` and digits. */
  quantity = (): bigint => {
    const text = this.string()
    if (!/^0x[0-9a-fA-F]{1,64}$/.test(text)) this.fail('not a quantity')
    return BigInt(text)
  }

  /** A uint64 however it is written: JSON number, decimal string or `0x` quantity. */
  uint64 = (): bigint => {
    const { value } = this
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value) || value < 0) this.fail('not an exact unsigned integer')
      return BigInt(value)
    }
    const isText = typeof value === 'string' && /^(0x[0-9a-fA-F]{1,16}|[0-9]{1,20})$/.test(value)
    if (!isText) return this.fail(this.exists ? 'not an unsigned integer' : 'missing')
    const number = BigInt(value)
    return number < 1n << 64n ? number : this.fail('above 64 bits')
  }
}

/** A JSON number, or a decimal string where a number would not be exact. */
export function jsonNumber(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString()
}
