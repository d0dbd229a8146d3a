import {
  type Address,
  type ExecutionClient,
  type ExecutionPayloadEnvelope,
  encodeDepositTx,
  encodeL1InfoCalldata,
  encodeRlp,
  FORKS,
  type Fork,
  type ForkSchedule,
  type Hash,
  type Hex,
  hexToBytes,
  keccak256,
  l1InfoFormat,
  type PayloadAttributes,
  privateKeyToAddress,
  signHash,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@keelson/protocol'
import type { GenesisJson } from '../src/genesis/genesisJson.ts'

/** Keys of funded accounts: the well-known ones of the test mnemonic. */
export const DEV_KEYS: readonly Hex[] = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
]

export const DEV_ACCOUNTS: readonly Address[] = DEV_KEYS.map((key) => privateKeyToAddress(hexToBytes(key)))

export const DEV_CHAIN_ID = 901n
export const DEV_GENESIS_TIME = 1_700_000_000n
const SEQUENCER_FEE_VAULT: Address = '0x4200000000000000000000000000000000000011'
const L1_ATTRIBUTES_SENDER: Address = '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001'
const L1_BLOCK: Address = '0x4200000000000000000000000000000000000015'

const word = (value: bigint): Hash => `0x${value.toString(16).padStart(64, '0')}`

const activeAtGenesis = (fork: Fork): ForkSchedule =>
  Object.fromEntries(FORKS.slice(1, FORKS.indexOf(fork) + 1).map((active) => [active, 0n]))

/** The fork of L1 that a fork of the OP Stack brings along, as other engines want it named. */
const L1_FORKS: Partial<Record<Fork, string>> = {
  canyon: 'shanghai',
  ecotone: 'cancun',
  isthmus: 'prague',
  karst: 'osaka',
}

/** Genesis keys of each fork. */
const timeKeys = (fork: Fork) =>
  fork === 'bedrock' || fork === 'delta' ? [] : [`${fork}Time`, ...(L1_FORKS[fork] ? [`${L1_FORKS[fork]}Time`] : [])]

/** Forks of L1 before the merge: of no interest here, but other engines do not start without them. */
const PRE_MERGE_FORKS = [
  ...['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg', 'istanbul'],
  ...['muirGlacier', 'berlin', 'london', 'arrowGlacier', 'grayGlacier', 'mergeNetsplit', 'bedrock'],
]

/**
 * A small genesis that every engine reads: {@link DEV_ACCOUNTS} with 10,000 ether each, every fork up to `fork` active from the start.
 *
 * @param options.alloc - further accounts
 */
export function devGenesis(
  options: { readonly fork?: Fork; readonly gasLimit?: bigint; readonly alloc?: GenesisJson['alloc'] } = {},
): GenesisJson {
  const { fork = 'jovian', gasLimit = 30_000_000n, alloc = {} } = options
  const active = FORKS.slice(0, FORKS.indexOf(fork) + 1)
  const holocene = active.includes('holocene') ? '0x00000000fa00000006' : '0x'
  return {
    config: {
      chainId: Number(DEV_CHAIN_ID),
      ...Object.fromEntries(PRE_MERGE_FORKS.map((name) => [`${name}Block`, 0])),
      ...{ terminalTotalDifficulty: 0, terminalTotalDifficultyPassed: true },
      ...Object.fromEntries(active.flatMap(timeKeys).map((key) => [key, 0])),
      optimism: { eip1559Elasticity: 6, eip1559Denominator: 50, eip1559DenominatorCanyon: 250 },
    },
    timestamp: `0x${DEV_GENESIS_TIME.toString(16)}`,
    gasLimit: `0x${gasLimit.toString(16)}`,
    difficulty: '0x0',
    baseFeePerGas: '0x3b9aca00',
    extraData: active.includes('jovian') ? '0x01000000fa000000060000000000000000' : holocene,
    alloc: {
      ...Object.fromEntries(DEV_ACCOUNTS.map((address) => [address, { balance: '10000000000000000000000' }])),
      '0x4200000000000000000000000000000000000016': {
        ...{ balance: '0x0', nonce: 1 },
        storage: { [ZERO_HASH]: `0x${'00'.repeat(31)}01` },
      },
      ...alloc,
    },
  }
}

