import {
  type Address,
  bytesToBigint,
  type DepositTx,
  encodeDepositTx,
  encodeRlp,
  FORKS,
  type Fork,
  type ForkSchedule,
  type Hash,
  type Hex,
  hexToBytes,
  isForkActive,
  keccak256,
  keccak256Parts,
  privateKeyToAddress,
  type RlpInput,
  signHash,
  ZERO_HASH,
} from '@keelson/protocol'
import {
  type BlockAttributes,
  type BlockExecutor,
  type BlockHeader,
  type ChainSpec,
  createBlockExecutor,
  createMemoryStore,
  createStateCache,
  createStateReader,
  decodeTransaction,
  type GenesisJson,
  genesisBlock,
  type SealedBlock,
  type TrieStateReader,
} from '../src/index.ts'

/** Funded in every {@link executorChain}. */
export const ALICE_KEY: Hex = `0x${'a1'.repeat(32)}`
export const BOB_KEY: Hex = `0x${'b0'.repeat(32)}`
export const ALICE: Address = privateKeyToAddress(hexToBytes(ALICE_KEY))
export const BOB: Address = privateKeyToAddress(hexToBytes(BOB_KEY))
export const CAROL: Address = `0x${'ca'.repeat(20)}`
export const ETHER = 10n ** 18n
export const GWEI = 10n ** 9n
export const FEE_RECIPIENT: Address = '0x4200000000000000000000000000000000000011'
export const TEST_CHAIN_ID = 901n
const GENESIS_TIME = 1_000n
export const BLOCK_TIME = 2n
const L1_BLOCK: Address = '0x4200000000000000000000000000000000000015'

/** All forks up to `fork` are active from the beginning. */
export function forksUpTo(fork: Fork): ForkSchedule {
  return Object.fromEntries(FORKS.slice(1, FORKS.indexOf(fork) + 1).map((name) => [name, 0n]))
}

const word = (value: bigint): Hex => `0x${value.toString(16).padStart(64, '0')}`

/** Storage of L1Block with these fee parameters. */
export function l1BlockStorage(params: {
  readonly l1BaseFee?: bigint
  readonly overhead?: bigint
  readonly scalar?: bigint
  readonly blobBaseFee?: bigint
  readonly baseFeeScalar?: bigint
  readonly blobBaseFeeScalar?: bigint
  readonly operatorFeeScalar?: bigint
  readonly operatorFeeConstant?: bigint
  readonly daFootprintGasScalar?: bigint
}): Record<string, string> {
  const slots: Record<number, bigint> = {
    1: params.l1BaseFee ?? 0n,
    3: ((params.baseFeeScalar ?? 0n) << 96n) | ((params.blobBaseFeeScalar ?? 0n) << 64n),
    5: params.overhead ?? 0n,
    6: params.scalar ?? 0n,
    7: params.blobBaseFee ?? 0n,
    8:
      ((params.daFootprintGasScalar ?? 0n) << 96n) |
      ((params.operatorFeeScalar ?? 0n) << 64n) |
      (params.operatorFeeConstant ?? 0n),
  }
  return Object.fromEntries(Object.entries(slots).map(([slot, value]) => [word(BigInt(slot)), word(value)]))
}

export type TestTx = {
  readonly type?: 0 | 1 | 2 | 4
  readonly key?: Hex
  readonly nonce: bigint
  readonly to?: Address | null
  readonly value?: bigint
  readonly data?: Uint8Array
  readonly gas?: bigint
  /** Gas price for types 0 and 1. */
  readonly maxFee?: bigint
  readonly tip?: bigint
  readonly chainId?: bigint
  readonly accessList?: RlpInput
  readonly authorizations?: readonly RlpInput[]
}

const part = (bytes: Uint8Array, from: number, to: number): bigint => bytesToBigint(bytes, from, to)

/** Signs a transaction of any type; by default an EIP-1559 transfer of nothing from Alice to Carol. */
export function signTx(tx: TestTx): Uint8Array {
  const { type = 2, key = ALICE_KEY, nonce, to = CAROL, value = 0n, data = new Uint8Array(0), gas = 21_000n } = tx
  const { maxFee = 10n * GWEI, tip = 0n, chainId = TEST_CHAIN_ID, accessList = [], authorizations = [] } = tx
  const target = to ?? '0x'
  const sign = (hash: Uint8Array) => {
    const signature = signHash(hash, hexToBytes(key))
    return { r: part(signature, 0, 32), s: part(signature, 32, 64), parity: BigInt(signature[64] as number) }
  }
  if (type === 0) {
    const fields: RlpInput[] = [nonce, maxFee, gas, target, value, data]
    const { r, s, parity } = sign(keccak256(encodeRlp([...fields, chainId, 0n, 0n])))
    return encodeRlp([...fields, 35n + 2n * chainId + parity, r, s])
  }
  const fees = type === 1 ? [maxFee] : [tip, maxFee]
  const fields: RlpInput[] = [chainId, nonce, ...fees, gas, target, value, data, accessList]
  if (type === 4) fields.push(authorizations)
  const { r, s, parity } = sign(keccak256(encodeRlp(fields, type)))
  return encodeRlp([...fields, parity, r, s], type)
}

/** A signed EIP-7702 authorisation. */
export function signAuthorization(key: Hex, address: Address, nonce: bigint, chainId = TEST_CHAIN_ID): RlpInput {
  const signature = signHash(keccak256Parts(Uint8Array.of(5), encodeRlp([chainId, address, nonce])), hexToBytes(key))
  return [chainId, address, nonce, BigInt(signature[64] as number), part(signature, 0, 32), part(signature, 32, 64)]
}

