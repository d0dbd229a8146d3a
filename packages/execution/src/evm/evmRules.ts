import { type Common, createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import {
  type CustomPrecompile,
  EVMError,
  type EVMOpts,
  getActivePrecompiles,
  type PrecompileFunc,
} from '@ethereumjs/evm'
import type { KZG } from '@ethereumjs/util'
import { FORKS, type Fork, keccak256, recoverPublicKey } from '@keelson/protocol'
import { type Blake2f, blake2fRounds } from './blake2f.ts'
import { truthWord } from './bn254.ts'
import type { WasmPrecompiles } from './wasmPrecompiles.ts'

const isAtLeast = (fork: Fork, since: Fork): boolean => FORKS.indexOf(fork) >= FORKS.indexOf(since)

/** The EVM of L1 that each fork of the OP Stack starts from. */
function hardforkOf(fork: Fork): Hardfork {
  if (isAtLeast(fork, 'isthmus')) return Hardfork.Prague
  if (isAtLeast(fork, 'ecotone')) return Hardfork.Cancun
  return isAtLeast(fork, 'canyon') ? Hardfork.Shanghai : Hardfork.Paris
}

/** Osaka's changes of the EVM that Karst takes: MODEXP's bounds and price, CLZ. P256VERIFY is {@link precompilesOf}'s. */
const KARST_EIPS = [7823, 7883, 7939]

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
const BLAKE2F_LOW = 0x09

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

/** P256VERIFY gives nothing for a signature that does not hold, and costs what its fork asks. */
const verifier =
  (verify: WasmPrecompiles['p256Verify'], gas: bigint): PrecompileFunc =>
  ({ data, gasLimit }) =>
    gasLimit < gas
      ? allGas(gasLimit, EVMError.errorMessages.OUT_OF_GAS)
      : { executionGasUsed: gas, returnValue: verify(data) ? truthWord(true) : EMPTY }

/** BLAKE2F costs one gas a round. */
const compressor =
  (blake2f: Blake2f): PrecompileFunc =>
  ({ data, gasLimit }) => {
    const rounds = blake2fRounds(data)
    if (rounds === null) return allGas(gasLimit, EVMError.errorMessages.OUT_OF_RANGE)
    if (gasLimit < BigInt(rounds)) return allGas(gasLimit, EVMError.errorMessages.OUT_OF_GAS)
    return { executionGasUsed: BigInt(rounds), returnValue: blake2f(data) }
  }

function precompilesOf(fork: Fork, wasm: WasmPrecompiles): CustomPrecompile[] {
  const originals = getActivePrecompiles(commonOf(fork, 1n, wasm))
  const custom: CustomPrecompile[] = [{ address: address(BLAKE2F_LOW), function: compressor(wasm.blake2f) }]
  for (const { low, limits } of INPUT_LIMITS) {
    const bytes = valueAt(fork, limits)
    const original = originals.get(address(low).slice(2))
    if (bytes !== undefined && original) {
      custom.push({ address: address(low), function: limited(original, bytes) })
    }
  }
  const gas = valueAt(fork, P256_GAS)
  if (gas !== undefined) custom.push({ address: address(P256_LOW), function: verifier(wasm.p256Verify, gas) })
  return custom
}

function ecrecover(hash: Uint8Array, v: bigint, r: Uint8Array, s: Uint8Array): Uint8Array {
  const signature = new Uint8Array(64)
  signature.set(r)
  signature.set(s, 32)
  const publicKey = recoverPublicKey(hash, signature, v === 28n ? 1 : 0)
  if (!publicKey) throw new EVMError(EVMError.errorMessages.INVALID_INPUTS)
  return publicKey
}

function commonOf(fork: Fork, chainId: bigint, { verifyProof }: WasmPrecompiles): Common {
  return createCustomCommon({ chainId: Number(chainId) }, Mainnet, {
    hardfork: hardforkOf(fork),
    eips: isAtLeast(fork, 'karst') ? KARST_EIPS : [],
    // Of KZG only verifying one evaluation is ever asked for.
    customCrypto: { ecrecover, kzg: { verifyProof } as unknown as KZG, keccak256 },
  })
}

/** What the EVM of a fork is made from. */
export type EvmRules = Required<Pick<EVMOpts, 'common' | 'customPrecompiles' | 'bn254' | 'bls'>>

/** The EVM rules of a fork: EIPs, precompiles and their limits. */
export function evmRulesOf(fork: Fork, chainId: bigint, wasm: WasmPrecompiles): EvmRules {
  const { bn254, bls } = wasm
  return { common: commonOf(fork, chainId, wasm), customPrecompiles: precompilesOf(fork, wasm), bn254, bls }
}
