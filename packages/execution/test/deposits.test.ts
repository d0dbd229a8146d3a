import { bytesToHex, concatBytes, decodeRlp, FORKS, type Fork, orderedTrieRoot, type RlpItem } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { createdAddress, decodeTransaction, encodeReceipt } from '../src/index.ts'
import {
  ALICE,
  BOB,
  CAROL,
  code,
  codeHex,
  depositTx,
  ETHER,
  type ExecutorChain,
  executorChain,
  FEE_RECIPIENT,
  signTx,
} from '../testing/executorChain.ts'

const TARGET = `0x${'77'.repeat(20)}` as const
const NOBODY = `0x${'99'.repeat(20)}` as const
/** Reverts; stores CALLER, ORIGIN, GASPRICE in slots 0 to 2; clears slot 0. */
const REVERTS = codeHex('60006000fd')
const REPORTS = codeHex('33600055 32600155 3a600255 00')
const CLEARS = codeHex('6000600055 00')

const withCode = (hex: `0x${string}`, storage?: Record<string, string>) => ({
  alloc: { [TARGET]: { code: hex, nonce: 1, ...(storage && { storage }) } },
})

const word = (n: number) => `0x${n.toString(16).padStart(64, '0')}`
const nonceOf = (chain: ExecutorChain, address: `0x${string}`) => chain.state.getAccount(address)?.nonce ?? 0n
const sinceRegolith = FORKS.slice(FORKS.indexOf('regolith'))
const sinceCanyon = FORKS.slice(FORKS.indexOf('canyon'))

