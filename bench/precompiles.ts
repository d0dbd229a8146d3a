/** `npm run bench -- precompiles [--fork karst]`: gas that each precompile burns per second of processor time. */
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { decodeTransaction, simulateCall } from '@keelson/execution'
import {
  type Address,
  bigintToBytes,
  bytesToHex,
  concatBytes,
  FORKS,
  type Fork,
  hexToBytes,
  keccak256,
  signHash,
} from '@keelson/protocol'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bn254 } from '@noble/curves/bn254.js'
import { p256 } from '@noble/curves/nist.js'
import { ALICE, ALICE_KEY, code, executorChain, signTx } from '../packages/execution/testing/executorChain.ts'

const CALLER: Address = `0x${'77'.repeat(20)}`
const CALL_GAS = 16_000_000n
/** Processor time that one row may take. */
const ROW_MS = 1_000
const MAX_GAS = 2_000_000_000n

const word = (value: bigint): Uint8Array => bigintToBytes(value, 32)
const fp = (value: bigint): Uint8Array => bigintToBytes(value, 64)
const noise = (length: number, seed = 11): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => ((i + seed) * 2_654_435_761) >>> 24)
const repeat = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const scalar = (index: number): bigint => 2n ** 250n + BigInt(index) * 7_919n + 12_345n

const g1 = (index: number): Uint8Array => {
  const { x, y } = bn254.G1.Point.BASE.multiply(scalar(index)).toAffine()
  return concatBytes(word(x), word(y))
}
const g2 = (index: number): Uint8Array => {
  const { x, y } = bn254.G2.Point.BASE.multiply(scalar(index)).toAffine()
  return concatBytes(word(x.c1), word(x.c0), word(y.c1), word(y.c0))
}
const blsG1 = (index: number): Uint8Array => {
  const { x, y } = bls12_381.G1.Point.BASE.multiply(scalar(index)).toAffine()
  return concatBytes(fp(x), fp(y))
}
const blsG2 = (index: number): Uint8Array => {
  const { x, y } = bls12_381.G2.Point.BASE.multiply(scalar(index)).toAffine()
  return concatBytes(fp(x.c0), fp(x.c1), fp(y.c0), fp(y.c1))
}

/** Base and modulus of one length, an exponent of ones only. */
function modexp(size: number, exponentSize: number, lastByte: number): Uint8Array {
  const modulus = noise(size, 5)
  modulus[0] = 0xff
  modulus[size - 1] = lastByte
  const exponent = new Uint8Array(exponentSize).fill(0xff)
  return concatBytes(
    ...[size, exponentSize, size].map((length) => word(BigInt(length))),
    noise(size).fill(0xfe, 0, 1),
    exponent,
    modulus,
  )
}

function recovery(index: number): Uint8Array {
  const hash = keccak256(word(BigInt(index)))
  const signature = signHash(hash, hexToBytes(ALICE_KEY))
  return concatBytes(hash, word(27n + BigInt(signature[64] as number)), signature.subarray(0, 64))
}

function p256Signature(index: number): Uint8Array {
  const secret = keccak256(word(BigInt(index)))
  const hash = keccak256(secret)
  return concatBytes(hash, p256.sign(hash, secret, { prehash: false }), p256.getPublicKey(secret, false).subarray(1))
}

/** The polynomial x: its commitment is [τ]G1, and with quotient 1 the generator proves each of its values. */
function evaluation(index: number): Uint8Array {
  const commitment = hexToBytes(
    '0xad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81',
  )
  const versioned = createHash('sha256').update(commitment).digest()
  versioned[0] = 1
  return concatBytes(
    versioned,
    word(scalar(index)),
    word(scalar(index)),
    commitment,
    bls12_381.G1.Point.BASE.toBytes(true),
  )
}

/** Inputs of one length; those that a cache could help are many. */
type Row = { readonly name: string; readonly low: number; readonly since: Fork; readonly inputs: () => Uint8Array[] }

const row = (name: string, low: number, since: Fork, inputs: () => Uint8Array[]): Row => ({ name, low, since, inputs })

