import {
  bigintToBytes,
  bytesToHex,
  concatBytes,
  FORKS,
  type Fork,
  type Hex,
  hexToBytes,
  padLeft,
} from '@keelson/protocol'
import { p256 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import { decodeTransaction, simulateCall } from '../src/index.ts'
import {
  ALICE,
  ALICE_KEY,
  BOB,
  BOB_KEY,
  CAROL,
  code,
  codeHex,
  depositTx,
  ExecutorChain,
  executorChain,
  forksUpTo,
  GWEI,
  signAuthorization,
  signTx,
} from '../testing/executorChain.ts'

const TARGET = `0x${'77'.repeat(20)}` as const
const OTHER = `0x${'66'.repeat(20)}` as const
const word = (n: number) => `0x${n.toString(16).padStart(64, '0')}`
const since = (fork: Fork) => FORKS.slice(FORKS.indexOf(fork))
const isAtLeast = (fork: Fork, other: Fork) => FORKS.indexOf(fork) >= FORKS.indexOf(other)
const withCode = (hex: string, storage?: Record<string, string>) => ({
  alloc: { [TARGET]: { code: codeHex(hex), nonce: 1, ...(storage && { storage }) } },
})

/** Runs code in a call and gives what came of it. */
async function run(fork: Fork, hex: string, input: Hex = '0x', gas = 5_000_000n) {
  const chain = executorChain(fork, withCode(hex))
  return callAt(chain, TARGET, input, gas)
}

async function callAt(chain: ExecutorChain, to: Hex, input: Hex = '0x', gas = 5_000_000n) {
  const { spec, header, state: reader } = chain
  const call = { from: ALICE, to, data: hexToBytes(input), gas }
  return simulateCall({ spec, header, reader, call, getBlockHash: () => `0x${'ab'.repeat(32)}` })
}

/** Code that stores one word, made by `hex`, in memory and returns it. */
const returning = (hex: string) => `${hex} 600052 60206000f3`
const result = async (fork: Fork, hex: string) => {
  const { status, returnValue } = await run(fork, returning(hex))
  return status === 1 ? BigInt(bytesToHex(returnValue)) : 'fails'
}

describe('EVM by fork', () => {
  it('[EXE-105] [EXE-106] has PUSH0 from Canyon', async () => {
    expect(await result('regolith', '5f')).toBe('fails')
    for (const fork of since('canyon')) expect(await result(fork, '5f')).toBe(0n)
  })

  it('[EXE-105] shows PREVRANDAO and CHAINID', async () => {
    const randao = `0x${'da'.repeat(32)}` as const
    const chain = executorChain('bedrock', withCode('44600055 46600155 00'))
    await chain.build([depositTx({ to: TARGET })], { prevRandao: randao })
    expect(chain.state.getStorage(TARGET, 0n)).toBe(BigInt(randao))
    expect(chain.state.getStorage(TARGET, 1n)).toBe(901n)
  })

  it('[EXE-106] warms the fee recipient from Canyon (EIP-3651)', async () => {
    const gas = async (fork: Fork) => (await run(fork, '41 31 00')).gasUsed
    expect((await gas('regolith')) - (await gas('canyon'))).toBe(2_500n)
  })

  it('[EXE-106] limits initcode from Canyon (EIP-3860)', async () => {
    const tx = signTx({ nonce: 0n, to: null, data: new Uint8Array(49_153), gas: 5_000_000n })
    expect(await executorChain('regolith').rejection(tx)).toBeNull()
    expect(await executorChain('canyon').rejection(tx)).toBe('initCodeTooLarge')
  })

  it('[EXE-109] has transient storage and MCOPY from Ecotone', async () => {
    const tload = '6007600b5d 600b5c'
    const mcopy = '602a600052 602060006020 5e 602051'
    for (const op of [tload, mcopy]) expect(await result('delta', op)).toBe('fails')
    for (const fork of since('ecotone')) {
      expect(await result(fork, tload)).toBe(7n)
      expect(await result(fork, mcopy)).toBe(42n)
    }
  })

  it('[EXE-109] destroys only what the same transaction created from Ecotone (EIP-6780)', async () => {
    const survives = async (fork: Fork) => {
      const chain = executorChain(fork, withCode('33ff', { [word(0)]: word(1) }))
      await chain.build([depositTx({ to: TARGET })])
      return chain.state.getAccount(TARGET) !== null
    }
    expect(await survives('delta')).toBe(false)
    for (const fork of since('ecotone')) expect(await survives(fork)).toBe(true)
  })

  it('destroys a contract that the same transaction created, with its storage', async () => {
    const chain = executorChain('jovian')
    // Stores 1 in slot 0, then destroys itself in its own initcode.
    const tx = depositTx({ to: null, data: code('6001600055 33ff'), gas: 200_000n })
    const { outcomes } = await chain.build([tx])
    expect(outcomes[0]?.receipt.status).toBe(1)
    expect(chain.state.getAccount(outcomes[0]?.contractAddress as Hex)).toBeNull()
  })

  it('[EXE-110] pushes 1 for BLOBBASEFEE and 0 for BLOBHASH from Ecotone', async () => {
    expect(await result('delta', '4a')).toBe('fails')
    for (const fork of since('ecotone')) {
      expect(await result(fork, '4a')).toBe(1n)
      expect(await result(fork, '600049')).toBe(0n)
    }
  })

  it('[EXE-111] has the point evaluation precompile from Ecotone', async () => {
    // The zero polynomial: commitment and proof are the point at infinity, its value is 0 everywhere.
    const infinity = concatBytes(Uint8Array.of(0xc0), new Uint8Array(47))
    const { createHash } = await import('node:crypto')
    const versioned = createHash('sha256').update(infinity).digest()
    versioned[0] = 1
    const input = (y: number) =>
      bytesToHex(
        concatBytes(versioned, padLeft(Uint8Array.of(9), 32), padLeft(Uint8Array.of(y), 32), infinity, infinity),
      )
    const address = `0x${'0a'.padStart(40, '0')}` as const
    const good = await callAt(executorChain('ecotone'), address, input(0))
    expect(good.status).toBe(1)
    expect(bytesToHex(good.returnValue)).toBe(
      `0x${'1000'.padStart(64, '0')}73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001`,
    )
    expect((await callAt(executorChain('ecotone'), address, input(1))).status).toBe(0)
    expect((await callAt(executorChain('delta'), address, input(0))).returnValue).toHaveLength(0)
  })

  it('[EXE-114] [EXE-119] has CLZ from Karst only', async () => {
    expect(await result('jovian', '60011e')).toBe('fails')
    expect(await result('karst', '60011e')).toBe(255n)
    expect(await result('karst', '5f1e')).toBe(256n)
  })

  it('[EXE-119] prices and bounds MODEXP anew at Karst', async () => {
    const address = `0x${'05'.padStart(40, '0')}` as const
    const lengths = (length: number) =>
      bytesToHex(
        concatBytes(
          ...[1, 1, length].map((n) => padLeft(bigintToBytes(BigInt(n)), 32)),
          Uint8Array.of(2, 3),
          new Uint8Array(length - 1),
          Uint8Array.of(5),
        ),
      )
    const overhead = async (fork: Fork, input: Hex) => {
      const { gasUsed } = await callAt(executorChain(fork), address, input)
      const bare = await callAt(executorChain(fork), CAROL, input)
      return gasUsed - bare.gasUsed
    }
    expect(await overhead('granite', lengths(1))).toBe(200n)
    const call = (fork: Fork, length: number) => callAt(executorChain(fork), address, lengths(length), 30_000_000n)
    expect((await call('jovian', 1025)).status).toBe(1)
    expect((await call('karst', 1024)).status).toBe(1)
    expect((await call('karst', 1025)).status).toBe(0)
    // Called from code, so that the calldata floor plays no part.
    const inner = (fork: Fork) =>
      run(fork, '6001600052 6001602052 6001604052 6002606053 6003606153 6005606253 6000600060636000600561ffff fa 00')
    expect((await inner('karst')).gasUsed - (await inner('jovian')).gasUsed).toBe(300n)
  })

  it('[EXE-119] limits the gas of a transaction to 2^24 from Karst, deposits and calls apart', async () => {
    const tx = signTx({ nonce: 0n, gas: 16_777_217n })
    expect(await executorChain('jovian').rejection(tx)).toBeNull()
    expect(await executorChain('karst').rejection(tx)).toBe('gasLimitTooHigh')
    expect(await executorChain('karst').rejection(signTx({ nonce: 0n, gas: 16_777_216n }))).toBeNull()
    const { outcomes } = await executorChain('karst').build([depositTx({ gas: 20_000_000n })])
    expect(outcomes[0]?.receipt.status).toBe(1)
    expect((await callAt(executorChain('karst'), CAROL, '0x', 20_000_000n)).status).toBe(1)
  })

  it('[EXE-121] knows no blob transactions', () => {
    expect(() => decodeTransaction(code('03c0'))).toThrow('cannot be read')
  })

  it("[EXE-122] switches rules at a block's own time, inclusive", async () => {
    const chain = new ExecutorChain({ forks: { regolith: 0n, canyon: 1_004n }, ...withCode('5f600055 00') })
    const before = await chain.build([depositTx({ to: TARGET })])
    const after = await chain.build([depositTx({ to: TARGET })])
    expect([before, after].map(({ outcomes }) => outcomes[0]?.receipt.status)).toEqual([0, 1])
  })

  it('asks for block hashes of the last 256 blocks only', async () => {
    expect(await result('isthmus', '6000 43 03 40')).toBe(0n)
    const chain = executorChain('isthmus', withCode('6001 43 03 40 600055 00'))
    const parent = chain.hash
    await chain.build([depositTx({ to: TARGET })])
    expect(chain.state.getStorage(TARGET, 0n)).toBe(BigInt(parent))
  })
})

describe('heavy programs', () => {
  it('call themselves down to the limit of 1,024 frames', async () => {
    // Counts its frames in slot 0, then calls itself with all its gas.
    const chain = executorChain('karst', withCode('600160005401600055 6000 6000 6000 6000 6000 30 5a f1 00'))
    const { spec, header, state: reader } = chain
    const gas = 1_000_000_000_000n
    const call = { from: ALICE, to: TARGET, gas }
    const frames: number[] = []
    const tracer = { enter: ({ depth }: { readonly depth: number }) => frames.push(depth) }
    const outcome = await simulateCall({ spec, header, reader, call, getBlockHash: () => null, gasCap: gas, tracer })
    expect(outcome.status).toBe(1)
    expect(Math.max(...frames)).toBe(1_024)
  })

  it('fill memory as far as gas allows', async () => {
    // Writes a word after the last one, for ever.
    const { status, evmError } = await run('karst', '5b 59 80 52 6000 56', '0x', 20_000_000n)
    expect([status, evmError]).toEqual([0, 'out of gas'])
  })

  it('emit logs from many calls', async () => {
    const logger = `0x${'55'.repeat(20)}` as const
    const loop = `5b 6000 6000 6000 6000 6000 73${logger.slice(2)} 5a f1 50 6000 56`
    const chain = executorChain('karst', {
      alloc: { [TARGET]: { nonce: 1, code: codeHex(loop) }, [logger]: { nonce: 1, code: codeHex('60006000a0 00') } },
    })
    expect(await callAt(chain, TARGET, '0x', 10_000_000n)).toMatchObject({ status: 0, logs: [] })
  })
})

describe('create2Deployer', () => {
  const DEPLOYER = '0x13b0d85ccb8bf860b6b79af3029fca081ae9bef2'
  const HASH = '0xb0550b5b431e30d38000efb7107aaa0ade03d48a7198a140edda9d27134468b2'

  it("[EXE-107] gets its code in the block at Canyon's time, and keeps nonce, balance and storage", async () => {
    const alloc = { [DEPLOYER]: { balance: 5n, nonce: 3, code: codeHex('00'), storage: { [word(1)]: word(2) } } }
    const chain = new ExecutorChain({ forks: { regolith: 0n, canyon: 1_004n }, alloc })
    await chain.build([depositTx()])
    expect(chain.state.getAccount(DEPLOYER)?.codeHash).not.toBe(HASH)
    await chain.build([depositTx()])
    expect(chain.state.getAccount(DEPLOYER)).toMatchObject({ codeHash: HASH, nonce: 3n, balance: 5n })
    expect(chain.state.getStorage(DEPLOYER, 1n)).toBe(2n)
  })

  it("[EXE-108] gets none when no block falls upon Canyon's time, as in op-geth", async () => {
    const chain = new ExecutorChain({ forks: { regolith: 0n, canyon: 1_003n } })
    await chain.build([depositTx()])
    expect(chain.state.getAccount(DEPLOYER)).toBeNull()
    const genesis = executorChain('canyon')
    await genesis.build([depositTx()])
    expect(genesis.state.getAccount(DEPLOYER)).toBeNull()
  })
})

describe('P256VERIFY', () => {
  const address = '0x0000000000000000000000000000000000000100'
  const secret = new Uint8Array(32).fill(7)
  const hash = new Uint8Array(32).fill(9)
  const signature = p256.sign(hash, secret, { prehash: false })
  const key = p256.getPublicKey(secret, false).subarray(1)
  const input = concatBytes(hash, signature, key)
  const data = [...bytesToHex(input).slice(2).matchAll(/.{64}/g)].map(([part]) => part)
  /** Calls the precompile with the input in memory and returns what it gave. */
  const caller = `${data.map((part, i) => `7f${part} 60${(i * 32).toString(16).padStart(2, '0')} 52`).join(' ')} 602060a060a0600061010061ffff fa 50 3d600052 60a0516020 52 60406000f3`

  it('[EXE-112] [EXE-119] verifies from Fjord at 3,450 gas and from Karst at 6,900', async () => {
    const values = async (fork: Fork) => {
      const { returnValue, gasUsed } = await run(fork, caller)
      return {
        size: BigInt(bytesToHex(returnValue.subarray(0, 32))),
        value: BigInt(bytesToHex(returnValue.subarray(32))),
        gasUsed,
      }
    }
    const none = await values('ecotone')
    expect(none).toMatchObject({ size: 0n, value: 0n })
    for (const fork of since('fjord')) expect(await values(fork)).toMatchObject({ size: 32n, value: 1n })
    expect((await values('karst')).gasUsed - (await values('jovian')).gasUsed).toBe(3_450n)
  })

  it('[EXE-112] gives nothing for a wrong signature or length, and fails without enough gas', async () => {
    const chain = executorChain('fjord')
    const wrong = input.slice()
    wrong[0] = 1
    expect(await callAt(chain, address, bytesToHex(wrong))).toMatchObject({ status: 1, returnValue: new Uint8Array(0) })
    expect((await callAt(chain, address, bytesToHex(input.subarray(1)))).returnValue).toHaveLength(0)
    expect(bytesToHex((await callAt(chain, address, bytesToHex(input))).returnValue)).toBe(word(1))
    const { gasUsed } = await callAt(chain, address, bytesToHex(input))
    expect((await callAt(chain, address, bytesToHex(input), gasUsed - 1n)).status).toBe(0)
  })
})

describe('precompile input limits', () => {
  /** Calls a precompile with `size` zero bytes and all but a little gas; returns success and the gas it took. */
  async function call(fork: Fork, low: number, size: number) {
    const hex = `6000 6000 63${size.toString(16).padStart(8, '0')} 6000 60${low.toString(16).padStart(2, '0')} 5a fa 600052 60206000f3`
    const { returnValue, gasUsed } = await run(fork, hex, '0x', 50_000_000n)
    return { succeeds: returnValue.length > 0 && BigInt(bytesToHex(returnValue)) === 1n, gasUsed }
  }

  it('[EXE-113] [EXE-118] fail a long bn256 pairing from Granite with all its gas', async () => {
    const beyond = Math.ceil(112_687 / 192) * 192
    const long = await call('granite', 0x08, beyond)
    expect(long.succeeds).toBe(false)
    // All but a 64th of the gas is gone.
    expect(long.gasUsed).toBeGreaterThan(48_000_000n)
  })

  const limits: readonly (readonly [Fork, number, number, number])[] = [
    ['granite', 0x08, 112_687, 192],
    ['jovian', 0x08, 81_984, 192],
    ['karst', 0x08, 57_600, 192],
    ['isthmus', 0x0c, 513_760, 160],
    ['jovian', 0x0c, 288_960, 160],
    ['isthmus', 0x0e, 488_448, 288],
    ['jovian', 0x0e, 278_784, 288],
    ['isthmus', 0x0f, 235_008, 384],
    ['jovian', 0x0f, 156_672, 384],
    ['karst', 0x0f, 156_672, 384],
  ]
  it.each(limits)(
    '[EXE-113] [EXE-115] [EXE-116] [EXE-117] are in %s for precompile %i at %i bytes',
    async (fork, low, bytes, unit) => {
      const { evmRulesOf } = await import('../src/evm/evmRules.ts')
      const { wasmPrecompiles } = await import('../src/evm/wasmPrecompiles.ts')
      const { common, customPrecompiles } = evmRulesOf(fork, 1n, await wasmPrecompiles())
      const custom = customPrecompiles.find(({ address }) => BigInt(String(address)) === BigInt(low))
      if (!custom || !('function' in custom)) throw new Error('no limit')
      const precompile = custom.function
      // Too little gas for the work itself: what comes within the limit runs out of gas, what exceeds it is refused.
      const reason = async (length: number) => {
        const { EVM } = await import('@ethereumjs/evm')
        const evm = new EVM({ common, stateManager: {} as never, blockchain: {} as never })
        const data = new Uint8Array(length)
        return (await precompile({ data, gasLimit: 1n, common, _EVM: evm })).exceptionError?.error
      }
      const within = Math.floor(bytes / unit) * unit
      expect(await reason(within)).toBe('out of gas')
      expect(await reason(bytes + 1)).toBe('invalid input length')
      expect(await reason(within + unit)).toBe('invalid input length')
    },
  )

  it('[EXE-118] hold inside deposits too', async () => {
    const hex = '6000 6000 62020000 6000 6008 5a fa 600055 00'
    const chain = executorChain('granite', withCode(hex))
    const { outcomes } = await chain.build([depositTx({ to: TARGET, gas: 10_000_000n })])
    expect(outcomes[0]?.gasUsed).toBeGreaterThan(9_800_000n)
    expect(chain.state.getStorage(TARGET, 0n)).toBe(0n)
  })
})

describe('transactions', () => {
  it.each(FORKS)('of types 0, 1 and 2 apply in %s, those of type 4 from Isthmus', async (fork) => {
    const chain = executorChain(fork)
    const tx = (type: 0 | 1 | 2 | 4, nonce: bigint) => {
      const authorizations = [signAuthorization(BOB_KEY, TARGET, 0n)]
      return signTx({ type, nonce, gas: 100_000n, ...(type === 4 && { authorizations }) })
    }
    const { outcomes } = await chain.build([tx(0, 0n), tx(1, 1n), tx(2, 2n)])
    expect(outcomes.map(({ receipt }) => receipt.type)).toEqual([0, 1, 2])
    expect(await chain.rejection(tx(4, 3n))).toBe(isAtLeast(fork, 'isthmus') ? null : 'typeNotSupported')
  })

  it('pay for access lists and find them warm (EIP-2930)', async () => {
    const chain = executorChain('jovian', withCode('600054 00'))
    const accessList = [[TARGET, [hexToBytes(word(0) as Hex)]]]
    const cold = await chain.build([signTx({ nonce: 0n, to: TARGET, gas: 100_000n })])
    const warm = await chain.build([signTx({ nonce: 1n, to: TARGET, gas: 100_000n, accessList })])
    expect((cold.header.gasUsed as bigint) + 2_400n + 1_900n - 2_000n).toBe(warm.header.gasUsed)
  })

  it('are rejected with a reason, the state untouched', async () => {
    const chain = executorChain('isthmus', withCode('00'))
    const cases = {
      nonceTooHigh: signTx({ nonce: 1n }),
      feeTooLow: signTx({ nonce: 0n, maxFee: 1n }),
      tipAboveFee: signTx({ nonce: 0n, maxFee: 2n * GWEI, tip: 3n * GWEI }),
      intrinsicGas: signTx({ nonce: 0n, gas: 20_999n }),
      blockGasExceeded: signTx({ nonce: 0n, gas: 30_000_001n }),
      wrongChainId: signTx({ nonce: 0n, chainId: 902n }),
      emptyAuthorizationList: signTx({ type: 4, nonce: 0n, gas: 100_000n }),
      insufficientFunds: signTx({ nonce: 0n, value: 10n ** 30n }),
    }
    const executor = chain.executor()
    for (const [reason, tx] of Object.entries(cases)) {
      expect(await executor.applyPooled(decodeTransaction(tx))).toMatchObject({ rejected: { code: reason } })
    }
    const block = await executor.seal()
    expect(block.header.stateRoot).toBe((await chain.executor().seal()).header.stateRoot)
    await chain.build([signTx({ nonce: 0n })])
    expect(await chain.rejection(signTx({ nonce: 0n }))).toBe('nonceTooLow')
  })

  it('[EXE-127] name hash, type, sender and nonce when a forced one does not apply', async () => {
    const chain = executorChain('isthmus')
    const tx = signTx({ nonce: 7n })
    const { hash } = decodeTransaction(tx)
    await expect(chain.build([depositTx(), tx])).rejects.toMatchObject({
      fault: { data: { index: 1, hash, type: 2, sender: ALICE, nonce: 7n, code: 'nonceTooHigh' } },
    })
    await expect(chain.build([code('c0')])).rejects.toMatchObject({ fault: { data: { code: 'badTransaction' } } })
  })

  it('of a contract are refused, of a delegated account taken (EIP-3607, EIP-7702)', async () => {
    const contract = executorChain('isthmus', { alloc: { [ALICE]: { balance: 10n ** 20n, code: '0x00' } } })
    expect(await contract.rejection(signTx({ nonce: 0n }))).toBe('senderNotEoa')
    const delegated = executorChain('isthmus', {
      alloc: { [ALICE]: { balance: 10n ** 20n, code: `0xef0100${CAROL.slice(2)}` } },
    })
    expect(await delegated.rejection(signTx({ nonce: 0n }))).toBeNull()
  })

  it('run on copies: two executors on one parent do not see each other', async () => {
    const chain = executorChain('jovian')
    const [a, b] = [chain.executor(), chain.executor()]
    await Promise.all([
      a.applyForced(signTx({ nonce: 0n, value: 1n })),
      b.applyForced(signTx({ nonce: 0n, value: 2n })),
      b.applyForced(signTx({ nonce: 0n, value: 2n, key: BOB_KEY })),
    ])
    const [first, second] = [await a.seal(), await b.seal()]
    expect(first.outcomes).toHaveLength(1)
    expect(second.outcomes).toHaveLength(2)
    chain.take(second)
    expect(chain.balance(CAROL)).toBe(4n)
  })
})

describe('authorisations', () => {
  it('[EXE-120] set, use and clear a delegation', async () => {
    const chain = executorChain('isthmus', withCode('30600055 00'))
    const set = signTx({
      type: 4,
      nonce: 0n,
      to: BOB,
      gas: 200_000n,
      authorizations: [signAuthorization(BOB_KEY, TARGET, 0n)],
    })
    const { outcomes } = await chain.build([set])
    expect(outcomes[0]?.receipt.status).toBe(1)
    const bob = chain.state.getAccount(BOB)
    expect(bob?.nonce).toBe(1n)
    expect(bytesToHex(chain.state.getCode(bob?.codeHash as Hex))).toBe(`0xef0100${TARGET.slice(2)}`)
    // The code ran as Bob's.
    expect(chain.state.getStorage(BOB, 0n)).toBe(BigInt(BOB))
    const clear = signAuthorization(BOB_KEY, `0x${'00'.repeat(20)}`, 1n)
    await chain.build([signTx({ type: 4, nonce: 1n, gas: 200_000n, authorizations: [clear] })])
    expect(chain.state.getAccount(BOB)).toMatchObject({ nonce: 2n, codeHash: chain.state.getAccount(ALICE)?.codeHash })
  })

  it('[EXE-120] cost 25,000 each, of which 12,500 come back for an account that is there', async () => {
    const chain = executorChain('isthmus')
    const stranger = `0x${'5e'.repeat(32)}` as const
    const auth = (key: Hex) =>
      signTx({ type: 4, nonce: 0n, gas: 200_000n, authorizations: [signAuthorization(key, OTHER, 0n)] })
    const used = async (key: Hex) => {
      const outcome = await chain.try(auth(key))
      return 'rejected' in outcome ? null : outcome.gasUsed
    }
    expect(await used(stranger)).toBe(46_000n)
    // The refund is capped at a fifth.
    expect(await used(BOB_KEY)).toBe(46_000n - 46_000n / 5n)
  })

  it('[EXE-120] that do not hold are passed over', async () => {
    const chain = executorChain('isthmus')
    const authorizations = [
      signAuthorization(BOB_KEY, OTHER, 1n),
      signAuthorization(BOB_KEY, OTHER, 0n, 5n),
      signAuthorization(BOB_KEY, OTHER, 0xffff_ffff_ffff_ffffn),
    ]
    const { outcomes } = await chain.build([signTx({ type: 4, nonce: 0n, gas: 200_000n, authorizations })])
    expect(outcomes[0]).toMatchObject({ gasUsed: 96_000n, receipt: { status: 1 } })
    expect(chain.state.getAccount(BOB)?.nonce).toBe(0n)
  })

  it('[EXE-120] hold on every chain when they name chain 0', async () => {
    const chain = executorChain('isthmus')
    const authorizations = [signAuthorization(BOB_KEY, OTHER, 0n, 0n)]
    await chain.build([signTx({ type: 4, nonce: 0n, gas: 200_000n, authorizations })])
    expect(chain.state.getAccount(BOB)?.nonce).toBe(1n)
  })

  it.each(FORKS)('[EXE-120] [EXE-114] are allowed from Isthmus on, and not in %s before it', async (fork) => {
    const authorizations = [signAuthorization(BOB_KEY, OTHER, 0n)]
    const tx = signTx({ type: 4, nonce: 0n, gas: 200_000n, authorizations })
    const isAllowed = FORKS.indexOf(fork) >= FORKS.indexOf('isthmus')
    expect(await executorChain(fork).rejection(tx)).toBe(isAllowed ? null : 'typeNotSupported')
  })

  it('[EXE-120] of the sender itself come after its nonce is raised', async () => {
    const chain = executorChain('isthmus')
    const authorizations = [signAuthorization(ALICE_KEY, OTHER, 1n)]
    await chain.build([signTx({ type: 4, nonce: 0n, gas: 200_000n, authorizations })])
    expect(chain.state.getAccount(ALICE)?.nonce).toBe(2n)
  })
})

describe('activation blocks', () => {
  it.each(['jovian', 'karst'] as const)('of %s refuse all but deposits', async (fork) => {
    const previous = FORKS[FORKS.indexOf(fork) - 1] as Fork
    const chain = new ExecutorChain({ forks: { ...forksUpTo(previous), [fork]: 1_003n } })
    await chain.build([depositTx()])
    expect(await chain.rejection(signTx({ nonce: 1n }))).toBe('notAllowedInActivationBlock')
    await chain.build([depositTx()])
    expect(await chain.rejection(signTx({ nonce: 2n }))).toBeNull()
  })

  it('of genesis do not exist', async () => {
    expect(await executorChain('karst').rejection(signTx({ nonce: 0n }))).toBeNull()
  })
})