describe('deposit execution', () => {
  it.each(FORKS)('[EXE-010] [EXE-016] mints to the sender and raises its nonce in %s', async (fork) => {
    const chain = executorChain(fork)
    const { outcomes } = await chain.build([depositTx({ from: NOBODY, mint: 5n, value: 3n })])
    expect(outcomes[0]?.receipt.status).toBe(1)
    expect(chain.balance(NOBODY)).toBe(2n)
    expect(chain.balance(CAROL)).toBe(3n)
    expect(nonceOf(chain, NOBODY)).toBe(1n)
  })

  it.each(FORKS)(
    '[EXE-017] [EXE-010] [EXE-016] [EXE-019] keeps the mint of a deposit that cannot pay its value in %s',
    async (fork) => {
      const chain = executorChain(fork)
      const { outcomes, header } = await chain.build([depositTx({ from: NOBODY, mint: 5n, value: 6n, gas: 90_000n })])
      const receipt = outcomes[0]?.receipt
      expect(receipt).toMatchObject({ status: 0, logs: [] })
      expect(chain.balance(NOBODY)).toBe(5n)
      expect(chain.balance(CAROL)).toBe(0n)
      expect(nonceOf(chain, NOBODY)).toBe(1n)
      expect(header.gasUsed).toBe(90_000n)
    },
  )

  it.each(FORKS)('[EXE-021] keeps mint and nonce when the call reverts in %s', async (fork) => {
    const chain = executorChain(fork, withCode(REVERTS))
    const { outcomes } = await chain.build([depositTx({ from: NOBODY, to: TARGET, mint: 5n, value: 3n })])
    expect(outcomes[0]).toMatchObject({ evmError: 'revert', receipt: { status: 0 } })
    expect(chain.balance(NOBODY)).toBe(5n)
    expect(nonceOf(chain, NOBODY)).toBe(1n)
  })

  it('[EXE-021] keeps mint and nonce when the call runs out of gas', async () => {
    const chain = executorChain('isthmus', withCode(REPORTS))
    const { outcomes } = await chain.build([depositTx({ from: NOBODY, to: TARGET, mint: 5n, gas: 22_000n })])
    expect(outcomes[0]).toMatchObject({ evmError: 'out of gas', gasUsed: 22_000n, receipt: { status: 0 } })
    expect(chain.balance(NOBODY)).toBe(5n)
    expect(nonceOf(chain, NOBODY)).toBe(1n)
  })

  it('[EXE-011] [EXE-013] shows the sender as CALLER and ORIGIN and a gas price of 0', async () => {
    const chain = executorChain('isthmus', withCode(REPORTS))
    await chain.build([depositTx({ from: NOBODY, to: TARGET, gas: 200_000n })])
    expect(chain.state.getStorage(TARGET, 0n)).toBe(BigInt(NOBODY))
    expect(chain.state.getStorage(TARGET, 1n)).toBe(BigInt(NOBODY))
    expect(chain.state.getStorage(TARGET, 2n)).toBe(0n)
  })

  it('[EXE-011] needs neither balance for gas nor an account without code', async () => {
    const chain = executorChain('isthmus', withCode(REPORTS))
    const { outcomes } = await chain.build([depositTx({ from: TARGET, to: BOB })])
    expect(outcomes[0]?.receipt.status).toBe(1)
  })

  it.each(FORKS)('[EXE-012] [EXE-059] [EXE-051] pays nobody in %s', async (fork) => {
    const l1 = { l1BaseFee: 10n, scalar: 1_000_000n, baseFeeScalar: 5n, operatorFeeScalar: 9n, operatorFeeConstant: 9n }
    const chain = executorChain(fork, { l1 })
    const before = chain.balance(ALICE)
    await chain.build([depositTx({ from: ALICE, data: code('010203') })])
    expect(chain.balance(ALICE)).toBe(before)
    for (const vault of ['11', '19', '1a', '1b'] as const) {
      expect(chain.balance(`0x42000000000000000000000000000000000000${vault}`)).toBe(0n)
    }
  })

  it('[EXE-013] [EXE-026] creates a contract at the address of its nonce before execution', async () => {
    const chain = executorChain('canyon')
    await chain.build([depositTx({ from: NOBODY })])
    // Returns one byte of code, 0x00.
    const { outcomes } = await chain.build([depositTx({ from: NOBODY, to: null, data: code('60016000f3') })])
    const created = createdAddress(NOBODY, 1n)
    expect(outcomes[0]).toMatchObject({ contractAddress: created, receipt: { status: 1, depositNonce: 1n } })
    const account = chain.state.getAccount(created)
    expect(account && bytesToHex(chain.state.getCode(account.codeHash))).toBe('0x00')
  })

  it.each(FORKS)('[EXE-014] fails, without making the block invalid, below the intrinsic gas in %s', async (fork) => {
    const chain = executorChain(fork)
    const { outcomes } = await chain.build([depositTx({ from: NOBODY, mint: 1n, gas: 20_999n })])
    expect(outcomes[0]).toMatchObject({ gasUsed: 20_999n, receipt: { status: 0 } })
    expect(nonceOf(chain, NOBODY)).toBe(1n)
  })

  it.each(FORKS)('[EXE-014] asks for the gas of calldata and of a creation as well in %s', async (fork) => {
    const data = code(`${'00'.repeat(3)}${'01'.repeat(30)}`)
    const initcodeWords = FORKS.indexOf(fork) >= FORKS.indexOf('canyon') ? 2n : 0n
    const called = 21_000n + 3n * 4n + 30n * 16n
    const created = called + 32_000n + 2n * initcodeWords
    // From Isthmus the floor is what a call needs: 10 gas for each of 3 + 4 · 30 tokens.
    const least = FORKS.indexOf(fork) >= FORKS.indexOf('isthmus') ? 21_000n + 10n * 123n : called
    for (const [to, enough] of [
      [CAROL, least],
      [null, created],
    ] as const) {
      const at = async (gas: bigint) =>
        (await executorChain(fork).build([depositTx({ from: NOBODY, to, data, gas })])).outcomes[0]
      expect((await at(enough - 1n))?.evmError).toMatch(/intrinsic gas too low|below the calldata floor/)
      expect((await at(enough))?.evmError ?? '').not.toMatch(/intrinsic|floor/)
    }
  })

  it('[EXE-014] meters initcode words from Canyon', async () => {
    const tx = () => depositTx({ to: null, data: code('00'.repeat(64)), gas: 200_000n })
    const used = async (fork: Fork) => (await executorChain(fork).build([tx()])).header.gasUsed
    expect((await used('canyon')) - (await used('regolith'))).toBe(4n)
  })

  it.each(sinceCanyon)(
    '[EXE-011] [EXE-106] creates with initcode of any length in %s, its code does not',
    async (fork) => {
      const chain = executorChain(fork)
      const long = depositTx({ from: NOBODY, to: null, data: new Uint8Array(49_153), gas: 1_000_000n })
      // Creates a contract with that much of its memory.
      const creates = (size: string) => code(`62${size} 6000 6000 f0 50 00`)
      const nested = (size: string) =>
        depositTx({ to: null, data: concatBytes(creates(size), new Uint8Array(49_153)), gas: 5_000_000n })
      const { outcomes } = await chain.build([long, nested('00c001'), nested('00c000')])
      expect(outcomes.map(({ receipt }) => receipt.status)).toEqual([1, 0, 1])
      expect(outcomes.map(({ evmError }) => evmError)).toEqual([null, 'initcode exceeds max initcode size', null])
    },
  )

  it('[EXE-015] checks and charges the calldata floor from Isthmus', async () => {
    const data = code('01'.repeat(100))
    const intrinsic = 21_000n + 1_600n
    const floor = 21_000n + 4_000n
    const run = async (fork: Fork, gas: bigint) =>
      (await executorChain(fork).build([depositTx({ data, gas })])).outcomes[0] as {
        gasUsed: bigint
        receipt: { status: number }
      }
    expect(await run('holocene', 100_000n)).toMatchObject({ gasUsed: intrinsic, receipt: { status: 1 } })
    expect(await run('isthmus', 100_000n)).toMatchObject({ gasUsed: floor, receipt: { status: 1 } })
    expect(await run('holocene', floor - 1n)).toMatchObject({ gasUsed: intrinsic, receipt: { status: 1 } })
    expect(await run('isthmus', floor - 1n)).toMatchObject({ gasUsed: floor - 1n, receipt: { status: 0 } })
  })

  it('[EXE-018] reports the gas limit before Regolith, nothing for a system transaction', async () => {
    const chain = executorChain('bedrock')
    const { outcomes, header } = await chain.build([
      depositTx({ isSystemTx: true, gas: 150_000_000n }),
      depositTx({ gas: 100_000n }),
    ])
    expect(outcomes.map(({ gasUsed }) => gasUsed)).toEqual([0n, 100_000n])
    expect(outcomes.map(({ receipt }) => receipt.status)).toEqual([1, 1])
    expect(header.gasUsed).toBe(100_000n)
  })

  it.each(sinceRegolith)('[EXE-019] reports real gas with the refund in %s', async (fork) => {
    const chain = executorChain(fork, withCode(CLEARS, { [word(0)]: word(1) }))
    const { outcomes } = await chain.build([depositTx({ to: TARGET })])
    // 21,000 + two pushes + SSTORE to zero (5,000), of which 4,800 come back.
    expect(outcomes[0]?.gasUsed).toBe(21_000n + 6n + 5_000n - 4_800n)
  })

  it('[EXE-020] makes the block invalid when its gas limit exceeds what is left, naming the transaction', async () => {
    const chain = executorChain('isthmus', { gasLimit: 150_000n })
    const second = depositTx({ from: BOB, gas: 150_000n })
    const { hash } = decodeTransaction(second)
    const failed = chain.build([depositTx({ gas: 100_000n }), second])
    await expect(failed).rejects.toMatchObject({
      fault: { code: 'forcedTransactionFailed', data: { index: 1, hash, type: 0x7e, sender: BOB, nonce: 0n } },
    })
  })

  it.each(sinceRegolith)('[EXE-019] gives back no more than a fifth of the gas in %s', async (fork) => {
    const clearsThree = codeHex('60006000 55 60006001 55 60006002 55 00')
    const storage = Object.fromEntries([0, 1, 2].map((slot) => [word(slot), word(1)]))
    const { outcomes } = await executorChain(fork, withCode(clearsThree, storage)).build([depositTx({ to: TARGET })])
    const spent = 21_000n + 3n * (6n + 5_000n)
    expect(outcomes[0]?.gasUsed).toBe(spent - spent / 5n)
  })

  it.each(sinceRegolith)('[EXE-020] takes the gas limit of a deposit that failed off the block in %s', async (fork) => {
    const executor = executorChain(fork, { gasLimit: 200_000n }).executor()
    await executor.applyForced(depositTx({ from: NOBODY, value: 1n, gas: 150_000n }))
    expect(executor.gasLeft).toBe(50_000n)
  })

  it.each(FORKS)('[EXE-020] lets a deposit have all the gas that is left, and no more, in %s', async (fork) => {
    const chain = executorChain(fork, { gasLimit: 150_000n })
    await expect(chain.build([depositTx({ gas: 150_001n })])).rejects.toThrow('left in the block')
    expect((await chain.build([depositTx({ gas: 150_000n })])).outcomes).toHaveLength(1)
  })

  it('[EXE-020] takes only the gas it reports off the block', async () => {
    const executor = executorChain('isthmus').executor()
    const before = executor.gasLeft
    await executor.applyForced(depositTx({ gas: 1_000_000n }))
    expect(before - executor.gasLeft).toBe(21_000n)
  })

  it('[EXE-020] [EXE-018] lets a system transaction use no gas of the block before Regolith', async () => {
    const executor = executorChain('bedrock', { gasLimit: 50_000n }).executor()
    await executor.applyForced(depositTx({ isSystemTx: true, gas: 150_000_000n }))
    expect(executor.gasLeft).toBe(50_000n)
  })

  it.each(sinceRegolith)('[EXE-009] includes a system transaction as a failed deposit in %s', async (fork) => {
    const chain = executorChain(fork)
    const { outcomes } = await chain.build([depositTx({ from: NOBODY, mint: 7n, isSystemTx: true, gas: 60_000n })])
    expect(outcomes[0]).toMatchObject({ gasUsed: 60_000n, receipt: { status: 0 } })
    expect(chain.balance(NOBODY)).toBe(7n)
  })

  it('[EXE-007] [EXE-150] is not taken as a pooled transaction', async () => {
    const outcome = await executorChain('isthmus').try(depositTx())
    expect(outcome).toMatchObject({ rejected: { code: 'typeNotSupported' } })
  })

  it('[EXE-008] may stand anywhere: the engine does not check the order', async () => {
    const chain = executorChain('isthmus')
    const { outcomes } = await chain.build([depositTx(), signTx({ nonce: 1n }), depositTx({ from: BOB })])
    expect(outcomes.map(({ receipt }) => receipt.status)).toEqual([1, 1, 1])
  })
})

