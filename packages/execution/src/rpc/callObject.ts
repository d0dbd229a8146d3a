import {
  type Address,
  encodeRlp,
  type Hex,
  type JsonNode,
  keccak256,
  recoverAddress,
  type Authorization as SignedAuthorization,
  signatureBytes,
  ZERO_ADDRESS,
} from '@keelson/protocol'
import { RpcMethodError } from '@keelson/service'
import type { BlockOverrides } from '../transition/simulateBlocks.ts'
import type { AccessListEntry, Authorization, SimulatedCall, StateOverride } from '../transition/types.ts'

/** The call as JSON gives it; prices are still to be settled by the block. */
export type CallObject = SimulatedCall & { readonly chainId?: bigint }

const readAccessList = (node: JsonNode): readonly AccessListEntry[] =>
  node.items().map((entry) => {
    const keys = entry.get('storageKeys')
    return {
      address: entry.get('address').address(),
      storageKeys: keys.exists ? keys.items().map((key) => key.hash()) : [],
    }
  })

const readAuthorization = (node: JsonNode): Authorization => {
  const parity = node.get('yParity')
  const signed: SignedAuthorization = {
    chainId: node.get('chainId').quantity(),
    address: node.get('address').address(),
    nonce: node.get('nonce').quantity(),
    yParity: parity.exists ? parity.quantity() : node.get('v').quantity() & 1n,
    r: node.get('r').quantity(),
    s: node.get('s').quantity(),
  }
  const hash = keccak256(encodeRlp([signed.chainId, signed.address, signed.nonce], 5))
  return { ...signed, authority: recoverAddress(hash, signatureBytes(signed), signed.yParity === 1n ? 1 : 0) }
}

/**
 * Reads geth's `TransactionArgs`: `data` and `input` are the same thing, `input` wins.
 *
 * @throws {RpcMethodError} -32000 when it names prices of both kinds
 */
export function readCall(node: JsonNode): CallObject {
  const input = node.get('input')
  const gasPrice = node.get('gasPrice')
  if (gasPrice.exists && (node.get('maxFeePerGas').exists || node.get('maxPriorityFeePerGas').exists)) {
    throw new RpcMethodError(-32000, 'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified')
  }
  return {
    ...node.optional('from', 'from', (from) => from.address()),
    ...node.optional('to', 'to', (to) => to.address()),
    ...node.optional('gas', 'gas', (gas) => gas.quantity()),
    ...node.optional('gasPrice', 'gasPrice', (price) => price.quantity()),
    ...node.optional('maxFeePerGas', 'maxFeePerGas', (price) => price.quantity()),
    ...node.optional('maxPriorityFeePerGas', 'maxPriorityFeePerGas', (price) => price.quantity()),
    ...node.optional('nonce', 'nonce', (nonce) => nonce.quantity()),
    ...node.optional('chainId', 'chainId', (chainId) => chainId.quantity()),
    ...node.optional('value', 'value', (value) => value.quantity()),
    ...node.optional(input.exists ? 'input' : 'data', 'data', (bytes) => bytes.bytes()),
    ...node.optional('accessList', 'accessList', readAccessList),
    ...node.optional('authorizationList', 'authorizations', (list) => list.items().map(readAuthorization)),
  }
}

const readWords = (node: JsonNode): Record<Hex, bigint> =>
  Object.fromEntries(Object.keys(node.value as object).map((key) => [key, BigInt(node.get(key).hex(32))]))

/** Reads the state overrides of `eth_call`, by address. */
export function readStateOverrides(node: JsonNode): Record<Address, StateOverride> {
  if (typeof node.value !== 'object') node.fail('not an object')
  return Object.fromEntries(
    Object.keys(node.value as object).map((address) => {
      const account = node.get(address)
      if (!/^0x[0-9a-fA-F]{40}$/.test(address)) account.fail('not an address')
      if (account.get('state').exists && account.get('stateDiff').exists)
        throw new RpcMethodError(-32000, `account ${address} has both 'state' and 'stateDiff'`)
      return [
        address.toLowerCase(),
        {
          ...account.optional('balance', 'balance', (value) => value.quantity()),
          ...account.optional('nonce', 'nonce', (value) => value.quantity()),
          ...account.optional('code', 'code', (value) => value.bytes()),
          ...account.optional('movePrecompileToAddress', 'movePrecompileToAddress', (value) => value.address()),
          ...account.optional('state', 'state', readWords),
          ...account.optional('stateDiff', 'stateDiff', readWords),
        },
      ]
    }),
  )
}

/** Header fields that a call may see instead of the block's own. */
export function readBlockOverrides(node: JsonNode): BlockOverrides {
  return {
    ...node.optional('number', 'number', (value) => value.quantity()),
    ...node.optional('time', 'timestamp', (value) => value.quantity()),
    ...node.optional('gasLimit', 'gasLimit', (value) => value.quantity()),
    ...node.optional('feeRecipient', 'miner', (value) => value.address()),
    ...node.optional('prevRandao', 'mixHash', (value) => value.hash()),
    ...node.optional('baseFeePerGas', 'baseFeePerGas', (value) => value.quantity()),
    ...node.optional('blobBaseFee', 'blobBaseFee', (value) => value.quantity()),
    ...node.optional('beaconRoot', 'parentBeaconBlockRoot', (value) => value.hash()),
  }
}

/**
 * What the call pays per gas in this block; 0 when it names no price.
 *
 * @throws {RpcMethodError} -32000 when it would not even pay the base fee
 */
export function callGasPrice(call: CallObject, baseFee: bigint): bigint {
  const { from = ZERO_ADDRESS, gasPrice } = call
  if (gasPrice !== undefined && (gasPrice === 0n || gasPrice >= baseFee)) return gasPrice
  const { maxFeePerGas = gasPrice ?? 0n, maxPriorityFeePerGas = 0n } = call
  if (maxFeePerGas === 0n && maxPriorityFeePerGas === 0n) return 0n
  if (call.maxFeePerGas !== undefined && maxPriorityFeePerGas > maxFeePerGas) {
    throw new RpcMethodError(
      -32000,
      `max priority fee per gas higher than max fee per gas: address ${from}, maxPriorityFeePerGas: ${maxPriorityFeePerGas}, maxFeePerGas: ${maxFeePerGas}`,
    )
  }
  if (maxFeePerGas < baseFee && (call.maxFeePerGas ?? gasPrice) !== undefined) {
    throw new RpcMethodError(
      -32000,
      `max fee per gas less than block base fee: address ${from}, maxFeePerGas: ${maxFeePerGas}, baseFee: ${baseFee}`,
    )
  }
  const full = baseFee + maxPriorityFeePerGas
  return call.maxFeePerGas !== undefined && maxFeePerGas < full ? maxFeePerGas : full
}
