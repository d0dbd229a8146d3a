import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import {
  bigintToBytes,
  bytesToHex,
  concatBytes,
  type Fork,
  type Hex,
  hexToBytes,
  keccak256,
  signHash,
} from '@keelson/protocol'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bn254 } from '@noble/curves/bn254.js'
import { p256 } from '@noble/curves/nist.js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { simulateCall } from '../src/index.ts'
import { assemble, HELPER, HELPER_CODE, PROGRAM, piece } from '../testing/evmPrograms.ts'
import { ALICE, ALICE_KEY, codeHex, executorChain } from '../testing/executorChain.ts'

const PROGRAMS = Number(process.env.KEELSON_EVM_PROGRAMS ?? 150)
const GAS = 400_000n
const INPUT: Hex = `0x${'0102030405060708'.repeat(9)}`
const STORAGE = { [`0x${'00'.repeat(32)}` as const]: `0x${'00'.repeat(31)}05` as const }

/** What blocks and chains differ in. */
const ENVIRONMENT = new Set([0x3a, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x48, 0x4a])

const programs = fc
  .sample(fc.array(piece, { maxLength: 50 }), {
    numRuns: PROGRAMS,
    seed: Number(process.env.KEELSON_FUZZ_SEED ?? 20_261_120),
  })
  .map((pieces) =>
    pieces.filter((part) => !(part instanceof Uint8Array && part.length === 1 && ENVIRONMENT.has(part[0] as number))),
  )
  .map(assemble)

async function startAnvil(hardfork: string): Promise<{ url: string; process: ChildProcess }> {
  const bin = join(
    dirname(createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json')),
    '../../.bin/anvil',
  )
  const process = spawn(bin, ['--port', '0', '--hardfork', hardfork], { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    process.once('error', reject)
    process.once('exit', () => reject(new Error(`anvil ended: ${output}`)))
    process.stdout?.on('data', (chunk) => {
      output += String(chunk)
      const found = /Listening on ([\d.]+:\d+)/.exec(output)
      if (found) resolve(`http://${found[1]}`)
    })
  })
  return { url, process }
}

type Answer = { readonly id: number; readonly result?: Hex; readonly error?: { readonly data?: unknown } }

type Question = { readonly code: Hex; readonly input: Hex }

const QUESTIONS: readonly Question[] = programs.map((program) => ({ code: bytesToHex(program), input: INPUT }))
const precompileQuestions = (fork: Fork): Question[] =>
  callsOf(fork).map(([low, input]) => ({ code: precompileCaller(low), input: bytesToHex(input) }))

/** Return data, revert data, or `fails`. */
async function askRevm(url: string, questions: readonly Question[], gas: bigint): Promise<string[]> {
  const body = questions.map(({ code, input }, id) => ({
    jsonrpc: '2.0',
    id,
    method: 'eth_call',
    params: [
      { from: ALICE, to: PROGRAM, gas: `0x${gas.toString(16)}`, gasPrice: '0x0', data: input },
      'latest',
      {
        [ALICE]: { balance: '0x3635c9adc5dea00000' },
        [PROGRAM]: { balance: '0x3e8', nonce: '0x1', code, state: STORAGE },
        [HELPER]: { balance: '0x5', nonce: '0x1', code: HELPER_CODE },
      },
    ],
  }))
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answers = (await response.json()) as Answer[]
  const sorted = answers.toSorted((a, b) => a.id - b.id)
  return sorted.map(({ result, error }) => result ?? (typeof error?.data === 'string' ? error.data : 'fails'))
}

/** Calls a precompile with the call data; returns success, size and bytes of what it gave, and the gas left. */
function precompileCaller(low: number): Hex {
  const address = low.toString(16).padStart(4, '0')
  return codeHex(`36 6000 6000 37 6000 6000 36 6000 61${address} 620f4240 fa 600052 3d602052 3d 6000 6040 3e
    5a 3d 6040 01 52 3d 6060 01 6000 f3`)
}

const word = (value: bigint): Uint8Array => bigintToBytes(value, 32)

function bn254G1(k: bigint): Uint8Array {
  const { x, y } = bn254.G1.Point.BASE.multiply(k).toAffine()
  return concatBytes(word(x), word(y))
}

function bn254G2(k: bigint): Uint8Array {
  const { x, y } = bn254.G2.Point.BASE.multiply(k).toAffine()
  return concatBytes(word(x.c1), word(x.c0), word(y.c1), word(y.c0))
}

const fp = (value: bigint): Uint8Array => bigintToBytes(value, 64)

function blsG1(k: bigint): Uint8Array {
  const { x, y } = bls12_381.G1.Point.BASE.multiply(k).toAffine()
  return concatBytes(fp(x), fp(y))
}

function blsG2(k: bigint): Uint8Array {
  const { x, y } = bls12_381.G2.Point.BASE.multiply(k).toAffine()
  return concatBytes(fp(x.c0), fp(x.c1), fp(y.c0), fp(y.c1))
}

/** The polynomial x: its commitment is [τ]G1, and with quotient 1 the generator proves each of its values. */
function evaluation(y: bigint): Uint8Array {
  const commitment = hexToBytes(
    '0xad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81',
  )
  const versioned = createHash('sha256').update(commitment).digest()
  versioned[0] = 1
  return concatBytes(versioned, word(5n), word(y), commitment, bls12_381.G1.Point.BASE.toBytes(true))
}

function ecrecoverInput(v: bigint): Uint8Array {
  const hash = keccak256(Uint8Array.of(1))
  const signature = signHash(hash, hexToBytes(ALICE_KEY))
  return concatBytes(hash, word(27n + BigInt(signature[64] as number) + v), signature.subarray(0, 64))
}

function modexpInput(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): Uint8Array {
  const lengths = [base, exponent, modulus].map(({ length }) => word(BigInt(length)))
  return concatBytes(...lengths, base, exponent, modulus)
}

function p256Input(): Uint8Array {
  const secret = new Uint8Array(32).fill(3)
  const hash = keccak256(Uint8Array.of(2))
  return concatBytes(hash, p256.sign(hash, secret, { prehash: false }), p256.getPublicKey(secret, false).subarray(1))
}

const R = bn254.fields.Fr.ORDER
const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 37 + 11) & 0xff)

