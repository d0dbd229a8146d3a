import { isActivationBlock, isForkActive, type RollupConfig, TX_TYPE } from '@keelson/protocol'
import type { BatchReport, BlockReport, ChannelReport, DecodeReport, Judgement, SourceReport } from './report.ts'

const GRANITE_CHANNEL_TIMEOUT = 50n

const dropped = (rule: string, reason: string): Judgement => ({ outcome: 'dropped', rule, reason })
const open = (rule: string, reason: string): Judgement => ({ outcome: 'open', rule, reason })

/**
 * Says of everything what the chain's rules make of it, as far as that can be told without the safe head: who sent it,
 * whether it came in time, whether its forks were active. What passes is `open`.
 */
export function judge(report: DecodeReport, config: RollupConfig): DecodeReport {
  const timeOf = new Map(report.sources.flatMap(({ l1 }) => (l1 ? [[l1.blockNumber, l1.timestamp] as const] : [])))
  return {
    ...report,
    sources: report.sources.map((source) => withVerdict(source, judgeSource(source, config))),
    channels: report.channels.map((channel) => judgeChannel(channel, config, timeOf)),
  }
}

const withVerdict = <T extends object>(subject: T, verdict: Judgement | null): T =>
  verdict ? { ...subject, verdict } : subject

function judgeSource(source: SourceReport, config: RollupConfig): Judgement | null {
  const { l1, problem } = source
  if (problem) return dropped(problem.rule, problem.text)
  if (!l1) return null
  if (l1.to?.toLowerCase() !== config.batchInboxAddress.toLowerCase()) {
    return dropped('DER-029', `sent to ${l1.to ?? 'no one'}, not to the batch inbox ${config.batchInboxAddress}`)
  }
  if (l1.from === null) return dropped('DER-035', 'the signature gives no sender')
  const batcher = config.genesis.systemConfig.batcherAddress
  if (l1.from.toLowerCase() !== batcher.toLowerCase()) {
    return open('DER-030', `sent by ${l1.from}; at genesis the batcher was ${batcher}, it may have changed`)
  }
  if (source.kind === 'blob' && !isForkActive(config, 'ecotone', l1.timestamp)) {
    return dropped('DER-038', 'blobs carry no data before Ecotone')
  }
  return open('DER-030', 'sent by the batcher to the batch inbox')
}

function judgeChannel(
  channel: ChannelReport,
  config: RollupConfig,
  timeOf: ReadonlyMap<bigint, bigint>,
): ChannelReport {
  const inclusion = channel.includedAt ?? null
  const inclusionTime = inclusion === null ? null : (timeOf.get(inclusion) ?? null)
  const batches = channel.batches.map((batch) =>
    withVerdict(batch, judgeBatch(batch, config, inclusion, inclusionTime)),
  )
  return withVerdict({ ...channel, batches }, judgeTimeout(channel, config, inclusionTime))
}

function judgeTimeout(channel: ChannelReport, config: RollupConfig, inclusionTime: bigint | null): Judgement | null {
  const { openedAt, includedAt } = channel
  if (openedAt === undefined || includedAt === undefined || inclusionTime === null) return null
  const isGranite = isForkActive(config, 'granite', inclusionTime)
  const timeout = isGranite ? GRANITE_CHANNEL_TIMEOUT : config.channelTimeout
  if (includedAt > openedAt + timeout) {
    return dropped(
      isGranite ? 'DER-019' : 'DER-070',
      `frames in L1 blocks ${openedAt} to ${includedAt}, more than ${timeout} apart`,
    )
  }
  if (channel.state === 'partial') return open('DER-079', 'frames are missing')
  return null
}

function judgeBatch(
  batch: BatchReport,
  config: RollupConfig,
  inclusion: bigint | null,
  inclusionTime: bigint | null,
): Judgement {
  if (batch.type === 'singular') {
    return judgeBlock(batch, config) ?? judgeWindow(batch.epochNum, batch.epochNum, config, inclusion) ?? passed
  }
  if (batch.problem) return dropped(batch.problem.rule, batch.problem.text)
  if (inclusionTime !== null && !isForkActive(config, 'delta', inclusionTime)) {
    return dropped('DER-113', `a span batch in an L1 block of time ${inclusionTime}, before Delta`)
  }
  const blocks = batch.blocks ?? []
  for (const [i, block] of blocks.entries()) {
    const verdict = judgeBlock(block, config)
    if (verdict) return { ...verdict, reason: `block ${i}: ${verdict.reason}` }
  }
  return judgeWindow(blocks[0]?.epochNum ?? batch.l1OriginNum, batch.l1OriginNum, config, inclusion) ?? passed
}

const passed = open('DER-148', 'well formed; the safe head decides')

function judgeBlock(block: BlockReport, config: RollupConfig): Judgement | null {
  const { timestamp, transactions = [] } = block
  const since = timestamp - config.genesis.l2Time
  if (since <= 0n || since % config.blockTime !== 0n) {
    return dropped('DER-001', `no block of the chain has the time ${timestamp}`)
  }
  for (const tx of transactions) {
    const type = 'type' in tx ? tx.type : null
    if (type === TX_TYPE.deposit) return dropped('DER-173', `transaction ${tx.hash} is a deposit`)
    if (type === TX_TYPE.setCode && !isForkActive(config, 'isthmus', timestamp)) {
      return dropped('DER-175', `transaction ${tx.hash} sets code before Isthmus`)
    }
    if ('unreadable' in tx && tx.unreadable === '0x') return dropped('DER-172', 'a transaction of no bytes')
  }
  if (
    transactions.length > 0 &&
    (['jovian', 'karst'] as const).some((fork) => isActivationBlock(config, fork, timestamp))
  ) {
    return dropped('DER-169', `transactions in an activation block, of time ${timestamp}`)
  }
  return null
}

function judgeWindow(first: bigint, last: bigint, config: RollupConfig, inclusion: bigint | null): Judgement | null {
  if (inclusion === null) return null
  if (first + config.seqWindowSize < inclusion) {
    return dropped(
      'DER-162',
      `L1 origin ${first} is more than ${config.seqWindowSize} blocks before inclusion in ${inclusion}`,
    )
  }
  if (last >= inclusion) return dropped('DER-007', `L1 origin ${last} is not before inclusion in ${inclusion}`)
  return null
}
