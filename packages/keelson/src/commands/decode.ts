import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import {
  CHAIN_NAMES,
  chainPreset,
  type Hash,
  isForkActive,
  MAX_RLP_BYTES_PER_CHANNEL,
  MAX_RLP_BYTES_PER_CHANNEL_FJORD,
  type RollupConfig,
  rollupConfigFromJson,
} from '@keelson/protocol'
import { defineFlags, errorText, FlagError, flag, flagHelp, parseFlags } from '@keelson/service'
import type { Command, CommandIo } from '../command.ts'
import type { DecodeOptions } from '../decode/decodeChannel.ts'
import { decodeInputs } from '../decode/decodeInputs.ts'
import {
  type ChainHints,
  type DecodeInput,
  INPUT_KINDS,
  InputError,
  isHexArgument,
  readInput,
} from '../decode/input.ts'
import { reportToJson } from '../decode/json.ts'
import { judge } from '../decode/judge.ts'
import type { DecodeReport } from '../decode/report.ts'
import { reportToText } from '../decode/text.ts'
import { VERSION } from '../version.ts'

const ENV_PREFIX = 'KEELSON_DECODE'

/** The flags of `keelson decode`. */
export const decodeFlags = defineFlags('', {
  json: flag.boolean({ default: false, help: 'Print JSON in place of a tree.' }),
  kind: flag.enum({
    default: 'auto',
    values: INPUT_KINDS,
    help: 'What the input is, where it cannot be told from its bytes.',
  }),
  network: flag.string({ help: `Chain that the data is of, such as op-mainnet (${CHAIN_NAMES.length} are built in).` }),
  rollupConfig: flag.path({ name: 'rollup.config', help: 'rollup.json of the chain that the data is of.' }),
  l1: flag.url({ name: 'l1', help: 'L1 RPC to read transactions from, with --tx or --from and --to.' }),
  l1Beacon: flag.url({ name: 'l1.beacon', help: 'L1 beacon node to read blobs from.' }),
  l2: flag.url({
    name: 'l2',
    help: 'L2 execution RPC: with it, a named chain and --l1, the derivation pipeline judges everything.',
  }),
  tx: flag.list({ name: 'tx', default: [], help: 'Hashes of L1 transactions.' }),
  from: flag.uint64({ name: 'from', help: 'First L1 block to read.' }),
  to: flag.uint64({ name: 'to', help: 'Last L1 block to read; the first one when absent.' }),
  inbox: flag.address({ name: 'inbox', help: 'Batch inbox; the chain’s own when a chain is named.' }),
  senders: flag.boolean({ default: false, help: 'Recover the senders of L2 transactions.' }),
  raw: flag.boolean({ default: false, help: 'Give the bytes of L2 transactions too (JSON).' }),
})

type DecodeFlags = ReturnType<typeof parseFlags<{ decode: typeof decodeFlags }>>['values']['decode']

const SUMMARY = 'show what a batcher transaction or blob holds: frames, channels, batches, blocks'

/** `keelson decode [flags] [0xhex | file | -] …` */
export const decodeCommand: Command = {
  name: 'decode',
  summary: SUMMARY,
  flags: decodeFlags,
  envPrefix: ENV_PREFIX,
  async run(argv, io) {
    try {
      const { values, rest, help, version } = parseFlags({
        defs: { decode: decodeFlags },
        argv: dashAsFile(argv),
        env: io.env,
        envPrefix: ENV_PREFIX,
      })
      if (help) {
        const command = 'keelson decode [0xhex | file | -] …'
        io.stdout.write(flagHelp(decodeFlags, { command, summary: SUMMARY, envPrefix: ENV_PREFIX }))
        return 0
      }
      if (version) {
        io.stdout.write(`keelson decode ${VERSION}\n`)
        return 0
      }
      return await decode(values.decode, rest, io)
    } catch (error) {
      if (!(error instanceof FlagError || error instanceof InputError)) throw error
      io.stderr.write(`keelson decode: ${error.message}\n`)
      return 1
    }
  },
}

const STDIN = '/dev/stdin'
/** A lone dash is a name, not a flag. */
const dashAsFile = (argv: readonly string[]) => argv.map((arg) => (arg === '-' ? STDIN : arg))

async function decode(flags: DecodeFlags, names: readonly string[], io: CommandIo): Promise<number> {
  const config = await chainOf(flags)
  const hints: ChainHints = {}
  const inputs: DecodeInput[] = []
  const fromL1 = flags.l1 !== undefined
  if (!fromL1 && (flags.tx.length > 0 || flags.from !== undefined || flags.to !== undefined)) {
    throw new InputError('--tx, --from and --to need --l1')
  }
  const files = names.length === 0 && !fromL1 ? [STDIN] : names
  for (const name of files) {
    const [label, content] = await contentOf(name, io)
    inputs.push(...readInput(label, content, flags.kind, hints))
  }
  if (flags.l1 !== undefined) inputs.push(...(await readL1(flags, flags.l1, config, io.signal)))
  const report = decodeInputs(inputs, optionsOf(flags, config, hints))
  if (flags.l2 !== undefined && !(config && flags.l1)) throw new InputError('--l2 needs --l1 and a named chain')
  const judged = config ? { chain: flags.network ?? `${config.l2ChainId}`, ...judge(report, config) } : report
  const full = await withDerivation(judged, flags, config, io.signal)
  io.stdout.write(flags.json ? `${reportToJson(full)}\n` : reportToText(full))
  const bad = judged.sources.some(({ problem }) => problem && problem.code !== 'blobsElsewhere')
  return bad ? 2 : 0
}

