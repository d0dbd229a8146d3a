import { type Hash, ZERO_HASH } from '@keelson/protocol'
import { invalidParams } from '@keelson/service/node'

/** Readers of the parameters of one call: each refuses with -32602 as geth's server does. */
export type Params = {
  quantity(index: number): bigint
  hash(index: number): Hash
  boolean(index: number): boolean
  text(index: number): string
  any(index: number): unknown
}

/** @throws {RpcMethodError} -32602 when there are more than `count` */
export function readParams(params: readonly unknown[], count: number): Params {
  if (params.length > count) throw invalidParams(`too many arguments, want at most ${count}`)
  const required = (index: number): unknown => {
    const value = params[index]
    if (value === undefined || value === null) throw invalidParams(`missing value for required argument ${index}`)
    return value
  }
  const refuse = (index: number, what: string): never => {
    throw invalidParams(`invalid argument ${index}: ${what}`)
  }
  return {
    quantity(index) {
      const value = required(index)
      if (typeof value !== 'string') return refuse(index, 'json: cannot unmarshal non-string into a hex number')
      if (!value.startsWith('0x')) return refuse(index, 'hex string without 0x prefix')
      if (!/^0x(0|[1-9a-fA-F][0-9a-fA-F]{0,15})$/.test(value)) return refuse(index, 'invalid hex number')
      return BigInt(value)
    },
    hash(index) {
      const value = required(index)
      if (typeof value !== 'string' || !/^0x[0-9a-fA-F]*$/.test(value)) return refuse(index, 'not a hex string')
      if (value.length !== ZERO_HASH.length) return refuse(index, `hex string has length ${value.length - 2}, want 64`)
      return value.toLowerCase() as Hash
    },
    boolean(index) {
      const value = required(index)
      return typeof value === 'boolean' ? value : refuse(index, 'not a boolean')
    },
    text(index) {
      const value = required(index)
      return typeof value === 'string' ? value : refuse(index, 'not a string')
    },
    any: required,
  }
}