let deposits = 0n
/** An encoded deposit; by default one without effect, from Alice to Carol. */
export function depositTx(tx: Partial<DepositTx> = {}): Uint8Array {
  deposits++
  return encodeDepositTx({
    sourceHash: word(deposits),
    from: ALICE,
    to: CAROL,
    mint: 0n,
    value: 0n,
    gas: 100_000n,
    isSystemTx: false,
    data: new Uint8Array(0),
    ...tx,
  })
}

/** EVM code from hex, spaces allowed. */
export const code = (hex: string): Uint8Array => hexToBytes(`0x${hex.replaceAll(/\s/g, '')}`)
export const codeHex = (hex: string): Hex => `0x${hex.replaceAll(/\s/g, '')}`

export type ExecutorChainOptions = {
  readonly forks: ForkSchedule
  readonly alloc?: GenesisJson['alloc']
  readonly gasLimit?: bigint
  readonly baseFee?: bigint
  readonly genesis?: GenesisJson
}

/** A chain of executed blocks in memory, without engine, pool or database. */
export class ExecutorChain {
  readonly spec: ChainSpec
  readonly store = createMemoryStore()
  readonly cache = createStateCache()
  readonly #hashes = new Map<bigint, Hash>()
  header: BlockHeader
  hash: Hash

  constructor({ forks, alloc = {}, gasLimit = 30_000_000n, baseFee = GWEI, genesis }: ExecutorChainOptions) {
    this.spec = {
      chainId: TEST_CHAIN_ID,
      forks,
      chainOpConfig: { eip1559Elasticity: 6n, eip1559Denominator: 50n, eip1559DenominatorCanyon: 250n },
    }
    const active = (fork: Fork) => isForkActive(this.spec, fork, GENESIS_TIME)
    const holocene = active('holocene') ? '0x00000000fa00000006' : '0x'
    const block = genesisBlock(
      genesis ?? {
        timestamp: GENESIS_TIME,
        gasLimit,
        baseFeePerGas: baseFee,
        extraData: active('jovian') ? '0x01000000fa000000060000000000000000' : holocene,
        alloc: {
          [ALICE]: { balance: 1_000n * ETHER },
          [BOB]: { balance: 1_000n * ETHER },
          ...alloc,
        },
      },
      this.spec,
    )
    this.header = block.header
    this.hash = block.hash
    this.#hashes.set(block.header.number, block.hash)
    this.store.put(block.commit)
  }

  /** The state after the head. */
  get state(): TrieStateReader {
    return createStateReader({ store: this.store, root: this.header.stateRoot, cache: this.cache })
  }

  balance(address: Address): bigint {
    return this.state.getAccount(address)?.balance ?? 0n
  }

  attributes(overrides: Partial<BlockAttributes> = {}): BlockAttributes {
    const timestamp = overrides.timestamp ?? this.header.timestamp + BLOCK_TIME
    const active = (fork: Fork) => isForkActive(this.spec, fork, timestamp)
    return {
      timestamp,
      prevRandao: ZERO_HASH,
      suggestedFeeRecipient: FEE_RECIPIENT,
      gasLimit: this.header.gasLimit,
      ...(active('canyon') && { withdrawals: [] }),
      ...(active('ecotone') && { parentBeaconBlockRoot: ZERO_HASH }),
      ...(active('holocene') && { eip1559Params: '0x0000000000000000' as const }),
      ...(active('jovian') && { minBaseFee: 0n }),
      ...overrides,
    }
  }

  /** An executor for the next block. */
  executor(overrides: Partial<BlockAttributes> = {}): BlockExecutor {
    return createBlockExecutor({
      spec: this.spec,
      parent: this.header,
      parentHash: this.hash,
      reader: this.state,
      attributes: this.attributes(overrides),
      getBlockHash: (number) => this.#hashes.get(number) ?? null,
    })
  }

  /** Builds the next block of these transactions and makes it the head. */
  async build(transactions: readonly Uint8Array[], overrides: Partial<BlockAttributes> = {}): Promise<SealedBlock> {
    const executor = this.executor(overrides)
    for (const tx of transactions) await executor.applyForced(tx)
    return this.take(await executor.seal())
  }

  /** Makes a sealed block the head. */
  take(block: SealedBlock): SealedBlock {
    this.store.put(block.commit)
    this.header = block.header
    this.hash = block.hash
    this.#hashes.set(block.header.number, block.hash)
    return block
  }

  /** What the builder would hear of a pooled transaction; the block is dropped. */
  async try(tx: Uint8Array, overrides: Partial<BlockAttributes> = {}) {
    return this.executor(overrides).applyPooled(decodeTransaction(tx))
  }

  /** The rejection's code, or `null` when the transaction was taken. */
  async rejection(tx: Uint8Array, overrides: Partial<BlockAttributes> = {}): Promise<string | null> {
    const outcome = await this.try(tx, overrides)
    return 'rejected' in outcome ? outcome.rejected.code : null
  }
}

/** Alice and Bob with 1,000 ether each, L1Block with the parameters given. */
export function executorChain(
  fork: Fork,
  options: Omit<ExecutorChainOptions, 'forks'> & { readonly l1?: Parameters<typeof l1BlockStorage>[0] } = {},
): ExecutorChain {
  const { l1, alloc = {}, ...rest } = options
  return new ExecutorChain({
    forks: forksUpTo(fork),
    alloc: { ...(l1 && { [L1_BLOCK]: { nonce: 1, storage: l1BlockStorage(l1) } }), ...alloc },
    ...rest,
  })
}
