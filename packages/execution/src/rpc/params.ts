import { CodecError, JsonNode } from '@keelson/protocol'
import { invalidParams } from '@keelson/service'

/** The positional parameters of a call, read with geth's sentences for what is wrong with them. */
export class Params {
  readonly #values: readonly unknown[]

  /** @param max - how many the method takes */
  constructor(values: readonly unknown[], max: number) {
    if (values.length > max) throw invalidParams(`too many arguments, want at most ${max}`)
    this.#values = values
  }

  /** @throws {RpcMethodError} -32602 */
  required<T>(index: number, read: (node: JsonNode) => T): T {
    const value = this.#values[index]
    if (value === undefined || value === null) throw invalidParams(`missing value for required argument ${index}`)
    return this.#read(index, read)
  }

  /** @throws {RpcMethodError} -32602 */
  optional<T, F>(index: number, read: (node: JsonNode) => T, fallback: F): T | F {
    const value = this.#values[index]
    return value === undefined || value === null ? fallback : this.#read(index, read)
  }

  #read<T>(index: number, read: (node: JsonNode) => T): T {
    try {
      return read(new JsonNode(this.#values[index], ''))
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      throw invalidParams(`invalid argument ${index}: ${error.message}`)
    }
  }
}

export const readAddress = (node: JsonNode) => node.address()
export const readHash = (node: JsonNode) => node.hash()
export const readBytes = (node: JsonNode) => node.bytes()
export const readQuantity = (node: JsonNode) => node.quantity()
export const readBoolean = (node: JsonNode) => node.boolean()

/** A storage slot: a word, with or without its leading zeros. */
export function readSlot(node: JsonNode): bigint {
  const text = node.string()
  if (!/^0x[0-9a-fA-F]{1,64}$/.test(text)) return node.fail('not a storage slot')
  return BigInt(text)
}
