import { type Address, bytesToHex, type Hash, txHash } from '@keelson/protocol'
import type { Clock, Logger } from '@keelson/service'
import { openJournal } from '#journal'
import { prepareSenders } from '#senders'
import { effectiveTip, type PendingTransactions } from '../builder/bestTransactions.ts'
import type { TransactionSource } from '../builder/payloadJob.ts'
import { createBreather } from '../chain/breather.ts'
import type { Chain } from '../chain/chain.ts'
import type { HeadMove } from '../chain/chainStore.ts'
import { type L1FeeParams, readL1FeeParams } from '../fees/l1Cost.ts'
import { EMPTY_CODE_HASH } from '../state/accountCodec.ts'
import type { StateReader } from '../state/stateReader.ts'
import { L1_BLOCK } from '../transition/constants.ts'
import { decodeTransaction } from '../transition/transaction.ts'
import type { ExecutionTx } from '../transition/types.ts'
import type { Journal } from './journal.ts'
import { insufficientFunds, nonceTooLow, PoolError, senderNotEoa } from './poolError.ts'
import { checkTransaction, worstCaseCost } from './poolRules.ts'
import { type PooledTx, SenderQueue } from './senderQueue.ts'

export type PoolOptions = {
  /** Transactions of one sender; 64 executable and 64 after a gap, unless there is room: 16,384. */
  readonly maxPerAccount?: number
  /** Transactions in all; 100,000. */
  readonly maxTotal?: number
  /** How much more a replacement must offer, in per cent; 10. */
  readonly priceBumpPercent?: bigint
  /** Lowest tip let in, in wei; 0. */
  readonly minTip?: bigint
  /** Highest gas fee of a transaction sent over RPC, in wei; 1 ether, 0 for none. */
  readonly feeCap?: bigint
}

export type TxPoolParts = PoolOptions & { readonly chain: Chain; readonly clock: Clock; readonly log: Logger }

/** Transactions of the journal whose senders are recovered together. */
const JOURNAL_BATCH = 1_000

type Pending = { readonly pending: readonly PooledTx[]; readonly queued: readonly PooledTx[] }

/** 0xef0100: code of an account that delegates (EIP-7702); such an account may send transactions. */
const isDelegation = (code: Uint8Array): boolean =>
  code.length === 23 && code[0] === 0xef && code[1] === 0x01 && code[2] === 0x00

/**
 * Transactions that wait for a block. Private: it hears of them over RPC only.
 *
 * What is in it was valid at the head at which it came; after each move of the head the senders concerned are judged
 * again, and what a reorg took out of the chain comes back.
 */
export class TxPool implements TransactionSource {
  readonly #chain: Chain
  readonly #clock: Clock
  readonly #log: Logger
  readonly #maxPerAccount: number
  readonly #maxTotal: number
  readonly #bump: bigint
  readonly #minTip: bigint
  readonly #feeCap: bigint
  readonly #byHash = new Map<Hash, PooledTx>()
  readonly #bySender = new Map<Address, SenderQueue>()
  readonly #listeners = new Set<(tx: ExecutionTx) => void>()
  readonly #stopListening: () => void
  #journal: Journal | null = null
  #state: { reader: StateReader; params: L1FeeParams; nonces: Map<Address, bigint> } | null = null
  #pending: PendingTransactions | null = null
  #sequence = 0
  #version = 0

  constructor({ chain, clock, log, ...options }: TxPoolParts) {
    this.#chain = chain
    this.#clock = clock
    this.#log = log
    this.#maxPerAccount = options.maxPerAccount ?? 16_384
    this.#maxTotal = options.maxTotal ?? 100_000
    this.#bump = options.priceBumpPercent ?? 10n
    this.#minTip = options.minTip ?? 0n
    this.#feeCap = options.feeCap ?? 10n ** 18n
    this.#stopListening = chain.onHead((move) => this.#headMoved(move))
  }

