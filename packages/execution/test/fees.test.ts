import { FORKS, type Fork } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { daFootprint, fastLzSize, l1Fee, operatorFee, readL1FeeParams } from '../src/index.ts'
import {
  ALICE,
  BOB,
  CAROL,
  code,
  codeHex,
  depositTx,
  ETHER,
  ExecutorChain,
  executorChain,
  FEE_RECIPIENT,
  forksUpTo,
  GWEI,
  l1BlockStorage,
  signTx,
} from '../testing/executorChain.ts'

const BASE_FEE_VAULT = '0x4200000000000000000000000000000000000019'
const L1_FEE_VAULT = '0x420000000000000000000000000000000000001a'
const OPERATOR_FEE_VAULT = '0x420000000000000000000000000000000000001b'
const L1_BLOCK = '0x4200000000000000000000000000000000000015'
const TARGET = `0x${'77'.repeat(20)}` as const
const word = (n: number) => `0x${n.toString(16).padStart(64, '0')}`

const L1 = {
  l1BaseFee: 30n * GWEI,
  overhead: 188n,
  scalar: 684_000n,
  blobBaseFee: 7n,
  baseFeeScalar: 5_227n,
  blobBaseFeeScalar: 1_014_213n,
  operatorFeeScalar: 2_000_000n,
  operatorFeeConstant: 12_345n,
  daFootprintGasScalar: 400n,
}
const params = readL1FeeParams((slot) => BigInt(l1BlockStorage(L1)[word(Number(slot))] ?? 0))
const since = (fork: Fork) => FORKS.slice(FORKS.indexOf(fork))