describe('deposit receipts', () => {
  const fieldsOf = (receipt: Uint8Array) => decodeRlp(receipt.subarray(1)) as readonly RlpItem[]

  it.each(FORKS)('[EXE-023] [EXE-024] [EXE-025] [EXE-027] have the fields of %s', async (fork) => {
    const chain = executorChain(fork)
    await chain.build([depositTx({ from: NOBODY })])
    const { receipts, header } = await chain.build([depositTx({ from: NOBODY })])
    const receipt = receipts[0] as (typeof receipts)[number]
    const encoded = encodeReceipt(receipt)
    const isCanyon = FORKS.indexOf(fork) >= FORKS.indexOf('canyon')
    expect(encoded[0]).toBe(0x7e)
    expect(fieldsOf(encoded)).toHaveLength(isCanyon ? 6 : 4)
    if (isCanyon) expect(fieldsOf(encoded).slice(4)).toEqual([Uint8Array.of(1), Uint8Array.of(1)])
    expect(receipt.depositNonce).toBe(fork === 'bedrock' ? undefined : 1n)
    expect(header.receiptsRoot).toBe(orderedTrieRoot([encoded]))
  })

  it('[EXE-028] leave the nonce out of the root between Regolith and Canyon', async () => {
    const { receipts, header } = await executorChain('regolith').build([depositTx()])
    const receipt = receipts[0] as (typeof receipts)[number]
    const { depositNonce, ...stripped } = receipt
    expect(depositNonce).toBe(0n)
    expect(header.receiptsRoot).toBe(orderedTrieRoot([encodeReceipt(stripped)]))
  })
})

describe('deposits and vaults', () => {
  it('[EXE-022] always apply, so that a block of deposits is valid whatever they do', async () => {
    const chain = executorChain('jovian', withCode(REVERTS))
    const { outcomes } = await chain.build([
      depositTx({ value: 2_000n * ETHER }),
      depositTx({ gas: 0n }),
      depositTx({ to: TARGET }),
      depositTx({ to: null, data: code('fe') }),
      depositTx({ isSystemTx: true }),
      depositTx({ from: FEE_RECIPIENT, mint: 2n ** 200n }),
    ])
    expect(outcomes.map(({ receipt }) => receipt.status)).toEqual([0, 0, 0, 0, 0, 1])
  })
})
