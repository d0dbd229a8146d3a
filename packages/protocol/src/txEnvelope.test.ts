import fc from 'fast-check'
import { type TransactionSerializable, keccak256 as viemKeccak } from 'viem'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { testHash } from '../testing/index.ts'
import { account, authorization, privateKey, transactions } from '../testing/transactionsOfAllTypes.ts'
import { bytesToHex, hexToBytes } from './bytes.ts'
import { CodecError } from './codecError.ts'
import { encodeDepositTx } from './depositTx.ts'
import { encodeRlp, RlpReader } from './rlp.ts'
import { privateKeyToAddress, recoverAddress, setSecp256k1, signHash } from './secp256k1.ts'
import { recoverSender, senderOf } from './sender.ts'
import {
  decodeAccessList,
  decodeAuthorizations,
  decodeTxEnvelope,
  type SignedTx,
  tryDecodeTxEnvelope,
  txHash,
  txType,
} from './txEnvelope.ts'

const sender = account.address.toLowerCase()

describe('transaction envelopes', () => {
  for (const [name, tx] of Object.entries(transactions)) {
    it(`read ${name}, its sender and hash`, async () => {
      const raw = await account.signTransaction(tx)
      const bytes = hexToBytes(raw)
      const decoded = decodeTxEnvelope(bytes) as SignedTx
      expect(decoded).toMatchObject({
        chainId: tx.chainId === undefined ? null : BigInt(tx.chainId),
        nonce: BigInt(tx.nonce ?? 0),
        gasLimit: tx.gas ?? 0n,
        maxFeePerGas: tx.maxFeePerGas ?? tx.gasPrice ?? 0n,
        maxPriorityFeePerGas: tx.maxPriorityFeePerGas ?? tx.gasPrice ?? 0n,
        to: tx.to?.toLowerCase() ?? null,
        value: tx.value ?? 0n,
        blobVersionedHashes: tx.blobVersionedHashes ?? [],
        maxFeePerBlobGas: tx.maxFeePerBlobGas ?? 0n,
      })
      expect(bytesToHex(decoded.input)).toBe(tx.data ?? '0x')
      expect(decoded.input.buffer).toBe(bytes.buffer)
      expect(decodeAccessList(decoded.accessListRlp)).toEqual(
        (tx.accessList ?? []).map((entry) => ({ ...entry, address: entry.address.toLowerCase() })),
      )
      expect(recoverSender(bytes)).toBe(sender)
      expect(txHash(bytes)).toBe(viemKeccak(raw))
      expect(txType(bytes)).toBe(decoded.type)
    })
  }

  it('read the authorizations of EIP-7702', async () => {
    const raw = await account.signTransaction(transactions['EIP-7702'] as TransactionSerializable)
    const { authorizationListRlp } = decodeTxEnvelope(hexToBytes(raw)) as SignedTx
    expect(decodeAuthorizations(authorizationListRlp)).toEqual([
      {
        chainId: 10n,
        address: sender,
        nonce: 3n,
        yParity: BigInt(authorization.yParity ?? 0),
        r: BigInt(authorization.r),
        s: BigInt(authorization.s),
      },
    ])
  })

  it('read deposits, whose sender is a field', () => {
    const deposit = {
      sourceHash: testHash(1),
      from: testHash(0xaa).slice(0, 42) as `0x${string}`,
      to: null,
      mint: 1n,
      value: 2n,
      gas: 3n,
      isSystemTx: false,
      data: Uint8Array.of(1),
    }
    const bytes = encodeDepositTx(deposit)
    const decoded = decodeTxEnvelope(bytes)
    expect(decoded).toMatchObject({ type: 0x7e, to: null, value: 2n, gasLimit: 3n, deposit })
    expect(senderOf(bytes, decoded)).toBe(deposit.from)
  })

  it('refuse other types, the type 0 prefix and no bytes at all', () => {
    for (const first of [0, 5, 0x7d, 0x7f, 0x80, 0xbf]) {
      expect(() => decodeTxEnvelope(Uint8Array.of(first, 0xc0))).toThrow(`unknown transaction type ${first}`)
    }
    expect(tryDecodeTxEnvelope(new Uint8Array(0))).toBeNull()
    expect(txType(new Uint8Array(0))).toBeNull()
    expect(txType(Uint8Array.of(0x80))).toBeNull()
  })

  it('refuse every transaction that is cut short or has a byte too many', async () => {
    for (const tx of Object.values(transactions)) {
      const bytes = hexToBytes(await account.signTransaction(tx))
      for (let end = 0; end < bytes.length; end++) expect(tryDecodeTxEnvelope(bytes.subarray(0, end))).toBeNull()
      expect(tryDecodeTxEnvelope(new Uint8Array([...bytes, 0]))).toBeNull()
    }
  })

  it('refuse blob and set-code transactions that create', async () => {
    for (const name of ['EIP-4844', 'EIP-7702']) {
      const bytes = hexToBytes(await account.signTransaction(transactions[name] as TransactionSerializable))
      const fields = new RlpReader(bytes, 1).item() as Uint8Array[]
      expect(tryDecodeTxEnvelope(encodeRlp(fields, bytes[0]))).not.toBeNull()
      expect(tryDecodeTxEnvelope(encodeRlp(fields.with(5, new Uint8Array(0)), bytes[0]))).toBeNull()
    }
  })

  it('throw nothing but CodecError, whatever the bytes are', async () => {
    const samples = await Promise.all(Object.values(transactions).map((tx) => account.signTransaction(tx)))
    const inputs = fc.tuple(fc.constantFrom(...samples), fc.nat(), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(inputs, ([sample, at, byte]) => {
        const bytes = hexToBytes(sample)
        bytes[at % bytes.length] = byte
        try {
          decodeTxEnvelope(bytes)
        } catch (err) {
          expect(err).toBeInstanceOf(CodecError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('senders', () => {
  afterEach(() => setSecp256k1(null))

  it('have no account for a high s (EIP-2), a zero r or s, or an s of the order', async () => {
    const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const raw = await account.signTransaction(transactions['EIP-1559'] as TransactionSerializable)
    const fields = new RlpReader(hexToBytes(raw), 1).item() as Uint8Array[]
    const { signature } = decodeTxEnvelope(hexToBytes(raw)) as SignedTx
    const withSignature = (yParity: number, r: bigint, s: bigint) =>
      encodeRlp([...fields.slice(0, 9), yParity, r, s], 2)
    expect(recoverSender(withSignature(signature.yParity, signature.r, signature.s))).toBe(sender)
    expect(recoverSender(withSignature(1 - signature.yParity, signature.r, n - signature.s))).toBeNull()
    for (const [r, s] of [
      [0n, signature.s],
      [signature.r, 0n],
      [n, signature.s],
      [signature.r, n],
    ] as const) {
      expect(recoverSender(withSignature(0, r, s))).toBeNull()
    }
    expect(recoverSender(Uint8Array.of(1, 2, 3))).toBeNull()
  })

  it('come from the curve implementation that was set', async () => {
    const raw = hexToBytes(await account.signTransaction(transactions['EIP-1559'] as TransactionSerializable))
    const recoverPublicKey = vi.fn(() => null)
    setSecp256k1({ recoverPublicKey, sign: () => ({ signature: new Uint8Array(64), recovery: 0 }) })
    expect(recoverSender(raw)).toBeNull()
    expect(recoverPublicKey).toHaveBeenCalledOnce()
    setSecp256k1(null)
    expect(recoverSender(raw)).toBe(sender)
  })

  it('sign and recover hashes', async () => {
    const hash = hexToBytes(testHash(0x99))
    const signature = signHash(hash, hexToBytes(privateKey))
    expect(bytesToHex(signature.subarray(0, 64))).toBe((await account.sign({ hash: testHash(0x99) })).slice(0, 130))
    expect(recoverAddress(hash, signature, signature[64] as 0 | 1)).toBe(sender)
    expect(privateKeyToAddress(hexToBytes(privateKey))).toBe(sender)
    expect(recoverAddress(hash, new Uint8Array(64), 0)).toBeNull()
    expect(recoverAddress(hash, new Uint8Array(10), 0)).toBeNull()
  })
})