describe('fees', () => {
  it.each(FORKS)(
    '[EXE-029] [EXE-030] [EXE-031] [EXE-032] [EXE-034] [EXE-036] [EXE-037] go to their vaults in %s, and none is lost',
    async (fork) => {
      const chain = executorChain(fork, { l1: L1 })
      const tx = signTx({ nonce: 0n, value: 5n, tip: GWEI, gas: 30_000n })
      const { outcomes, header } = await chain.build([tx])
      const time = header.timestamp
      const operator = operatorFee(chain.spec, time, params, 21_000n)
      expect(outcomes[0]?.gasUsed).toBe(21_000n)
      expect(chain.balance(FEE_RECIPIENT)).toBe(GWEI * 21_000n)
      expect(chain.balance(BASE_FEE_VAULT)).toBe(header.baseFeePerGas * 21_000n)
      expect(chain.balance(L1_FEE_VAULT)).toBe(l1Fee(chain.spec, time, params, tx))
      expect(chain.balance(OPERATOR_FEE_VAULT)).toBe(operator)
      const accounts = [ALICE, CAROL, FEE_RECIPIENT, BASE_FEE_VAULT, L1_FEE_VAULT, OPERATOR_FEE_VAULT] as const
      expect(accounts.map((address) => chain.balance(address)).reduce((a, b) => a + b)).toBe(1_000n * ETHER)
    },
  )

  it('[EXE-033] leave no log, and touch an empty vault account without keeping it', async () => {
    const chain = executorChain('isthmus')
    const { receipts } = await chain.build([signTx({ nonce: 0n })])
    expect(receipts[0]?.logs).toEqual([])
    expect(chain.state.getAccount(L1_FEE_VAULT)).toBeNull()
    expect(chain.state.getAccount(OPERATOR_FEE_VAULT)).toBeNull()
  })

  it('[EXE-033] touch the vaults even with nothing, so that empty accounts there go away', async () => {
    const empty = { balance: 0n }
    const chain = executorChain('isthmus', { alloc: { [L1_FEE_VAULT]: empty, [OPERATOR_FEE_VAULT]: empty } })
    expect(chain.state.getAccount(OPERATOR_FEE_VAULT)).not.toBeNull()
    await chain.build([signTx({ nonce: 0n })])
    expect(chain.state.getAccount(L1_FEE_VAULT)).toBeNull()
    expect(chain.state.getAccount(OPERATOR_FEE_VAULT)).toBeNull()
  })

  it('[EXE-034] [EXE-037] charge the L1 cost of the whole signed encoding, also when the call fails', async () => {
    const alloc = { [TARGET]: { code: codeHex('60006000fd'), nonce: 1 } }
    const chain = executorChain('fjord', { l1: L1, alloc })
    const tx = signTx({ nonce: 0n, to: TARGET, data: code('ab'.repeat(300)), gas: 100_000n })
    const { outcomes, header } = await chain.build([tx])
    expect(outcomes[0]?.receipt.status).toBe(0)
    const fee = l1Fee(chain.spec, header.timestamp, params, tx)
    expect(chain.balance(L1_FEE_VAULT)).toBe(fee)
    const { gasUsed, effectiveGasPrice } = outcomes[0] as (typeof outcomes)[number]
    expect(gasUsed).toBeLessThan(100_000n)
    expect(1_000n * ETHER - chain.balance(ALICE)).toBe(gasUsed * effectiveGasPrice + fee)
  })

  it.each(FORKS)('[EXE-035] [EXE-056] [EXE-062] reject a sender that cannot pay the worst case in %s', async (fork) => {
    const poor = executorChain(fork, { l1: L1 })
    const shape = { nonce: 0n, value: 7n, maxFee: 3n * GWEI, gas: 25_000n }
    const tx = signTx(shape)
    const time = poor.attributes().timestamp
    const cost =
      7n + 25_000n * 3n * GWEI + l1Fee(poor.spec, time, params, tx) + operatorFee(poor.spec, time, params, 25_000n)
    const withBalance = (balance: bigint) => executorChain(fork, { l1: L1, alloc: { [ALICE]: { balance } } })
    expect(await withBalance(cost - 1n).rejection(tx)).toBe('insufficientFunds')
    expect(await withBalance(cost).rejection(tx)).toBeNull()
  })

  it('[EXE-036] use the L1 attributes of the current block', async () => {
    // L1Block here takes what it is called with as its base fee.
    const alloc = { [L1_BLOCK]: { nonce: 1, code: codeHex('600035 600155 00'), storage: l1BlockStorage(L1) } }
    const chain = executorChain('ecotone', { alloc })
    const tx = signTx({ nonce: 0n })
    const l1Info = depositTx({ from: BOB, to: L1_BLOCK, data: code(`${'0'.repeat(60)}0bad`) })
    const { header } = await chain.build([l1Info, tx])
    const current = { ...L1, l1BaseFee: 0x0badn }
    const now = readL1FeeParams((slot) => BigInt(l1BlockStorage(current)[word(Number(slot))] ?? 0))
    expect(chain.balance(L1_FEE_VAULT)).toBe(l1Fee(chain.spec, header.timestamp, now, tx))
  })

  it('[EXE-044] use the old formula in the activation block of Ecotone', async () => {
    const chain = new ExecutorChain({
      forks: { ...forksUpTo('delta'), ecotone: 1_002n },
      alloc: {
        [L1_BLOCK]: { nonce: 1, storage: l1BlockStorage({ l1BaseFee: 9n, overhead: 10n, scalar: 1_000_000n }) },
      },
    })
    const tx = signTx({ nonce: 0n })
    await chain.build([tx])
    const old = { ...params, l1BaseFee: 9n, overhead: 10n, scalar: 1_000_000n }
    expect(chain.balance(L1_FEE_VAULT)).toBe(l1Fee({ ...chain.spec, forks: forksUpTo('delta') }, 1_002n, old, tx))
  })
})

