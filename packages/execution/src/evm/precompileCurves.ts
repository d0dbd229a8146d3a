import type { EVMBLSInterface, EVMBN254Interface } from '@ethereumjs/evm'
import { bls12381Precompiles } from './bls12381.ts'
import { bn254Precompiles } from './bn254.ts'
import { MclCurve } from './mclCurve.ts'
import { p256Verify } from './p256Verify.ts'
import { pointEvaluation } from './pointEvaluation.ts'

/** What the precompiles ask of elliptic curves. */
export type PrecompileCurves = {
  readonly bn254: EVMBN254Interface
  readonly bls: EVMBLSInterface
  readonly verifyProof: ReturnType<typeof pointEvaluation>
  readonly p256Verify: ReturnType<typeof p256Verify>
}

let loaded: Promise<PrecompileCurves> | null = null

/** The curves in WASM, loaded once for all EVMs: they keep nothing from one call to the next. */
export function precompileCurves(): Promise<PrecompileCurves> {
  loaded ??= (async () => {
    const [bn254, bls12381, p256] = await Promise.all([
      MclCurve.load('bn254'),
      MclCurve.load('bls12-381'),
      MclCurve.load('p-256'),
    ])
    return {
      bn254: bn254Precompiles(bn254),
      bls: bls12381Precompiles(bls12381),
      verifyProof: pointEvaluation(bls12381),
      p256Verify: p256Verify(p256),
    }
  })()
  return loaded
}
