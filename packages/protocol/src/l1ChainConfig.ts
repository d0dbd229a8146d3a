import { CodecError } from './codecError.ts'
import type { L1BlockInfo } from './l1Types.ts'

/** From `time` on (seconds, inclusive) blobs of the L1 are priced with this update fraction. */
export type BlobScheduleEntry = {
  readonly fork: string
  readonly time: bigint
  readonly target: bigint
  readonly max: bigint
  readonly baseFeeUpdateFraction: bigint
}

/** What derivation must know of the L1 chain itself: how it prices blobs. Entries stand in order of time. */
export type L1ChainConfig = { readonly chainId: bigint; readonly blobSchedule: readonly BlobScheduleEntry[] }

/** Update fraction of Cancun, which the Pectra blob schedule fix goes on using. */
export const CANCUN_BASE_FEE_UPDATE_FRACTION = 3_338_477n

const RULES = {
  cancun: { target: 3n, max: 6n, baseFeeUpdateFraction: CANCUN_BASE_FEE_UPDATE_FRACTION },
  prague: { target: 6n, max: 9n, baseFeeUpdateFraction: 5_007_716n },
  osaka: { target: 6n, max: 9n, baseFeeUpdateFraction: 5_007_716n },
  bpo1: { target: 10n, max: 15n, baseFeeUpdateFraction: 8_346_193n },
  bpo2: { target: 14n, max: 21n, baseFeeUpdateFraction: 11_684_671n },
} as const

function schedule(chainId: bigint, times: Record<keyof typeof RULES, bigint>): L1ChainConfig {
  const entries = Object.entries(RULES).map(([fork, rule]) => ({
    fork,
    time: times[fork as keyof typeof RULES],
    ...rule,
  }))
  return { chainId, blobSchedule: entries }
}

/** The L1 chains whose schedule is built in. */
export const L1_CHAIN_CONFIGS = {
  mainnet: schedule(1n, {
    cancun: 1_710_338_135n,
    prague: 1_746_612_311n,
    osaka: 1_764_798_551n,
    bpo1: 1_765_290_071n,
    bpo2: 1_767_747_671n,
  }),
  sepolia: schedule(11_155_111n, {
    cancun: 1_706_655_072n,
    prague: 1_741_159_776n,
    osaka: 1_760_427_360n,
    bpo1: 1_761_017_184n,
    bpo2: 1_761_607_008n,
  }),
  holesky: schedule(17_000n, {
    cancun: 1_707_305_664n,
    prague: 1_740_434_112n,
    osaka: 1_759_308_480n,
    bpo1: 1_759_800_000n,
    bpo2: 1_760_389_824n,
  }),
  hoodi: schedule(560_048n, {
    cancun: 0n,
    prague: 1_742_999_832n,
    osaka: 1_761_677_592n,
    bpo1: 1_762_365_720n,
    bpo2: 1_762_955_544n,
  }),
} as const satisfies Record<string, L1ChainConfig>

/** The built-in config of an L1, or `null`: then one has to be given. */
export function l1ChainConfigOf(l1ChainId: bigint): L1ChainConfig | null {
  return Object.values(L1_CHAIN_CONFIGS).find(({ chainId }) => chainId === l1ChainId) ?? null
}

/**
 * EIP-4844's approximation of `factor · e^(numerator / denominator)`.
 *
 * @see specs/protocol/ecotone/l1-attributes.md#overview
 */
export function fakeExponential(factor: bigint, numerator: bigint, denominator: bigint): bigint {
  let output = 0n
  let term = factor * denominator
  for (let i = 1n; term > 0n; i++) {
    output += term
    term = (term * numerator) / (denominator * i)
  }
  return output / denominator
}

/** The entry in force at an L1 block's time; the first one before that. */
export function activeBlobSchedule(config: L1ChainConfig, timestamp: bigint): BlobScheduleEntry | null {
  return config.blobSchedule.findLast(({ time }) => time <= timestamp) ?? config.blobSchedule[0] ?? null
}

type BlobFeeInput = Pick<L1BlockInfo, 'timestamp' | 'excessBlobGas'>

/**
 * The price of blob gas in an L1 block, in wei; 1 when the block has no blob fields.
 *
 * @param l1 - the L1's config, or its chain id when it is a built-in one
 * @param pectraBlobScheduleTime - blocks before it are priced with Cancun's fraction whatever the L1 does
 * @throws {CodecError} `badL1Info` when the price depends on a schedule that is not known
 * @see specs/protocol/pectra-blob-schedule/derivation.md
 */
export function blobBaseFee(
  l1: L1ChainConfig | bigint | null,
  block: BlobFeeInput,
  pectraBlobScheduleTime?: bigint,
): bigint {
  const excess = block.excessBlobGas ?? 0n
  // The exponential of zero is the same under every schedule, so that an L1 without blobs needs none.
  if (excess === 0n) return 1n
  if (pectraBlobScheduleTime !== undefined && block.timestamp < pectraBlobScheduleTime) {
    return fakeExponential(1n, excess, CANCUN_BASE_FEE_UPDATE_FRACTION)
  }
  const config = typeof l1 === 'bigint' ? l1ChainConfigOf(l1) : l1
  const entry = config && activeBlobSchedule(config, block.timestamp)
  if (!entry) throw new CodecError('badL1Info', { reason: 'no blob schedule known for this L1: give its chain config' })
  return fakeExponential(1n, excess, entry.baseFeeUpdateFraction)
}

type Json = { readonly [key: string]: unknown }
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function quantity(value: unknown, path: string): bigint {
  if (typeof value === 'bigint' && value >= 0n) return value
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  if (typeof value === 'string' && /^(0x[0-9a-fA-F]+|[0-9]+)$/.test(value)) return BigInt(value)
  throw new CodecError('badJson', { path, reason: 'not a quantity' })
}

/**
 * Reads the chain config of an L1 client, or a genesis file that holds it as `config`: each `blobSchedule` entry
 * begins at `<name>Time`.
 *
 * @throws {CodecError} `badJson`
 */
export function l1ChainConfigFromJson(json: unknown): L1ChainConfig {
  const root = isObject(json) && isObject(json.config) ? json.config : json
  if (!isObject(root)) throw new CodecError('badJson', { path: '$', reason: 'not an object' })
  const entries: BlobScheduleEntry[] = []
  const schedules = isObject(root.blobSchedule) ? root.blobSchedule : {}
  for (const [fork, rule] of Object.entries(schedules)) {
    const time = root[`${fork}Time`]
    // A rule without a time belongs to a fork that this chain never has.
    if (time === undefined || time === null) continue
    const path = `$.blobSchedule.${fork}`
    if (!isObject(rule)) throw new CodecError('badJson', { path, reason: 'not an object' })
    entries.push({
      fork,
      time: quantity(time, `$.${fork}Time`),
      target: quantity(rule.target, `${path}.target`),
      max: quantity(rule.max, `${path}.max`),
      baseFeeUpdateFraction: quantity(rule.baseFeeUpdateFraction, `${path}.baseFeeUpdateFraction`),
    })
  }
  entries.sort((a, b) => Number(a.time - b.time))
  return { chainId: quantity(root.chainId, '$.chainId'), blobSchedule: entries }
}