async function chainOf({ network, rollupConfig }: DecodeFlags): Promise<RollupConfig | null> {
  if (network !== undefined && rollupConfig !== undefined)
    throw new InputError('--network and --rollup.config exclude each other')
  if (network !== undefined) {
    const preset = chainPreset(network)
    if (!preset) throw new InputError(`no chain ${JSON.stringify(network)}; one of ${CHAIN_NAMES.join(', ')}`)
    return preset.rollupConfig
  }
  if (rollupConfig === undefined) return null
  const text = await readFile(rollupConfig, 'utf8')
  try {
    return rollupConfigFromJson(JSON.parse(text))
  } catch (cause) {
    throw new InputError(`${rollupConfig}: ${errorText(cause)}`, { cause })
  }
}

async function contentOf(name: string, io: CommandIo): Promise<[label: string, content: Uint8Array]> {
  if (isHexArgument(name)) return [`${name.slice(0, 18)}…`, new TextEncoder().encode(name)]
  if (name !== STDIN) {
    try {
      return [name, unzipped(await readFile(name))]
    } catch (cause) {
      throw new InputError(`cannot read ${name}: ${errorText(cause)}`, { cause })
    }
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of io.stdin) chunks.push(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk)
  return ['stdin', unzipped(Buffer.concat(chunks))]
}

/** Unpacks gzip, with a bound that no input of use comes near. */
const unzipped = (content: Uint8Array): Uint8Array =>
  content[0] === 0x1f && content[1] === 0x8b ? gunzipSync(content, { maxOutputLength: 512 * 1024 * 1024 }) : content

async function readL1(
  flags: DecodeFlags,
  l1Rpc: string,
  config: RollupConfig | null,
  signal: AbortSignal,
): Promise<DecodeInput[]> {
  const { tx, from, to } = flags
  if (tx.length === 0 && from === undefined && to === undefined)
    throw new InputError('--l1 needs --tx, or --from and --to')
  for (const hash of tx) {
    if (!/^0x[0-9a-fA-F]{64}$/.test(hash))
      throw new InputError(`--tx ${hash}: no transaction hash (0x and 64 hex digits)`)
  }
  const { inputsFromL1 } = await import('../decode/fromL1.ts')
  const txs = tx.map((hash) => hash.toLowerCase() as Hash)
  const inbox = flags.inbox ?? config?.batchInboxAddress
  return inputsFromL1({ l1Rpc, beacon: flags.l1Beacon, txs, from, to, inbox, signal })
}

/** Lets the derivation pipeline judge the L1 blocks that the report is of. */
async function withDerivation(
  report: DecodeReport,
  flags: DecodeFlags,
  config: RollupConfig | null,
  signal: AbortSignal,
): Promise<DecodeReport> {
  if (!config || flags.l1 === undefined || flags.l2 === undefined) return report
  const { derivedVerdicts, firstBlockBefore } = await import('../decode/derivedVerdicts.ts')
  const { l2OverRpc } = await import('../decode/l2Rpc.ts')
  const { openL1 } = await import('../decode/fromL1.ts')
  const start = firstBlockBefore(report, config)
  const numbers = report.sources.flatMap(({ l1 }) => (l1 ? [l1.blockNumber] : []))
  if (start === null || numbers.length === 0) return report
  const l2 = l2OverRpc(flags.l2, config)
  const safeHead = await l2.getL2BlockRefByNumber(start, { signal })
  if (!safeHead) throw new InputError(`L2 has no block ${start}`)
  const sorted = numbers.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const from = flags.from ?? (sorted[0] as bigint)
  const to = flags.to ?? (sorted.at(-1) as bigint)
  const { l1, beacon, close } = openL1(flags.l1, flags.l1Beacon)
  try {
    const result = await derivedVerdicts({ config, l1, blobs: beacon ?? undefined, l2, safeHead, from, to, signal })
    return { ...report, derivation: { ...result, safeHead: safeHead.number, derivedTo: result.derivedTo.number } }
  } finally {
    await close()
  }
}

function optionsOf(flags: DecodeFlags, config: RollupConfig | null, hints: ChainHints): DecodeOptions {
  const { senders, raw } = flags
  if (config) {
    return {
      chain: config,
      l2GenesisNumber: config.genesis.l2.number,
      limitsAt: (l1Timestamp) => {
        const isFjord = l1Timestamp === null || isForkActive(config, 'fjord', l1Timestamp)
        return {
          brotliAllowed: isFjord,
          maxRlpBytes: isFjord ? MAX_RLP_BYTES_PER_CHANNEL_FJORD : MAX_RLP_BYTES_PER_CHANNEL,
        }
      },
      senders,
      raw,
    }
  }
  const { chainId, l2GenesisTime, blockTime } = hints
  const isKnown = chainId !== undefined && l2GenesisTime !== undefined && blockTime !== undefined
  return {
    chain: isKnown ? { l2ChainId: chainId, genesis: { l2Time: l2GenesisTime }, blockTime } : null,
    l2GenesisNumber: null,
    limitsAt: () => ({ brotliAllowed: true, maxRlpBytes: MAX_RLP_BYTES_PER_CHANNEL_FJORD }),
    senders,
    raw,
  }
}