const ROWS: readonly Row[] = [
  row('ecrecover', 0x01, 'bedrock', () => repeat(50, recovery)),
  row('sha256, 32 bytes', 0x02, 'bedrock', () => [noise(32)]),
  row('sha256, 64 KiB', 0x02, 'bedrock', () => [noise(65_536)]),
  row('ripemd160, 32 bytes', 0x03, 'bedrock', () => [noise(32)]),
  row('ripemd160, 64 KiB', 0x03, 'bedrock', () => [noise(65_536)]),
  row('identity, 32 bytes', 0x04, 'bedrock', () => [noise(32)]),
  row('identity, 64 KiB', 0x04, 'bedrock', () => [noise(65_536)]),
  ...[
    [32, 32, 1],
    [32, 32, 2],
    [64, 32, 1],
    [128, 32, 1],
    [256, 32, 1],
    [256, 256, 1],
    [1_024, 1, 1],
    [1_024, 32, 2],
    [512, 64, 1],
  ].map(([size = 0, exponent = 0, last = 0]) =>
    row(`modexp, ${size} bytes ^ ${exponent}${last === 1 ? '' : ', even'}`, 0x05, 'bedrock', () => [
      modexp(size, exponent, last),
    ]),
  ),
  row('bn254 add', 0x06, 'bedrock', () => repeat(20, (i) => concatBytes(g1(2 * i), g1(2 * i + 1)))),
  row('bn254 mul', 0x07, 'bedrock', () => repeat(20, (i) => concatBytes(g1(i), word(scalar(i))))),
  row('bn254 pairing, 1 pair', 0x08, 'bedrock', () => repeat(300, (i) => concatBytes(g1(i), g2(i)))),
  row('bn254 pairing, 20 pairs', 0x08, 'bedrock', () =>
    repeat(20, (i) => concatBytes(...repeat(20, (j) => concatBytes(g1(20 * i + j), g2(20 * i + j))))),
  ),
  row('blake2f, 100,000 rounds', 0x09, 'bedrock', () => [
    concatBytes(Uint8Array.of(0, 1, 0x86, 0xa0), noise(208), Uint8Array.of(1)),
  ]),
  row('blake2f, 12 rounds', 0x09, 'bedrock', () => [
    concatBytes(Uint8Array.of(0, 0, 0, 12), noise(208), Uint8Array.of(1)),
  ]),
  row('KZG point evaluation', 0x0a, 'ecotone', () => repeat(10, evaluation)),
  row('bls12-381 G1 add', 0x0b, 'isthmus', () => repeat(10, (i) => concatBytes(blsG1(2 * i), blsG1(2 * i + 1)))),
  ...[1, 16, 128].map((count) =>
    row(`bls12-381 G1 msm, ${count}`, 0x0c, 'isthmus', () => [
      concatBytes(...repeat(count, (i) => concatBytes(blsG1(i), word(2n ** 256n - BigInt(i) - 1n)))),
    ]),
  ),
  row('bls12-381 G2 add', 0x0d, 'isthmus', () => repeat(10, (i) => concatBytes(blsG2(2 * i), blsG2(2 * i + 1)))),
  ...[1, 16, 128].map((count) =>
    row(`bls12-381 G2 msm, ${count}`, 0x0e, 'isthmus', () => [
      concatBytes(...repeat(count, (i) => concatBytes(blsG2(i), word(2n ** 256n - BigInt(i) - 1n)))),
    ]),
  ),
  ...[1, 20].map((count) =>
    row(`bls12-381 pairing, ${count} pair${count > 1 ? 's' : ''}`, 0x0f, 'isthmus', () => [
      concatBytes(...repeat(count, (i) => concatBytes(blsG1(i), blsG2(i)))),
    ]),
  ),
  row('bls12-381 map to G1', 0x10, 'isthmus', () => repeat(10, (i) => fp(scalar(i)))),
  row('bls12-381 map to G2', 0x11, 'isthmus', () => repeat(10, (i) => concatBytes(fp(scalar(i)), fp(scalar(i + 1))))),
  row('p256 verify', 0x100, 'fjord', () => repeat(20, p256Signature)),
]

const hex = (value: number, bytes: number): string => value.toString(16).padStart(2 * bytes, '0')

/**
 * Copies the inputs, which follow it, to memory and calls the precompile with one after the other while there is gas for
 * a call of any price. A call that fails is an invalid opcode.
 */
function callerCode(low: number, inputs: readonly Uint8Array[]): Uint8Array {
  const size = hex(inputs[0]?.length ?? 0, 4)
  const total = hex((inputs[0]?.length ?? 0) * inputs.length, 4)
  const enough = hex(Number(CALL_GAS), 4)
  const loop = 13
  const head = (start: number, failed: number) =>
    code(`63${total} 61${hex(start, 2)} 6000 39 6000
      5b 6000 6000 63${size} 83 61${hex(low, 2)} 63${enough} fa 15 60${hex(failed, 1)} 57
      63${size} 01 63${total} 90 06 63${enough} 5a 11 60${hex(loop, 1)} 57 00
      5b fe`)
  const { length } = head(0, 0)
  return concatBytes(head(length, length - 2), ...inputs)
}

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

/** Gas burnt per second of processor time in an attack on one precompile, in millions. */
async function mgasPerSecond({ low, inputs }: Row, fork: Fork): Promise<number> {
  const {
    spec,
    header,
    state: reader,
  } = executorChain(fork, {
    alloc: { [CALLER]: { nonce: 1, code: bytesToHex(callerCode(low, inputs())) } },
  })
  const attack = async (budget: bigint) => {
    const gas = CALL_GAS + budget
    const start = cpuMs()
    const outcome = await simulateCall({
      spec,
      header,
      reader,
      call: { from: ALICE, to: CALLER, gas },
      gasCap: gas,
      getBlockHash: () => null,
    })
    if (outcome.status !== 1) throw new Error(`the precompile failed: ${outcome.evmError}`)
    return { gas: Number(outcome.gasUsed - 21_000n), ms: cpuMs() - start }
  }
  // The first runs warm up; they also tell how much gas fills the time of a row.
  let budget = 30_000n
  for (;;) {
    const { gas, ms } = await attack(budget)
    if (ms > ROW_MS / 2 || budget >= MAX_GAS) return gas / 1_000 / ms
    const wanted = BigInt(Math.ceil((gas * ROW_MS) / Math.max(ms, 1)))
    budget = wanted < 8n * budget ? wanted : 8n * budget
    if (budget > MAX_GAS) budget = MAX_GAS
  }
}

/** Prints what each precompile of a fork burns, in an attack that does nothing else. */
export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { fork: { type: 'string', default: 'karst' }, only: { type: 'string', default: '' } },
  })
  const fork = FORKS.find((name) => name === values.fork)
  if (!fork) throw new Error(`no fork ${values.fork}`)
  // Native recovery is chosen with the first sender.
  decodeTransaction(signTx({ nonce: 0n }))
  console.log(`Precompiles in ${fork}, by processor time`)
  console.log('   Mgas/s   30 Mgas take')
  for (const one of ROWS) {
    if (FORKS.indexOf(fork) < FORKS.indexOf(one.since) || !one.name.includes(values.only)) continue
    const rate = await mgasPerSecond(one, fork)
    console.log(rate.toFixed(1).padStart(9), `${(30_000 / rate).toFixed(0)} ms`.padStart(14), one.name)
  }
}
