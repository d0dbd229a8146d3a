import type { Verdict } from '@keelson/derive'
import type {
  BatchReport,
  BlockReport,
  ChannelReport,
  DecodeReport,
  DerivationReport,
  Judgement,
  Problem,
  SourceReport,
} from './report.ts'

/** A line and what hangs below it. */
type Node = { readonly text: string; readonly children?: readonly Node[] }

const count = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`
const bytes = (n: number) => count(n, 'byte')
const time = (seconds: bigint) =>
  seconds < 8_640_000_000_000n ? new Date(Number(seconds) * 1_000).toISOString().replace('.000Z', 'Z') : `${seconds}`

const problemNodes = (problem: Problem | undefined): Node[] => (problem ? [{ text: `! ${problem.text}` }] : [])
const verdictNodes = (verdict: Judgement | undefined): Node[] =>
  verdict ? [{ text: `→ ${verdict.outcome} (${verdict.rule}): ${verdict.reason}` }] : []

function sourceNode(source: SourceReport): Node {
  const { l1 } = source
  const place =
    l1 && source.kind !== 'blob'
      ? `, transaction ${l1.txIndex} of L1 block ${l1.blockNumber} (${time(l1.timestamp)})`
      : ''
  const sender = l1?.from && source.kind !== 'blob' ? ` from ${l1.from}` : ''
  const payload = source.payloadLength === undefined ? '' : `, ${bytes(source.payloadLength)} of data`
  return {
    text: `${source.kind} ${source.name}: ${bytes(source.length)}${payload}${place}${sender}`,
    children: [
      ...(source.kind === 'blob' ? [] : verdictNodes(source.verdict)),
      ...problemNodes(source.problem),
      ...(source.blobVersionedHashes ?? []).map((hash) => ({ text: `blob ${hash}` })),
      ...source.frames.map(({ channelId, frameNumber, dataLength, isLast, at }) => ({
        text: `frame ${frameNumber}${isLast ? ' (last)' : ''} of channel ${channelId}: ${bytes(dataLength)} at byte ${at}`,
      })),
    ],
  }
}

function blockNode(block: BlockReport, label = 'block'): Node {
  const number = block.l2Number === undefined ? '' : ` ${block.l2Number}`
  return {
    text: `${label}${number} at ${block.timestamp} (${time(block.timestamp)}), L1 origin ${block.epochNum}, ${count(block.txCount, 'transaction')}`,
    children: (block.transactions ?? []).map((tx) => ({
      text:
        'unreadable' in tx
          ? `${tx.hash} unreadable: ${tx.unreadable}`
          : `${tx.hash} type ${tx.type}${tx.from ? ` ${tx.from}` : ''} → ${tx.to ?? 'new contract'} nonce ${tx.nonce} value ${tx.value} gas ${tx.gas}, ${bytes(tx.dataLength)} of data`,
    })),
  }
}

function batchNode(batch: BatchReport, index: number): Node {
  if (batch.type === 'singular') {
    const node = blockNode(batch, `batch ${index}: singular, block`)
    const parent = { text: `parent ${batch.parentHash}, origin hash ${batch.epochHash}` }
    return { text: node.text, children: [...verdictNodes(batch.verdict), parent, ...(node.children ?? [])] }
  }
  const types = Object.entries(batch.txTypes).map(([type, n]) => `${n} of type ${type}`)
  const blocks = batch.blocks?.map((block) => blockNode(block)) ?? [
    { text: `origin bits ${batch.originBits}` },
    { text: `transactions per block: ${batch.blockTxCounts.join(' ')}` },
    { text: 'name the chain (--network, --rollup.config) to see blocks and transactions' },
  ]
  return {
    text: `batch ${index}: span of ${count(batch.blockCount, 'block')}, ${count(batch.totalTxs, 'transaction')}${types.length ? ` (${types.join(', ')})` : ''}, ${bytes(batch.size)}`,
    children: [
      ...verdictNodes(batch.verdict),
      ...problemNodes(batch.problem),
      { text: `starts ${batch.relTimestamp} s after genesis, ends on L1 origin ${batch.l1OriginNum}` },
      { text: `parent check ${batch.parentCheck}, origin check ${batch.l1OriginCheck}` },
      ...blocks,
    ],
  }
}

function channelNode(channel: ChannelReport): Node {
  const { missingFrames, closed } = channel
  const shown = missingFrames.length > 12 ? [...missingFrames.slice(0, 12), '…'] : missingFrames
  const missing = [
    ...(missingFrames.length > 0 ? [`without frame ${shown.join(', ')}`] : []),
    ...(closed ? [] : ['the last frame is not there']),
  ]
  const state = channel.state === 'complete' ? 'complete' : `PARTIAL (${missing.join('; ')})`
  const name = channel.id === '0x' ? 'data given by itself' : `channel ${channel.id}`
  const packed = channel.compression ? `${channel.compression} ${channel.compressedLength} → ` : ''
  return {
    text: `${name}: ${state}, ${count(channel.frameCount, 'frame')}, ${packed}${bytes(channel.decompressedLength)}, ${count(channel.batchCount, 'batch', 'batches')}`,
    children: [
      ...verdictNodes(channel.verdict),
      ...channel.batches.map(batchNode),
      ...(channel.duplicateFrames > 0
        ? [{ text: `${count(channel.duplicateFrames, 'frame')} came twice; the first counts (DER-072)` }]
        : []),
      ...problemNodes(channel.problem),
    ],
  }
}

function write(node: Node, lines: string[], indent: string, lead: string): void {
  lines.push(lead + node.text)
  const children = node.children ?? []
  for (const [i, child] of children.entries()) {
    const isLast = i === children.length - 1
    write(child, lines, indent + (isLast ? '   ' : '│  '), `${indent}${isLast ? '└─ ' : '├─ '}`)
  }
}

function verdictSubject(verdict: Verdict): string {
  switch (verdict.subject) {
    case 'transaction':
      return `transaction ${verdict.txIndex} ${verdict.txHash}`
    case 'payload':
      return `payload of transaction ${verdict.txIndex}${verdict.blobIndex === undefined ? '' : `, blob ${verdict.blobIndex}`}`
    case 'frame':
      return `frame ${verdict.frameNumber} of channel ${verdict.channelId}`
    case 'channel':
      return `channel ${verdict.channelId}`
    case 'batch': {
      const at = verdict.timestamp === null ? '' : ` at ${verdict.timestamp}`
      return `${verdict.batchType} batch${at}, ${count(verdict.blockCount, 'block')}`
    }
  }
}

function derivationNode({ safeHead, derivedTo, stopped, verdicts }: DerivationReport): Node {
  return {
    text: `derivation: L2 blocks ${safeHead + 1n} to ${derivedTo} come from here`,
    children: [
      ...verdicts.map((verdict) => ({
        text: `L1 ${verdict.origin.number}: ${verdictSubject(verdict)} → ${verdict.outcome} (${verdict.rule}): ${verdict.reason}`,
      })),
      ...(stopped === undefined ? [] : [{ text: `! ${stopped}` }]),
    ],
  }
}

/** The report as a tree for people. */
export function reportToText(report: DecodeReport): string {
  const lines: string[] = []
  if (report.chain) lines.push(`chain ${report.chain}`)
  for (const source of report.sources) write(sourceNode(source), lines, '', '')
  for (const channel of report.channels) write(channelNode(channel), lines, '', '')
  if (report.derivation) write(derivationNode(report.derivation), lines, '', '')
  if (report.sources.length === 0) lines.push('no batcher data')
  return `${lines.join('\n')}\n`
}
