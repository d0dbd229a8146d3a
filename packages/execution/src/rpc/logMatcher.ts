import { type Address, bloomMayContain, type Hash, hexToBytes, type JsonNode, txHash } from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import type { Chain } from '../chain/chain.ts'
import type { StoredBlock } from '../chain/chainStore.ts'
import type { ReceiptLog } from '../transition/types.ts'
import { logJson } from './receiptJson.ts'

/** Which logs are wanted: any of the addresses, and at each position any of the topics. Empty means any. */
export type LogCriteria = { readonly addresses: readonly Address[]; readonly topics: readonly (readonly Hash[])[] }

const MAX_TOPICS = 4
const MAX_ALTERNATIVES = 1000

/** Reads the `address` and `topics` members of a filter. */
export function readLogCriteria(node: JsonNode): LogCriteria {
  const address = node.get('address')
  const topics = node.get('topics')
  const addresses = !address.exists
    ? []
    : Array.isArray(address.value)
      ? address.items().map((item) => item.address())
      : [address.address()]
  const positions = topics.exists ? topics.items() : []
  if (positions.length > MAX_TOPICS) topics.fail(`more than ${MAX_TOPICS} topics`)
  if (addresses.length > MAX_ALTERNATIVES) address.fail(`more than ${MAX_ALTERNATIVES} addresses`)
  return {
    addresses,
    topics: positions.map((position) => {
      if (!position.exists) return []
      if (!Array.isArray(position.value)) return [position.hash()]
      const items = position.items()
      if (items.length > MAX_ALTERNATIVES) position.fail(`more than ${MAX_ALTERNATIVES} topics`)
      // `null` among alternatives means any.
      return items.some((item) => !item.exists) ? [] : items.map((item) => item.hash())
    }),
  }
}

/** Whether the block may hold a wanted log, by its bloom. */
export function bloomMatches(header: BlockHeader, { addresses, topics }: LogCriteria): boolean {
  const bloom = hexToBytes(header.logsBloom)
  const anyOf = (values: readonly Hash[]) =>
    values.length === 0 || values.some((value) => bloomMayContain(bloom, value))
  return anyOf(addresses) && topics.every(anyOf)
}

/** Whether a log is wanted. */
export function logMatches({ address, topics }: ReceiptLog, criteria: LogCriteria): boolean {
  if (criteria.addresses.length > 0 && !criteria.addresses.includes(address)) return false
  if (criteria.topics.length > topics.length) return false
  return criteria.topics.every((wanted, i) => wanted.length === 0 || wanted.includes(topics[i] as Hash))
}

/** The wanted logs of a block as RPC gives them. */
export function matchingLogs(
  chain: Chain,
  { hash, header, transactions }: StoredBlock,
  criteria: LogCriteria,
  removed = false,
): Record<string, unknown>[] {
  if (!bloomMatches(header, criteria)) return []
  const found: Record<string, unknown>[] = []
  let logIndex = 0
  for (const [transactionIndex, { logs }] of (chain.store.receipts(hash) ?? []).entries()) {
    for (const log of logs) {
      const place = { blockHash: hash, header, transactionIndex, logIndex: logIndex++, removed }
      if (!logMatches(log, criteria)) continue
      found.push(logJson(log, { ...place, transactionHash: txHash(transactions[transactionIndex] as Uint8Array) }))
    }
  }
  return found
}
