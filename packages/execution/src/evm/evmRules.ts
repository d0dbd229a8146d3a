import { type Common, createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { type CustomPrecompile, EVMError, getActivePrecompiles, type PrecompileFunc } from '@ethereumjs/evm'
import type { KZG } from '@ethereumjs/util'
import { FORKS, type Fork, keccak256, recoverPublicKey } from '@keelson/protocol'
import { verifyPointEvaluation } from './blsPointEvaluation.ts'

const isAtLeast = (fork: Fork, since: Fork): boolean => FORKS.indexOf(fork) >= FORKS.indexOf(since)

/** The EVM of L1 that each fork of the OP Stack starts from. */
function hardforkOf(fork: Fork): Hardfork {
  if (isAtLeast(fork, 'isthmus')) return Hardfork.Prague
  if (isAtLeast(fork, 'ecotone')) return Hardfork.Cancun
  return isAtLeast(fork, 'canyon') ? Hardfork.Shanghai : Hardfork.Paris
}

/** Osaka's changes of the EVM that Karst takes: MODEXP's bounds and price, CLZ. P256VERIFY is {@link precompilesOf}'s. */
const KARST_EIPS = [7823, 7883, 7939]

/** EIP-7951 is EthereumJS's only way to have the P-256 verifier, whose price depends on the fork here. */
const P256_EIP = 7951

const address = (low: number) => `0x${low.toString(16).padStart(40, '0')}` as const

/** Longest input in bytes, by precompile and the fork from which it holds; longer input fails the call. */
const INPUT_LIMITS: readonly {
  readonly low: number
  readonly limits: readonly (readonly [since: Fork, bytes: number])[]
}[] = [
  {
    low: 0x08,
    limits: [
      ['granite', 112_687],
      ['jovian', 81_984],
      ['karst', 57_600],
    ],
  },
  {
    low: 0x0c,
    limits: [
      ['isthmus', 513_760],
      ['jovian', 288_960],
    ],
  },
  {
    low: 0x0e,
    limits: [
      ['isthmus', 488_448],
      ['jovian', 278_784],
    ],
  },
  {
    low: 0x0f,
    limits: [
      ['isthmus', 235_008],
      ['jovian', 156_672],
    ],
  },
]

/** Gas of P256VERIFY, by the fork from which it holds. */
const P256_GAS: readonly (readonly [since: Fork, gas: bigint])[] = [
  ['fjord', 3_450n],
  ['karst', 6_900n],
]
const P256_LOW = 0x100

/** The last value whose fork is active. */
function valueAt<T>(fork: Fork, values: readonly (readonly [Fork, T])[]): T | undefined {
  return values.findLast(([since]) => isAtLeast(fork, since))?.[1]
}

const EMPTY = new Uint8Array(0)
type Reason = ConstructorParameters<typeof EVMError>[0]
const allGas = (gas: bigint, reason: Reason) => ({
  returnValue: EMPTY,
  executionGasUsed: gas,
  exceptionError: new EVMError(reason),
})

function limited(original: PrecompileFunc, maxBytes: number): PrecompileFunc {
  return (input) =>
    input.data.length > maxBytes ? allGas(input.gasLimit, EVMError.errorMessages.INVALID_INPUT_LENGTH) : original(input)
}

/** The verifier costs 6,900 inside; it gets that much, and the caller pays what its fork asks. */
function priced(original: PrecompileFunc, gas: bigint): PrecompileFunc {
  return async (input) => {
    if (input.gasLimit < gas) return allGas(input.gasLimit, EVMError.errorMessages.OUT_OF_GAS)
    const result = await original({ ...input, gasLimit: 10_000n })
    return { ...result, executionGasUsed: gas }
  }
}

function precompilesOf(fork: Fork): CustomPrecompile[] {
  const originals = getActivePrecompiles(commonOf(fork, 1n, [P256_EIP]))
  const original = (low: number) => originals.get(address(low).slice(2)) as PrecompileFunc
  const custom: CustomPrecompile[] = []
  for (const { low, limits } of INPUT_LIMITS) {
    const bytes = valueAt(fork, limits)
    if (bytes !== undefined) {
      custom.push({ address: address(low), function: limited(original(low), bytes) })
    }
  }
  const gas = valueAt(fork, P256_GAS)
  if (gas !== undefined) {
    custom.push({ address: address(P256_LOW), function: priced(original(P256_LOW), gas) })
  }
  return custom
}

/** Only verifying one evaluation is ever asked for. */
const kzg = { verifyProof: verifyPointEvaluation } as unknown as KZG

function ecrecover(hash: Uint8Array, v: bigint, r: Uint8Array, s: Uint8Array): Uint8Array {
  const signature = new Uint8Array(64)
  signature.set(r)
  signature.set(s, 32)
  const publicKey = recoverPublicKey(hash, signature, v === 28n ? 1 : 0)
  if (!publicKey) throw new EVMError(EVMError.errorMessages.INVALID_INPUTS)
  return publicKey
}

function commonOf(fork: Fork, chainId: bigint, more: readonly number[] = []): Common {
  return createCustomCommon({ chainId: Number(chainId) }, Mainnet, {
    hardfork: hardforkOf(fork),
    eips: [...(isAtLeast(fork, 'karst') ? KARST_EIPS : []), ...more],
    customCrypto: { ecrecover, kzg, keccak256 },
  })
}

/** What the EVM of a fork is made from. */
export type EvmRules = { readonly common: Common; readonly customPrecompiles: CustomPrecompile[] }

/** The EVM rules of a fork: EIPs, precompiles and their limits. */
export function evmRulesOf(fork: Fork, chainId: bigint): EvmRules {
  return { common: commonOf(fork, chainId), customPrecompiles: precompilesOf(fork) }
}
