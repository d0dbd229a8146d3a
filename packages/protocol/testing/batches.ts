import {
  type Address,
  encodeRlp,
  type Hash,
  type Hex,
  type RlpInput,
  type SingularBatch,
  type SpanBatchChain,
} from '../src/index.ts'

/** The fields of a transaction, signature and all; absent ones are what a plain transfer has. */
export type TxFields = {
  readonly type: 0 | 1 | 2 | 4
  readonly chainId: bigint
  readonly nonce: bigint
  readonly tip: bigint
  /** Gas price of types 0 and 1. */
  readonly maxFee: bigint
  readonly gas: bigint
  /** `0x`: creates a contract. */
  readonly to: Address | '0x'
  readonly value: bigint
  readonly input: Uint8Array
  readonly accessList: readonly (readonly [Address, readonly Hash[]])[]
  readonly authorizations: readonly (readonly [bigint, Address, bigint, bigint, bigint, bigint])[]
  /** Legacy only: whether v carries the chain id. */
  readonly isProtected: boolean
  readonly yParity: 0 | 1
  readonly r: bigint
  readonly s: bigint
}

const plain: TxFields = {
  type: 2,
  chainId: 10n,
  nonce: 7n,
  tip: 1_000_000n,
  maxFee: 2_000_000_000n,
  gas: 21_000n,
  to: `0x${'42'.repeat(20)}`,
  value: 1n,
  input: new Uint8Array(0),
  accessList: [],
  authorizations: [],
  isProtected: true,
  yParity: 0,
  r: 0xabcdn,
  s: 0x1234n,
}

/** A transaction as EIP-2718 encoding; its signature is whatever `fields` say and belongs to nobody. */
export function testTx(fields: Partial<TxFields> = {}): Uint8Array {
  const tx = { ...plain, ...fields }
  const { type, chainId, nonce, tip, maxFee, gas, to, value, input, accessList, authorizations, r, s } = tx
  const parity = BigInt(tx.yParity)
  if (type === 0) {
    const v = parity + (tx.isProtected ? 2n * chainId + 35n : 27n)
    return encodeRlp([nonce, maxFee, gas, to, value, input, v, r, s])
  }
  const fees: RlpInput[] = type === 1 ? [maxFee] : [tip, maxFee]
  const lists: RlpInput[] = type === 4 ? [accessList, authorizations] : [accessList]
  return encodeRlp([chainId, nonce, ...fees, gas, to, value, input, ...lists, parity, r, s], type)
}

const hashOf = (text: string): Hash => `0x${text.padStart(64, '0')}`

/** A singular batch; by default an empty block of epoch 100. */
export function testBatch(fields: Partial<SingularBatch> = {}): SingularBatch {
  return {
    parentHash: hashOf('aa'),
    epochNumber: 100n,
    epochHash: hashOf('bb'),
    timestamp: 1_000n,
    transactions: [],
    ...fields,
  }
}

/** Constants that go with {@link testTx} and {@link testBatch}. */
export const TEST_CHAIN: SpanBatchChain = { genesis: { l2Time: 900n }, blockTime: 2n, l2ChainId: 10n }

/** A channel id made from a number. */
export const testChannelId = (n: number): Hex => `0x${n.toString(16).padStart(32, '0')}`