  /** Reads the journal in `folder` and goes on writing it; without a folder nothing is kept. */
  async open(folder: string | undefined): Promise<void> {
    if (folder === undefined) return
    const journal = openJournal(folder)
    let restored = 0
    let refused = 0
    const breathe = createBreather(() => this.#clock.now())
    const kept = journal.read()
    for (const [i, bytes] of kept.entries()) {
      if (i % JOURNAL_BATCH === 0) await prepareSenders(kept.slice(i, i + JOURNAL_BATCH))
      try {
        this.#insert(decodeTransaction(bytes))
        restored++
      } catch {
        // Mined or outrun while we were away.
        refused++
      }
      await breathe()
    }
    this.#journal = journal
    this.#rewriteJournal()
    if (restored + refused > 0) this.#log.info('Transaction journal read', { restored, refused })
  }

  /** Raised by each change that a builder may want to see. */
  get version(): number {
    return this.#version
  }

  get size(): number {
    return this.#byHash.size
  }

  get(hash: Hash): ExecutionTx | null {
    return this.#byHash.get(hash)?.tx ?? null
  }

  /**
   * {@link TxPool.add}, with the sender recovered off the main thread when many transactions come at once.
   *
   * Rejects with {@link PoolError}.
   */
  async submit(bytes: Uint8Array): Promise<Hash> {
    await prepareSenders([bytes])
    return this.add(bytes)
  }

  /**
   * Takes a transaction in, as RPC does.
   *
   * @param bytes - EIP-2718 encoding
   * @throws {PoolError} with geth's sentence
   */
  add(bytes: Uint8Array): Hash {
    if (bytes[0] === 0x7e || bytes[0] === 0x03) {
      throw new PoolError('typeNotSupported', 'transaction type not supported')
    }
    const tx = readTransaction(bytes)
    const fee = tx.gasLimit * tx.maxFeePerGas
    if (this.#feeCap > 0n && fee > this.#feeCap) {
      throw new PoolError(
        'feeCap',
        `tx fee (${inEther(fee)} ether) exceeds the configured cap (${inEther(this.#feeCap)} ether)`,
      )
    }
    this.#insert(tx)
    this.#journal?.append(bytes)
    return tx.hash
  }

  /** The nonce of the account's next transaction, those in the pool counted. */
  nextNonce(sender: Address): bigint {
    const nonce = this.#nonceOf(sender)
    const queue = this.#bySender.get(sender)
    return queue ? nonce + BigInt(queue.pendingCount(nonce)) : nonce
  }

  /** Executable transactions by sender, in order of the senders' first arrival. */
  pending(): PendingTransactions {
    if (!this.#pending) {
      const pending = new Map<Address, readonly ExecutionTx[]>()
      for (const [sender, queue] of this.#bySender) {
        const list = queue.split(this.#nonceOf(sender)).pending
        if (list.length > 0)
          pending.set(
            sender,
            list.map(({ tx }) => tx),
          )
      }
      this.#pending = pending
    }
    return this.#pending
  }

  /** Everything, for `txpool_content`. */
  content(): ReadonlyMap<Address, Pending> {
    return new Map([...this.#bySender].map(([sender, queue]) => [sender, queue.split(this.#nonceOf(sender))]))
  }

  /** Everything of one sender. */
  contentOf(sender: Address): Pending {
    return this.#bySender.get(sender)?.split(this.#nonceOf(sender)) ?? { pending: [], queued: [] }
  }

  /** Calls `listener` with each transaction that becomes executable; the returned function ends it. */
  onPending(listener: (tx: ExecutionTx) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A builder found that the transaction cannot stand in a block: judges its sender again, and drops it if need be. */
  reject(tx: ExecutionTx, reason: string): void {
    this.#log.debug('Transaction left out of a block', { hash: tx.hash, reason })
    this.#judge(tx.sender)
  }

  async close(): Promise<void> {
    this.#stopListening()
    this.#journal?.close()
  }

  #insert(tx: ExecutionTx): void {
    if (this.#byHash.has(tx.hash)) throw new PoolError('alreadyKnown', 'already known')
    const { spec, head } = this.#chain
    checkTransaction(tx, { spec, head: head.header, minTip: this.#minTip })
    const cost = this.#checkSender(tx)
    const queue = this.#bySender.get(tx.sender) ?? new SenderQueue()
    const old = queue.get(tx.nonce)
    if (old) this.#checkReplacement(tx, old.tx)
    else if (queue.size >= this.#maxPerAccount) {
      throw new PoolError('accountLimit', `account limit exceeded: pooled ${queue.size} txs`)
    } else if (this.#byHash.size >= this.#maxTotal) this.#makeRoom(tx)
    if (old) this.#byHash.delete(old.tx.hash)
    const entry = { tx, sequence: this.#sequence++, cost }
    this.#bySender.set(tx.sender, queue)
    const nonce = this.#nonceOf(tx.sender)
    const before = queue.pendingCount(nonce)
    queue.set(entry)
    this.#byHash.set(tx.hash, entry)
    this.#changed()
    if (this.#listeners.size === 0) return
    const { pending } = queue.split(nonce)
    const promoted = old ? (pending.includes(entry) ? [entry] : []) : pending.slice(before)
    for (const { tx: ready } of promoted) for (const listener of this.#listeners) listener(ready)
  }

  /** @returns the worst-case cost */
  #checkSender(tx: ExecutionTx): bigint {
    const { reader, params } = this.#headState()
    const account = reader.getAccount(tx.sender)
    const nonce = account?.nonce ?? 0n
    if (account && account.codeHash !== EMPTY_CODE_HASH && !isDelegation(reader.getCode(account.codeHash))) {
      throw senderNotEoa(tx.sender, account.codeHash)
    }
    if (tx.nonce < nonce) throw nonceTooLow(nonce, tx.nonce)
    if (tx.nonce === 2n ** 64n - 1n) throw new PoolError('nonceOverflow', 'nonce has max value')
    const { spec, head } = this.#chain
    const cost = worstCaseCost(tx, spec, head.header.timestamp, params)
    const balance = account?.balance ?? 0n
    if (balance < cost) throw insufficientFunds(balance, cost)
    const spent = this.#bySender.get(tx.sender)?.costBelow(tx.nonce, nonce) ?? 0n
    if (balance < spent + cost) {
      throw new PoolError(
        'insufficientFunds',
        `insufficient funds for gas * price + value: balance ${balance}, queued cost ${spent}, tx cost ${cost}, overshot ${spent + cost - balance}`,
      )
    }
    return cost
  }

  #checkReplacement(tx: ExecutionTx, old: ExecutionTx): void {
    const needed = (price: bigint) => (price * (100n + this.#bump)) / 100n
    const enough =
      tx.maxFeePerGas > old.maxFeePerGas &&
      tx.maxPriorityFeePerGas > old.maxPriorityFeePerGas &&
      tx.maxFeePerGas >= needed(old.maxFeePerGas) &&
      tx.maxPriorityFeePerGas >= needed(old.maxPriorityFeePerGas)
    if (!enough) throw new PoolError('replacementUnderpriced', 'replacement transaction underpriced')
  }

  /** Drops the cheapest transaction, the last of its sender's, for a better one. */
  #makeRoom(tx: ExecutionTx): void {
    const baseFee = this.#chain.head.header.baseFeePerGas
    const worth = (candidate: ExecutionTx) => effectiveTip(candidate, baseFee) ?? -1n
    let worst: PooledTx | null = null
    for (const queue of this.#bySender.values()) {
      const last = queue.last()
      if (last && (!worst || worth(last.tx) < worth(worst.tx))) worst = last
    }
    if (!worst || worth(worst.tx) >= worth(tx)) throw new PoolError('poolFull', 'txpool is full')
    this.#drop(worst)
    this.#log.debug('Transaction evicted', { hash: worst.tx.hash })
  }

  #replace({ tx, sequence }: PooledTx, cost: bigint): void {
    const entry = { tx, sequence, cost }
    this.#byHash.set(tx.hash, entry)
    this.#bySender.get(tx.sender)?.set(entry)
  }

  #drop({ tx }: PooledTx): void {
    this.#byHash.delete(tx.hash)
    const queue = this.#bySender.get(tx.sender)
    queue?.delete(tx.nonce)
    if (queue?.size === 0) this.#bySender.delete(tx.sender)
    this.#changed()
  }

  #changed(): void {
    this.#version++
    this.#pending = null
  }

  #headState() {
    if (!this.#state) {
      const reader = this.#chain.stateOf(this.#chain.head.header)
      const params = readL1FeeParams((slot) => reader.getStorage(L1_BLOCK, slot))
      this.#state = { reader, params, nonces: new Map() }
    }
    return this.#state
  }

  #nonceOf(sender: Address): bigint {
    const { reader, nonces } = this.#headState()
    let nonce = nonces.get(sender)
    if (nonce === undefined) {
      nonce = reader.getAccount(sender)?.nonce ?? 0n
      nonces.set(sender, nonce)
    }
    return nonce
  }

  #headMoved({ added, removed }: HeadMove): void {
    this.#state = null
    this.#changed()
    const touched = new Set<Address>()
    const mined = new Set<Hash>()
    for (const { transactions } of added) {
      for (const bytes of transactions) {
        const hash = txHash(bytes)
        const tx = this.#byHash.get(hash)?.tx ?? decodeTransaction(bytes)
        mined.add(hash)
        touched.add(tx.sender)
        if (tx.to) touched.add(tx.to)
      }
    }
    const dropped = removed.flatMap(({ transactions }) => transactions.map(decodeTransaction))
    for (const tx of dropped) touched.add(tx.sender)
    for (const sender of removed.length > 0 ? [...this.#bySender.keys()] : touched) this.#judge(sender)
    for (const tx of dropped) if (tx.type !== 0x7e && !mined.has(tx.hash)) this.#reinject(tx)
    if (this.#journal && this.#journal.count > 2 * this.#byHash.size + 1000) this.#rewriteJournal()
  }

  #reinject(tx: ExecutionTx): void {
    try {
      this.#insert(tx)
      this.#journal?.append(tx.bytes)
    } catch (error) {
      this.#log.debug('Transaction of a dropped block not taken back', {
        hash: tx.hash,
        reason: (error as Error).message,
      })
    }
  }

  /** Drops what the sender's account no longer allows. */
  #judge(sender: Address): void {
    const queue = this.#bySender.get(sender)
    if (!queue) return
    const { reader, params } = this.#headState()
    const { spec, head } = this.#chain
    const account = reader.getAccount(sender)
    const balance = account?.balance ?? 0n
    const outrun = queue.takeBelow(account?.nonce ?? 0n)
    for (const { tx } of outrun) this.#byHash.delete(tx.hash)
    if (queue.size === 0) this.#bySender.delete(sender)
    if (outrun.length > 0) this.#changed()
    for (const entry of queue.all()) {
      const { tx } = entry
      const cost = worstCaseCost(tx, spec, head.header.timestamp, params)
      if (cost > balance || tx.gasLimit > head.header.gasLimit) {
        this.#drop(entry)
      } else if (cost !== entry.cost) this.#replace(entry, cost)
    }
  }

  #rewriteJournal(): void {
    this.#journal?.rewrite([...this.#byHash.values()].sort((a, b) => a.sequence - b.sequence).map(({ tx }) => tx.bytes))
  }
}

function readTransaction(bytes: Uint8Array): ExecutionTx {
  let tx: ExecutionTx
  try {
    tx = decodeTransaction(bytes)
  } catch (cause) {
    const { fault } = cause as { fault?: { data?: { reason?: string } } }
    const reason = fault?.data?.reason ?? (cause as Error).message
    if (reason === 'invalid signature') throw new PoolError('badTransaction', 'invalid sender', { cause })
    throw new PoolError('badTransaction', `rlp: ${reason} (${bytesToHex(bytes.subarray(0, 16))}…)`, { cause })
  }
  return tx
}

/** Two decimals, as geth prints fees. */
function inEther(wei: bigint): string {
  const cents = (wei * 100n + 5n * 10n ** 17n) / 10n ** 18n
  return `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`
}