/** What differs between the L1 fees of dev chains; nothing is charged unless asked for. */
export type DevL1Fees = {
  readonly operatorFeeScalar?: bigint
  readonly operatorFeeConstant?: bigint
  readonly daFootprintGasScalar?: bigint
}

/** Base fee 1 gwei, blob base fee 1, OP Mainnet's scalars of Ecotone, and before it overhead 188 and scalar 0.684. */
const L1_FEES = {
  baseFee: 1_000_000_000n,
  blobBaseFee: 1n,
  baseFeeScalar: 1368,
  blobBaseFeeScalar: 810_949,
  overhead: word(188n),
  scalar: word(684_000n),
}
const DA_FOOTPRINT_GAS_SCALAR = 400n

/** Storage of an L1Block contract without code, so that transactions pay for L1. */
export function devL1Block(fees: DevL1Fees = {}): GenesisJson['alloc'] {
  const { operatorFeeScalar = 0n, operatorFeeConstant = 0n, daFootprintGasScalar = DA_FOOTPRINT_GAS_SCALAR } = fees
  return {
    [L1_BLOCK]: {
      ...{ balance: '0x0', nonce: 1 },
      storage: {
        [word(1n)]: word(L1_FEES.baseFee),
        [word(3n)]: word((BigInt(L1_FEES.baseFeeScalar) << 96n) | (BigInt(L1_FEES.blobBaseFeeScalar) << 64n)),
        [word(5n)]: L1_FEES.overhead,
        [word(6n)]: L1_FEES.scalar,
        [word(7n)]: word(L1_FEES.blobBaseFee),
        [word(8n)]: word((daFootprintGasScalar << 96n) | (operatorFeeScalar << 64n) | operatorFeeConstant),
      },
    },
  }
}

/**
 * The L1 attributes deposit of a chain that has no real L1. Some engines take the fees in receipts from its calldata: it
 * says what {@link devL1Block} says.
 *
 * @param fork - whose calldata it has; that of Bedrock is read at every fork
 * @param fees - `null`: all zero
 */
export function devL1InfoTx(seed: bigint, fork: Fork = 'bedrock', fees: DevL1Fees | null = null): Uint8Array {
  return encodeDepositTx({
    sourceHash: word(seed),
    from: L1_ATTRIBUTES_SENDER,
    to: L1_BLOCK,
    mint: 0n,
    value: 0n,
    gas: 1_000_000n,
    isSystemTx: false,
    data: encodeL1InfoCalldata({
      format: l1InfoFormat({ forks: activeAtGenesis(fork), blockTime: 2n }, DEV_GENESIS_TIME),
      number: 1n,
      timestamp: DEV_GENESIS_TIME,
      baseFee: 0n,
      blockHash: ZERO_HASH,
      sequenceNumber: seed,
      batcherAddress: ZERO_ADDRESS,
      ...(fees && {
        ...L1_FEES,
        operatorFeeScalar: Number(fees.operatorFeeScalar ?? 0n),
        operatorFeeConstant: fees.operatorFeeConstant ?? 0n,
        daFootprintGasScalar: Number(fees.daFootprintGasScalar ?? DA_FOOTPRINT_GAS_SCALAR),
      }),
    }),
  })
}

/** A deposit that mints to `to` and sends the same on. */
export function devDeposit(seed: bigint, to: Address, mint: bigint): Uint8Array {
  return encodeDepositTx({
    sourceHash: `0xdd${seed.toString(16).padStart(62, '0')}`,
    from: to,
    to,
    mint,
    value: mint,
    gas: 100_000n,
    isSystemTx: false,
    data: new Uint8Array(),
  })
}

export type DevTx = {
  readonly key?: Hex
  readonly nonce: bigint
  readonly to?: Address | null
  readonly value?: bigint
  readonly data?: Uint8Array
  readonly gasLimit?: bigint
  readonly maxFeePerGas?: bigint
  readonly maxPriorityFeePerGas?: bigint
  readonly chainId?: bigint
}