describe('operator fee', () => {
  it.each(since('isthmus'))(
    '[EXE-057] [EXE-058] is charged for the gas used after refund and floor in %s',
    async (fork) => {
      // Clears a slot: 4,800 gas come back.
      const alloc = { [TARGET]: { code: codeHex('6000600055 00'), nonce: 1, storage: { [word(0)]: word(1) } } }
      const chain = executorChain(fork, { l1: L1, alloc })
      const { outcomes, header } = await chain.build([signTx({ nonce: 0n, to: TARGET, gas: 100_000n })])
      const gasUsed = 21_206n
      expect(outcomes[0]?.gasUsed).toBe(gasUsed)
      expect(outcomes[0]?.operatorFee).toBe(operatorFee(chain.spec, header.timestamp, params, gasUsed))
      const fee = operatorFee(chain.spec, header.timestamp, params, gasUsed)
      expect(chain.balance(OPERATOR_FEE_VAULT)).toBe(fee)
      // The sender has what was taken for the whole gas limit back, but for that.
      const { effectiveGasPrice, l1Fee: dataFee } = outcomes[0] as (typeof outcomes)[number]
      expect(1_000n * ETHER - chain.balance(ALICE)).toBe(gasUsed * effectiveGasPrice + dataFee + fee)
    },
  )

  it('[EXE-058] counts the calldata floor', async () => {
    const chain = executorChain('isthmus', { l1: L1 })
    const { outcomes, header } = await chain.build([signTx({ nonce: 0n, data: code('01'.repeat(100)), gas: 100_000n })])
    expect(outcomes[0]?.gasUsed).toBe(25_000n)
    expect(chain.balance(OPERATOR_FEE_VAULT)).toBe(operatorFee(chain.spec, header.timestamp, params, 25_000n))
  })

  it('[EXE-061] is 0 in the activation block, where slot 8 is not written yet', async () => {
    const { operatorFeeScalar: _s, operatorFeeConstant: _c, daFootprintGasScalar: _d, ...before } = L1
    const chain = new ExecutorChain({
      forks: { ...forksUpTo('holocene'), isthmus: 1_002n },
      alloc: { [L1_BLOCK]: { nonce: 1, storage: l1BlockStorage(before) } },
    })
    const { outcomes } = await chain.build([signTx({ nonce: 0n })])
    expect(outcomes[0]?.operatorFee).toBe(0n)
  })
})

describe('DA footprint', () => {
  const big = (nonce: bigint) =>
    signTx({ nonce, data: Uint8Array.from({ length: 2_000 }, (_, i) => (i * 31 + (i >> 3)) & 0xff), gas: 150_000n })

  it('[EXE-079] [EXE-081] is summed up in blobGasUsed, deposits left out', async () => {
    const chain = executorChain('jovian', { l1: L1 })
    const txs = [signTx({ nonce: 1n }), big(2n)]
    const { header, outcomes } = await chain.build([depositTx(), ...txs])
    const sum = txs.map((tx) => daFootprint(params, fastLzSize(tx))).reduce((a, b) => a + b)
    expect(header.blobGasUsed).toBe(sum)
    expect(header.excessBlobGas).toBe(0n)
    expect(outcomes[0]?.daFootprint).toBe(0n)
    expect(sum % 131_072n).not.toBe(0n)
  })

  it('[EXE-080] [EXE-085] may reach the gas limit and not exceed it; a pooled transaction is left out', async () => {
    const footprint = daFootprint(params, fastLzSize(signTx({ nonce: 0n })))
    const chain = executorChain('jovian', { l1: L1 })
    const exact = await chain.build([signTx({ nonce: 0n })], { gasLimit: footprint })
    expect(exact.header.blobGasUsed).toBe(exact.header.gasLimit)
    expect(await chain.rejection(signTx({ nonce: 1n }), { gasLimit: footprint - 1n })).toBe('daFootprintExceeded')
    await expect(chain.build([signTx({ nonce: 1n })], { gasLimit: footprint - 1n })).rejects.toMatchObject({
      fault: { code: 'forcedTransactionFailed', data: { code: 'daFootprintExceeded' } },
    })
  })

  it('[EXE-080] leaves the block usable after a rejection', async () => {
    const l1 = { ...L1, daFootprintGasScalar: 4_000n }
    const chain = executorChain('jovian', { l1 })
    // Two small transactions of 400,000 each.
    const executor = chain.executor({ gasLimit: 800_000n })
    await executor.applyForced(signTx({ nonce: 0n }))
    await expect(executor.applyForced(big(1n))).rejects.toThrow('DA footprint')
    await executor.applyForced(signTx({ nonce: 1n }))
    expect((await executor.seal()).outcomes).toHaveLength(2)
  })

  it('[EXE-083] is 0 in the activation block, which has deposits only', async () => {
    const chain = new ExecutorChain({ forks: { ...forksUpTo('isthmus'), jovian: 1_002n } })
    expect(await chain.rejection(signTx({ nonce: 0n }))).toBe('notAllowedInActivationBlock')
    const { header } = await chain.build([depositTx()])
    expect(header.blobGasUsed).toBe(0n)
  })

  it('[EXE-084] is not checked against the blob limit of L1', async () => {
    const chain = executorChain('jovian', { l1: { ...L1, daFootprintGasScalar: 10_000n } })
    const { header } = await chain.build([signTx({ nonce: 0n }), signTx({ nonce: 1n })])
    expect(header.blobGasUsed).toBe(2_000_000n)
  })
})
