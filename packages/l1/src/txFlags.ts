import type { Hex } from '@keelson/protocol'
import { defineFlags, type FlagValues, flag } from '@keelson/service'
import { mnemonicToAccount } from 'viem/accounts'
import type { TxSigner } from './txApi.ts'
import type { TxManagerOptions } from './txManager.ts'
import { accountSigner, privateKeySigner } from './txSigner.ts'

const GWEI = 1e9

/** The transaction manager's flags, with op-batcher's and op-proposer's names. */
export const txManagerFlags = defineFlags('', {
  mnemonic: flag.string({ secret: true, help: 'Mnemonic that the account is derived from, together with hd-path.' }),
  hdPath: flag.string({ help: "Derivation path of the account under the mnemonic, such as m/44'/60'/0'/0/0." }),
  privateKey: flag.string({ secret: true, help: 'Private key of the account, 32 bytes of hex.' }),
  numConfirmations: flag.integer({
    default: 10,
    min: 1,
    unit: 'L1 blocks',
    help: 'Blocks that must hold or follow a transaction before it counts.',
  }),
  safeAbortNonceTooLowCount: flag.integer({
    default: 3,
    min: 1,
    help: 'Answers "nonce too low" after which a transaction counts as replaced.',
  }),
  feeLimitMultiplier: flag.integer({
    default: 5,
    min: 1,
    help: 'How many times the price of the day a raised fee may be.',
  }),
  resubmissionTimeout: flag.duration({
    default: 48_000,
    help: 'How long a transaction may wait before its fees are raised.',
  }),
  networkTimeout: flag.duration({ default: 10_000, help: 'How long one request to L1 may take.' }),
  feeLimitThreshold: flag.float({
    name: 'txmgr.fee-limit-threshold',
    default: 100,
    min: 0,
    unit: 'gwei',
    help: 'Fees below this are never held back.',
  }),
  minTipCap: flag.float({
    name: 'txmgr.min-tip-cap',
    default: 1,
    min: 0,
    unit: 'gwei',
    help: 'Lowest tip that is offered.',
  }),
  maxTipCap: flag.float({ name: 'txmgr.max-tip-cap', min: 0, unit: 'gwei', help: 'Highest tip that is offered.' }),
  minBaseFee: flag.float({
    name: 'txmgr.min-basefee',
    default: 1,
    min: 0,
    unit: 'gwei',
    help: 'Lowest base fee that is reckoned with.',
  }),
  maxBaseFee: flag.float({
    name: 'txmgr.max-basefee',
    min: 0,
    unit: 'gwei',
    help: 'Highest base fee that is reckoned with.',
  }),
  sendTimeout: flag.duration({
    name: 'txmgr.send-timeout',
    env: 'TXMGR_TX_SEND_TIMEOUT',
    default: 0,
    help: 'How long sending may take in all; 0: as long as it needs.',
  }),
  notInMempoolTimeout: flag.duration({
    name: 'txmgr.not-in-mempool-timeout',
    env: 'TXMGR_TX_NOT_IN_MEMPOOL_TIMEOUT',
    default: 120_000,
    help: 'How long publishing may be tried before it counts as failed.',
  }),
  receiptQueryInterval: flag.duration({
    name: 'txmgr.receipt-query-interval',
    default: 12_000,
    help: 'How often receipts are asked for.',
  }),
  cellProofTime: flag.uint64({
    name: 'txmgr.cell-proof-time',
    help: 'L1 time from which blobs are sent with cell proofs (Osaka). Unset: never.',
  }),
})
export type TxManagerFlags = FlagValues<typeof txManagerFlags>

/** What the flags say, as options of the transaction manager. */
export function txManagerOptions(flags: TxManagerFlags): Omit<TxManagerOptions, 'rpc' | 'signer' | 'chainId'> {
  const wei = (gwei: number) => BigInt(Math.round(gwei * GWEI))
  return {
    numConfirmations: flags.numConfirmations,
    safeAbortNonceTooLowCount: flags.safeAbortNonceTooLowCount,
    feeLimitMultiplier: flags.feeLimitMultiplier,
    resubmissionTimeoutMs: flags.resubmissionTimeout,
    feeLimitThreshold: wei(flags.feeLimitThreshold),
    minTipCap: wei(flags.minTipCap),
    minBaseFee: wei(flags.minBaseFee),
    sendTimeoutMs: flags.sendTimeout,
    notInMempoolTimeoutMs: flags.notInMempoolTimeout,
    receiptQueryIntervalMs: flags.receiptQueryInterval,
    ...(flags.maxTipCap !== undefined ? { maxTipCap: wei(flags.maxTipCap) } : {}),
    ...(flags.maxBaseFee !== undefined ? { maxBaseFee: wei(flags.maxBaseFee) } : {}),
    ...(flags.cellProofTime !== undefined ? { cellProofTime: flags.cellProofTime } : {}),
  }
}

/**
 * The signer that the flags name: a private key, or mnemonic and path.
 *
 * @throws {Error} when they name none, two, or one that is none; never with the secret in it
 */
export function signerOfFlags(flags: Pick<TxManagerFlags, 'privateKey' | 'mnemonic' | 'hdPath'>): TxSigner {
  if (flags.privateKey && flags.mnemonic) throw new Error('flags private-key and mnemonic exclude each other')
  if (flags.privateKey) {
    const key = (flags.privateKey.startsWith('0x') ? flags.privateKey : `0x${flags.privateKey}`) as Hex
    if (!/^0x[0-9a-fA-F]{64}$/.test(key)) throw new Error('flag private-key is not 32 bytes of hex')
    return privateKeySigner(key)
  }
  if (!flags.mnemonic) throw new Error('flag private-key, or mnemonic with hd-path, is required')
  if (!flags.hdPath) throw new Error('flag hd-path is required with mnemonic')
  try {
    return accountSigner(mnemonicToAccount(flags.mnemonic, { path: flags.hdPath as `m/44'/60'/${string}` }))
  } catch {
    // The library's message holds the words.
    throw new Error('flags mnemonic and hd-path do not give an account')
  }
}