const calls: readonly (readonly [low: number, input: Uint8Array])[] = [
  ...[0n, 1n, 2n].map((v) => [1, ecrecoverInput(v)] as const),
  [1, new Uint8Array(128)],
  ...[0, 1, 31, 32, 200].flatMap((length) => [2, 3, 4].map((low) => [low, bytes(length)] as const)),
  [5, modexpInput(bytes(32), bytes(32), bytes(32))],
  [5, modexpInput(bytes(200), Uint8Array.of(3), bytes(96))],
  [5, modexpInput(bytes(0), bytes(0), bytes(1))],
  [5, modexpInput(bytes(3), bytes(40), new Uint8Array(4))],
  [5, bytes(40)],
  [6, concatBytes(bn254G1(2n), bn254G1(3n))],
  [6, bn254G1(5n)],
  [6, bytes(128)],
  [7, concatBytes(bn254G1(9n), word(77n))],
  [7, concatBytes(bn254G1(9n), word(R + 5n))],
  [8, new Uint8Array(0)],
  [8, concatBytes(bn254G1(2n), bn254G2(3n), bn254G1(R - 6n), bn254G2(1n))],
  [8, concatBytes(bn254G1(2n), bn254G2(3n))],
  [8, bytes(192)],
  [8, bytes(191)],
  [9, concatBytes(Uint8Array.of(0, 0, 0, 12), bytes(208), Uint8Array.of(1))],
  [9, concatBytes(Uint8Array.of(0, 0, 0, 12), bytes(208), Uint8Array.of(2))],
  [10, evaluation(5n)],
  [10, evaluation(6n)],
  [10, bytes(192)],
  [11, concatBytes(blsG1(2n), blsG1(3n))],
  [11, bytes(256)],
  [12, concatBytes(blsG1(2n), word(5n), blsG1(3n), word(7n))],
  [12, new Uint8Array(0)],
  [13, concatBytes(blsG2(2n), blsG2(3n))],
  [14, concatBytes(blsG2(2n), word(5n))],
  [15, concatBytes(blsG1(2n), blsG2(3n), blsG1(bls12_381.fields.Fr.ORDER - 6n), blsG2(1n))],
  [15, concatBytes(blsG1(2n), blsG2(3n))],
  [16, fp(12345n)],
  [17, concatBytes(fp(1n), fp(2n))],
  [0x100, p256Input()],
  [0x100, p256Input().fill(1, 0, 1)],
]

/** P256VERIFY comes with Fjord, on L1 with Osaka at the price of Karst: only there can the two be compared. */
const callsOf = (fork: Fork) => calls.filter(([low]) => low !== 0x100 || fork === 'karst' || fork === 'bedrock')

async function askOurs(fork: Fork, questions: readonly Question[], gas: bigint): Promise<string[]> {
  const outcomes: string[] = []
  for (const { code, input } of questions) {
    const chain = executorChain(fork, {
      alloc: {
        [PROGRAM]: { balance: 1_000n, nonce: 1, code, storage: STORAGE },
        [HELPER]: { balance: 5n, nonce: 1, code: HELPER_CODE },
      },
    })
    const { spec, header, state: reader } = chain
    const call = { from: ALICE, to: PROGRAM, gas, data: hexToBytes(input) }
    const { status, evmError, returnValue } = await simulateCall({
      spec,
      header,
      reader,
      call,
      getBlockHash: () => null,
    })
    outcomes.push(status === 1 || evmError === 'revert' ? bytesToHex(returnValue) : 'fails')
  }
  return outcomes
}

describe.each([
  ['paris', 'bedrock', 'EXE-105'],
  ['shanghai', 'canyon', 'EXE-106'],
  ['cancun', 'ecotone', 'EXE-109'],
  ['prague', 'isthmus', 'EXE-114'],
  ['osaka', 'karst', 'EXE-119'],
] as const)('EVM of %s', (hardfork, fork, rule) => {
  let anvil: { url: string; process: ChildProcess }

  beforeAll(async () => {
    anvil = await startAnvil(hardfork)
  })

  afterAll(() => {
    anvil?.process.kill()
  })

  it(`[${rule}] does in ${fork} what revm does, to the last unit of gas`, async () => {
    const [ours, revm] = [await askOurs(fork, QUESTIONS, GAS), await askRevm(anvil.url, QUESTIONS, GAS)]
    expect(ours.filter((outcome) => outcome !== 'fails').length).toBeGreaterThan(PROGRAMS / 10)
    expect(ours).toEqual(revm)
  })

  it(`[${rule}] [EXE-111] [EXE-112] has the precompiles of revm in ${fork}, and their prices`, async () => {
    const gas = 2_000_000n
    const questions = precompileQuestions(fork)
    const [ours, revm] = [await askOurs(fork, questions, gas), await askRevm(anvil.url, questions, gas)]
    const named = (answers: readonly string[]) =>
      answers.map((answer, i) => `precompile ${callsOf(fork)[i]?.[0]}, call ${i}: ${answer}`)
    expect(named(ours)).toEqual(named(revm))
    // Most of the inputs are good ones.
    const succeeded = ours.filter((answer) => BigInt(answer.slice(0, 66)) === 1n).length
    expect(succeeded).toBeGreaterThan(calls.length / 2)
  })
})
