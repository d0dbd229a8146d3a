import type { EVMBLSInterface, EVMBN254Interface } from '@ethereumjs/evm'
import { type Blake2f, loadBlake2f } from './blake2f.ts'
import { bls12381Precompiles } from './bls12381.ts'
import { bn254Precompiles } from './bn254.ts'
import { MclCurve } from './mclCurve.ts'
import { p256Verify } from './p256Verify.ts'
import { pointEvaluation } from './pointEvaluation.ts'

/** The work of the precompiles for which JavaScript is too slow: with it a full block of them would take minutes. */
export type WasmPrecompiles = {
  readonly bn254: EVMBN254Interface
  readonly bls: EVMBLSInterface
  readonly verifyProof: ReturnType<typeof pointEvaluation>
  readonly p256Verify: ReturnType<typeof p256Verify>
  readonly blake2f: Blake2f
}

let loaded: Promise<WasmPrecompiles> | null = null

/** Loaded once for all EVMs: nothing is kept from one call to the next. */
export function wasmPrecompiles(): Promise<WasmPrecompiles> {
  loaded ??= (async () => {
    const [bn254, bls12381, p256, blake2f] = await Promise.all([
      MclCurve.load('bn254'),
      MclCurve.load('bls12-381'),
      MclCurve.load('p-256'),
      loadBlake2f(),
    ])
    return {
      bn254: bn254Precompiles(bn254),
      bls: bls12381Precompiles(bls12381),
      verifyProof: pointEvaluation(bls12381),
      p256Verify: p256Verify(p256),
      blake2f,
    }
  })()
  return loaded
}