/** A signed EIP-1559 transaction; by default a transfer of 1 wei from the first dev account. */
export function devTx(tx: DevTx): Uint8Array {
  const fields = [
    tx.chainId ?? DEV_CHAIN_ID,
    tx.nonce,
    tx.maxPriorityFeePerGas ?? 1_000_000_000n,
    tx.maxFeePerGas ?? 10_000_000_000n,
    tx.gasLimit ?? 21_000n,
    tx.to === null ? '0x' : (tx.to ?? `0x${'ab'.repeat(20)}`),
    tx.value ?? 1n,
    tx.data ?? new Uint8Array(),
    [],
  ]
  const signature = signHash(keccak256(encodeRlp(fields, 2)), hexToBytes(tx.key ?? (DEV_KEYS[0] as Hex)))
  const strip = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  return encodeRlp(
    [...fields, BigInt(signature[64] as number), strip(signature.subarray(0, 32)), strip(signature.subarray(32, 64))],
    2,
  )
}

/** The fork that decides the shape of a payload: that of `parent` tells its own. */
function shapeOf({ executionPayload }: ExecutionPayloadEnvelope): Fork {
  if (executionPayload.extraData.length === 2 + 2 * 17) return 'jovian'
  if (executionPayload.withdrawalsRoot !== undefined) return 'isthmus'
  if (executionPayload.extraData.length === 2 + 2 * 9) return 'holocene'
  if (executionPayload.excessBlobGas !== undefined) return 'ecotone'
  return executionPayload.withdrawals === undefined ? 'regolith' : 'canyon'
}

/** Attributes for a block on `parent`, complete for `fork`: that of the parent when nothing is said. */
export function devAttributes(
  parent: ExecutionPayloadEnvelope,
  overrides: Partial<PayloadAttributes> & { readonly fork?: Fork } = {},
): PayloadAttributes {
  const { fork = shapeOf(parent), ...rest } = overrides
  const active = (other: Fork) => FORKS.indexOf(fork) >= FORKS.indexOf(other)
  const { timestamp, gasLimit, blockNumber } = parent.executionPayload
  return {
    timestamp: timestamp + 2n,
    prevRandao: ZERO_HASH,
    suggestedFeeRecipient: SEQUENCER_FEE_VAULT,
    ...(active('canyon') && { withdrawals: [] }),
    ...(active('ecotone') && { parentBeaconBlockRoot: ZERO_HASH }),
    transactions: [devL1InfoTx(blockNumber + 1n)],
    noTxPool: true,
    gasLimit,
    ...(active('holocene') && { eip1559Params: '0x000000fa00000006' }),
    ...(active('jovian') && { minBaseFee: 0n }),
    ...rest,
  }
}

/** Builds a block on `parent` without making it the head. */
export async function buildBlock(
  engine: ExecutionClient,
  parent: ExecutionPayloadEnvelope,
  attributes: PayloadAttributes = devAttributes(parent),
): Promise<ExecutionPayloadEnvelope> {
  const { payloadId, payloadStatus } = await engine.forkchoiceUpdated(forkchoiceOf(parent), attributes)
  if (!payloadId) throw new Error(`no payload: ${JSON.stringify(payloadStatus)}`)
  return engine.getPayload(payloadId, attributes.timestamp)
}

/** Builds a block on `parent`, inserts it and makes it the head. */
export async function extendChain(
  engine: ExecutionClient,
  parent: ExecutionPayloadEnvelope,
  attributes: PayloadAttributes = devAttributes(parent),
): Promise<ExecutionPayloadEnvelope> {
  const block = await buildBlock(engine, parent, attributes)
  await insertBlock(engine, block)
  return block
}

/** Inserts a block and makes it the head. */
export async function insertBlock(engine: ExecutionClient, block: ExecutionPayloadEnvelope): Promise<void> {
  const status = await engine.newPayload(block)
  if (status.status !== 'VALID') throw new Error(`not valid: ${status.status} ${status.validationError}`)
  const { payloadStatus } = await engine.forkchoiceUpdated(forkchoiceOf(block), null)
  if (payloadStatus.status !== 'VALID') throw new Error(`head not taken: ${payloadStatus.status}`)
}

/** A forkchoice state that names only a head. */
export const forkchoiceOf = (block: ExecutionPayloadEnvelope, safe: Hash = ZERO_HASH, finalized: Hash = ZERO_HASH) => ({
  headBlockHash: block.executionPayload.blockHash,
  safeBlockHash: safe,
  finalizedBlockHash: finalized,
})

/** The genesis block as the engine has it. */
export async function genesisOf(engine: ExecutionClient): Promise<ExecutionPayloadEnvelope> {
  const genesis = await engine.getBlock({ number: 0n })
  if (!genesis) throw new Error('the engine has no genesis block')
  return genesis
}
