import {
  bytesEqual,
  bytesToHex,
  chainEip1559Params,
  decodeExtraData,
  type ExecutionPayloadEnvelope,
  type Hash,
  isForkActive,
  type PayloadAttributes,
  type RollupConfig,
} from '@keelson/protocol'

/** What a derived attribute and an existing block do not agree about. */
export type AttributesMismatch = { readonly field: string; readonly derived: string; readonly found: string }

/** The root of an empty trie: `withdrawalsRoot` before Isthmus. */
const EMPTY_ROOT: Hash = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'

/**
 * The first field in which an existing block differs from what the derived attributes would build, or `null`.
 *
 * `parentHash` is that of the pending safe head. Fork fields are judged by the block's own timestamp.
 *
 * @see specs/protocol/derivation.md#l1-consolidation-payload-attributes-matching
 */
export function findAttributesMismatch(
  config: RollupConfig,
  attributes: PayloadAttributes,
  parentHash: Hash,
  envelope: ExecutionPayloadEnvelope,
): AttributesMismatch | null {
  const block = envelope.executionPayload
  const differ = (field: string, derived: unknown, found: unknown): AttributesMismatch | null =>
    derived === found ? null : { field, derived: String(derived ?? 'absent'), found: String(found ?? 'absent') }
  return (
    differ('parentHash', parentHash, block.parentHash) ??
    differ('timestamp', attributes.timestamp, block.timestamp) ??
    differ('prevRandao', attributes.prevRandao, block.prevRandao) ??
    transactionsMismatch(attributes.transactions, block.transactions) ??
    differ('gasLimit', attributes.gasLimit, block.gasLimit) ??
    withdrawalsMismatch(config, attributes, envelope) ??
    differ('parentBeaconBlockRoot', attributes.parentBeaconBlockRoot, envelope.parentBeaconBlockRoot) ??
    differ('feeRecipient', attributes.suggestedFeeRecipient.toLowerCase(), block.feeRecipient.toLowerCase()) ??
    extraDataMismatch(config, attributes, envelope)
  )
}

function transactionsMismatch(derived: readonly Uint8Array[], found: readonly Uint8Array[]): AttributesMismatch | null {
  for (let i = 0; i < Math.min(derived.length, found.length); i++) {
    const [a, b] = [derived[i] as Uint8Array, found[i] as Uint8Array]
    if (!bytesEqual(a, b)) return { field: `transactions[${i}]`, derived: abbreviate(a), found: abbreviate(b) }
  }
  if (derived.length === found.length) return null
  return { field: 'transactions', derived: `${derived.length} transactions`, found: `${found.length} transactions` }
}

function withdrawalsMismatch(
  config: RollupConfig,
  attributes: PayloadAttributes,
  { executionPayload: block }: ExecutionPayloadEnvelope,
): AttributesMismatch | null {
  const [derived, found] = [attributes.withdrawals, block.withdrawals]
  if (derived?.length !== found?.length) {
    return { field: 'withdrawals', derived: describeList(derived), found: describeList(found) }
  }
  for (let i = 0; i < (derived?.length ?? 0); i++) {
    const [a, b] = [derived?.[i], found?.[i]]
    if (
      a?.index !== b?.index ||
      a?.validatorIndex !== b?.validatorIndex ||
      a?.address !== b?.address ||
      a?.amount !== b?.amount
    ) {
      return { field: `withdrawals[${i}]`, derived: 'another withdrawal', found: 'another withdrawal' }
    }
  }
  if (isForkActive(config, 'isthmus', block.timestamp)) {
    if (block.withdrawalsRoot === undefined) return { field: 'withdrawalsRoot', derived: 'present', found: 'absent' }
  } else if (block.withdrawalsRoot !== undefined && block.withdrawalsRoot !== EMPTY_ROOT) {
    return { field: 'withdrawalsRoot', derived: EMPTY_ROOT, found: block.withdrawalsRoot }
  }
  return null
}

function extraDataMismatch(
  config: RollupConfig,
  attributes: PayloadAttributes,
  { executionPayload: block }: ExecutionPayloadEnvelope,
): AttributesMismatch | null {
  if (!isForkActive(config, 'holocene', attributes.timestamp)) {
    if (attributes.eip1559Params !== undefined) {
      return { field: 'eip1559Params', derived: attributes.eip1559Params, found: 'absent' }
    }
    return block.extraData === '0x' ? null : { field: 'extraData', derived: '0x', found: block.extraData }
  }
  const found = decodeExtraDataOrNull(block.extraData)
  if (!found) return { field: 'extraData', derived: 'EIP-1559 parameters', found: block.extraData }
  const params = BigInt(attributes.eip1559Params ?? '0x0')
  // Zero parameters stand for the chain's constants.
  const { denominator, elasticity } =
    params === 0n
      ? chainEip1559Params(config, attributes.timestamp)
      : { denominator: params >> 32n, elasticity: params & 0xffffffffn }
  if (denominator !== BigInt(found.denominator) || elasticity !== BigInt(found.elasticity)) {
    return {
      field: 'extraData',
      derived: `denominator ${denominator}, elasticity ${elasticity}`,
      found: `denominator ${found.denominator}, elasticity ${found.elasticity}`,
    }
  }
  const { minBaseFee } = found
  if (attributes.minBaseFee === minBaseFee) return null
  return {
    field: 'minBaseFee',
    derived: String(attributes.minBaseFee ?? 'absent'),
    found: String(minBaseFee ?? 'absent'),
  }
}

function decodeExtraDataOrNull(extraData: ExecutionPayloadEnvelope['executionPayload']['extraData']) {
  try {
    return decodeExtraData(extraData)
  } catch {
    return null
  }
}

function describeList(list: readonly unknown[] | undefined): string {
  return list ? `${list.length} entries` : 'absent'
}

function abbreviate(tx: Uint8Array): string {
  return tx.length <= 36 ? bytesToHex(tx) : `${bytesToHex(tx.subarray(0, 36))}… (${tx.length} bytes)`
}
