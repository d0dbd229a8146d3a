import { createHash } from 'node:crypto'
import {
  bytesToHex,
  type ExecutionPayloadEnvelope,
  type Hex,
  headerHash,
  hexToBytes,
  nextBaseFee,
} from '@keelson/protocol'
import { systemClock } from '@keelson/service'
import { encodeRpcJson } from '@keelson/service/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEV_ACCOUNTS, devAttributes, devGenesis, extendChain, genesisOf } from '../../testing/devChain.ts'
import { codeHex } from '../../testing/executorChain.ts'
import { createExecutionEngine, type ExecutionEngine } from '../engine/executionEngine.ts'
import { createEthApi, type EthApi } from './ethApi.ts'

type Log = { readonly address: Hex; readonly topics: Hex[]; readonly data: Hex; readonly logIndex: Hex }
type Call = {
  readonly status: Hex
  readonly returnData: Hex
  readonly gasUsed: Hex
  readonly logs: Log[]
  readonly error?: unknown
}
type Block = {
  readonly number: Hex
  readonly hash: Hex
  readonly timestamp: Hex
  readonly baseFeePerGas: Hex
  readonly receiptsRoot: Hex
  readonly calls: Call[]
  readonly transactions: (Hex & Record<string, unknown>)[]
}

const word = (value: bigint | number): Hex => `0x${value.toString(16).padStart(64, '0')}`
const quantity = (value: bigint | number): Hex => `0x${value.toString(16)}`
const [ALICE, BOB] = DEV_ACCOUNTS as [Hex, Hex]
const PLACE: Hex = `0x${'91'.repeat(20)}`
const OTHER: Hex = `0x${'92'.repeat(20)}`
const NOBODY: Hex = `0x${'93'.repeat(20)}`
const ETHER_ADDRESS: Hex = `0x${'ee'.repeat(20)}`
const push = (address: Hex) => `73${address.slice(2)}`
/** Returns the word that an opcode puts on the stack. */
const returns = (opcode: string): Hex => codeHex(`${opcode} 6000 52 6020 6000 f3`)
/** Hands its calldata on to a precompile and returns 32 bytes of what it gives. */
const asks = (address: Hex): Hex => codeHex(`36 6000 6000 37 6020 6000 36 6000 ${push(address)} 5a fa 50 6020 6000 f3`)

describe('eth_simulateV1', () => {
  let engine: ExecutionEngine
  let api: EthApi
  let head: ExecutionPayloadEnvelope
  beforeEach(async () => {
    engine = await createExecutionEngine({ genesis: devGenesis() })
    api = createEthApi({ engine, clock: systemClock, clientVersion: 'test' })
    const genesis = await genesisOf(engine)
    head = await extendChain(engine, genesis, devAttributes(genesis))
  })
  afterEach(async () => {
    api.close()
    await engine.close()
  })
  const ask = async <T>(method: string, ...params: unknown[]): Promise<T> =>
    JSON.parse(encodeRpcJson((await api.methods[method]?.(params)) ?? null))
  const simulate = (blockStateCalls: unknown[], options: object = {}) =>
    ask<Block[]>('eth_simulateV1', { blockStateCalls, ...options }, 'latest')
  const refusal = (blockStateCalls: unknown[], options: object = {}) =>
    simulate(blockStateCalls, options).then(
      () => null,
      ({ code, message }) => ({ code, message }),
    )
  const headHeader = () => engine.chain.head.header

  it('fills gaps between block numbers with empty blocks, twelve seconds each', async () => {
    const { number, timestamp } = headHeader()
    const blocks = await simulate([
      { blockOverrides: { number: quantity(number + 3n) }, calls: [] },
      { blockOverrides: { time: quantity(timestamp + 100n) }, calls: [] },
      {},
    ])
    expect(blocks.map((block) => BigInt(block.number) - number)).toEqual([1n, 2n, 3n, 4n, 5n])
    expect(blocks.map((block) => BigInt(block.timestamp) - timestamp)).toEqual([12n, 24n, 36n, 100n, 112n])
  })

  it('knows the hashes of simulated blocks and of real ones', async () => {
    const stateOverrides = { [PLACE]: { code: codeHex('6000 35 40 6000 52 6020 6000 f3') } }
    const hashOf = (number: bigint) => ({ to: PLACE, data: word(number) })
    const { number } = headHeader()
    const [first, second] = await simulate([
      {},
      { stateOverrides, calls: [hashOf(number + 1n), hashOf(number), hashOf(number + 2n)] },
    ])
    expect(second?.calls.map(({ returnData }) => returnData)).toEqual([first?.hash, engine.chain.head.hash, word(0)])
  })

  it('shows overridden fields to the calls, and puts them into the header', async () => {
    const overrides = {
      prevRandao: word(77),
      feeRecipient: BOB,
      gasLimit: '0xf4240',
      baseFeePerGas: '0x9',
      blobBaseFee: '0x5',
      beaconRoot: word(3),
    }
    const opcodes = { '44': word(77), '41': word(BigInt(BOB)), '45': word(1_000_000), '48': word(9), '4a': word(5) }
    for (const [opcode, value] of Object.entries(opcodes)) {
      const stateOverrides = { [PLACE]: { code: returns(opcode) } }
      const [block] = await simulate([{ blockOverrides: overrides, stateOverrides, calls: [{ to: PLACE }] }])
      expect(block?.calls[0]?.returnData).toBe(value)
      expect(block).toMatchObject({
        mixHash: word(77),
        miner: BOB,
        gasLimit: '0xf4240',
        baseFeePerGas: '0x9',
        parentBeaconBlockRoot: word(3),
      })
    }
    expect(
      await ask('eth_call', { to: PLACE }, 'latest', { [PLACE]: { code: returns('4a') } }, { blobBaseFee: '0x6' }),
    ).toBe(word(6))
    expect(await ask('eth_call', { to: PLACE }, 'latest', { [PLACE]: { code: returns('4a') } })).toBe(word(1))
  })

  it('keeps state overrides for the blocks that follow, and leaves the chain as it was', async () => {
    const rich = { [NOBODY]: { balance: quantity(10n ** 20n), nonce: '0x7', code: returns('47') } }
    const blocks = await simulate([
      { stateOverrides: rich, calls: [{ to: NOBODY }] },
      { calls: [{ from: ALICE, to: NOBODY, value: '0x1' }] },
      { stateOverrides: { [NOBODY]: { state: {} } }, calls: [{ to: NOBODY }] },
    ])
    const seen = blocks.flatMap(({ calls }) => calls.map(({ returnData }) => BigInt(returnData)))
    expect(seen).toEqual([10n ** 20n, 10n ** 20n + 1n, 10n ** 20n + 1n])
    expect(await ask('eth_getBalance', NOBODY, 'latest')).toBe('0x0')
  })

  describe('validation', () => {
    const fees = { maxFeePerGas: quantity(10n ** 12n), maxPriorityFeePerGas: '0x2' }
    const transfer = { from: ALICE, to: NOBODY, value: '0x1', gas: '0x5208' }

    it('takes any nonce and no fee without it', async () => {
      const [block] = await simulate([{ calls: [{ ...transfer, nonce: '0x63' }, transfer] }], {
        returnFullTransactions: true,
      })
      expect(block?.calls.map(({ status }) => status)).toEqual(['0x1', '0x1'])
      expect(block?.transactions.map(({ nonce }) => nonce)).toEqual(['0x63', '0x1'])
      expect(block?.baseFeePerGas).toBe('0x0')
    })

    it('goes on with the base fee of the chain, and pays it to its vault and the tip to the fee recipient', async () => {
      const balanceOf = (address: Hex) => ({ to: PLACE, data: word(BigInt(address)), ...fees, from: BOB })
      const vault: Hex = '0x4200000000000000000000000000000000000019'
      const code = codeHex('6000 35 31 6000 52 6020 6000 f3')
      const [block] = await simulate(
        [
          {
            blockOverrides: { feeRecipient: NOBODY },
            stateOverrides: { [PLACE]: { code } },
            calls: [{ ...transfer, to: BOB, ...fees }, balanceOf(vault), balanceOf(NOBODY)],
          },
        ],
        { validation: true },
      )
      const header = headHeader()
      const baseFee = nextBaseFee(engine.chain.spec, header, header.timestamp + 12n)
      expect(baseFee).toBeGreaterThan(0n)
      expect(BigInt(block?.baseFeePerGas ?? 0)).toBe(baseFee)
      const before = engine.chain.stateOf(header).getAccount(vault)?.balance ?? 0n
      expect(BigInt(block?.calls[1]?.returnData ?? 0)).toBe(before + 21_000n * baseFee)
      const gasUsed = 21_000n + BigInt(block?.calls[1]?.gasUsed ?? 0)
      expect(BigInt(block?.calls[2]?.returnData ?? 0)).toBe(gasUsed * 2n)
    })

    it.each([
      [
        -38010,
        'nonce too low',
        [
          { ...transfer, ...fees },
          { ...transfer, ...fees, nonce: '0x0' },
        ],
      ],
      [-38011, 'nonce too high', [{ ...transfer, ...fees, nonce: '0x5' }]],
      [-32602, 'max fee per gas less than block base fee', [transfer]],
      [
        -32602,
        'max priority fee per gas higher',
        [{ ...transfer, ...fees, maxPriorityFeePerGas: quantity(10n ** 13n) }],
      ],
    ])('refuses with %i what it finds: %s', async (code, message, calls) => {
      expect(await refusal([{ calls }], { validation: true })).toMatchObject({
        code,
        message: expect.stringContaining(message),
      })
      if (code !== -32602) expect(await refusal([{ calls }])).toBeNull()
    })

    it.each([
      [-38013, 'intrinsic gas too low', { ...transfer, gas: '0x5207' }],
      [-38014, 'insufficient funds', { ...transfer, from: NOBODY }],
      [-38014, 'insufficient funds', { ...transfer, from: NOBODY, value: '0x0', gasPrice: '0x1' }],
      [-38015, 'block gas limit reached', { ...transfer, gas: quantity(30_000_001n) }],
      [-38025, 'initcode', { from: ALICE, data: `0x${'00'.repeat(49_153)}` }],
    ])('refuses with %i, validation or not: %s', async (code, message, call) => {
      expect(await refusal([{ calls: [call] }])).toMatchObject({ code, message: expect.stringContaining(message) })
    })

    it('counts the gas of the calls before against the limit of the block', async () => {
      const blockOverrides = { gasLimit: quantity(42_000n) }
      expect(await refusal([{ blockOverrides, calls: [transfer, transfer] }])).toBeNull()
      expect(await refusal([{ blockOverrides, calls: [transfer, { ...transfer, gas: '0x5209' }] }])).toMatchObject({
        code: -38015,
      })
      const [block] = await simulate([{ blockOverrides, calls: [transfer, { ...transfer, gas: undefined }] }], {
        returnFullTransactions: true,
      })
      expect(block?.transactions[1]?.gas).toBe('0x5208')
    })
  })

  it.each([
    [-32602, [], 'empty input'],
    [-38020, [{ blockOverrides: { number: '0x1' } }], 'block numbers must be in order: 1 <= 1'],
    [-38020, [{ blockOverrides: { number: '0x9' } }, { blockOverrides: { number: '0x9' } }], 'in order: 9 <= 9'],
    [-38021, [{ blockOverrides: { time: '0x1' } }], 'block timestamps must be in order'],
    [-38026, Array.from({ length: 257 }, () => ({})), 'too many blocks'],
    [-38026, [{ blockOverrides: { number: quantity(258) } }], 'too many blocks'],
    [-38026, [{ calls: Array.from({ length: 5_001 }, () => ({})) }], 'too many calls'],
  ])('refuses with %i blocks that cannot be: %#', async (code, blocks, message) => {
    expect(await refusal(blocks)).toMatchObject({ code, message: expect.stringContaining(message) })
  })

  it('tells calls that fail, with revert data under code 3 and other faults under -32015', async () => {
    const stateOverrides = { [PLACE]: { code: codeHex('60aa 6000 52 6020 6000 fd') }, [OTHER]: { code: codeHex('fe') } }
    const [block] = await simulate([
      { stateOverrides, calls: [{ to: PLACE }, { to: OTHER, gas: '0xc350' }, { to: NOBODY }] },
    ])
    expect(block?.calls).toMatchObject([
      { status: '0x0', returnData: '0x', error: { code: 3, message: 'execution reverted', data: word(0xaa) } },
      { status: '0x0', returnData: '0x', gasUsed: '0xc350', error: { code: -32015 } },
      { status: '0x1', logs: [] },
    ])
    expect(block?.calls[2]).not.toHaveProperty('error')
  })

  describe('traceTransfers', () => {
    const LOG = '60aa 6000 6000 a1'
    const sends = (to: Hex, value: number) =>
      `6000 6000 6000 6000 60${value.toString(16).padStart(2, '0')} ${push(to)} 5a f1 50`
    const transfers = (logs: readonly Log[]) =>
      logs.map(({ address, topics, data }) =>
        address === ETHER_ADDRESS ? [BigInt(topics[1] ?? 0), BigInt(topics[2] ?? 0), BigInt(data)] : topics[0],
      )

    it('puts transfers of ether among the logs, in order, and nowhere else', async () => {
      const stateOverrides = { [PLACE]: { code: codeHex(`${LOG} ${sends(BOB, 7)} ${LOG}`) } }
      const blocks = [
        {
          stateOverrides,
          calls: [
            { from: ALICE, to: PLACE, value: '0xa' },
            { from: ALICE, to: BOB, value: '0x1' },
          ],
        },
      ]
      const [traced] = await simulate(blocks, { traceTransfers: true })
      const [plain] = await simulate(blocks)
      expect(traced?.calls.map(({ logs }) => transfers(logs))).toEqual([
        [[BigInt(ALICE), BigInt(PLACE), 10n], word(0xaa), [BigInt(PLACE), BigInt(BOB), 7n], word(0xaa)],
        [[BigInt(ALICE), BigInt(BOB), 1n]],
      ])
      expect(traced?.calls.flatMap(({ logs }) => logs.map(({ logIndex }) => logIndex))).toEqual([
        '0x0',
        '0x1',
        '0x2',
        '0x3',
        '0x4',
      ])
      expect(plain?.calls.map(({ logs }) => logs.length)).toEqual([2, 0])
      expect(traced?.hash).toBe(plain?.hash)
    })

    it('leaves out what failed calls did, and calls without value', async () => {
      const stateOverrides = {
        [PLACE]: { balance: '0x64', code: codeHex(`${sends(OTHER, 7)} ${sends(BOB, 0)} ${LOG}`) },
        [OTHER]: { code: codeHex(`${sends(BOB, 3)} ${LOG} 6000 6000 fd`) },
      }
      const [block] = await simulate(
        [{ stateOverrides, calls: [{ to: PLACE }, { from: ALICE, to: OTHER, value: '0x9' }] }],
        { traceTransfers: true },
      )
      expect(block?.calls.map(({ logs }) => transfers(logs))).toEqual([[word(0xaa)], []])
    })

    it('tells what creations are given and what self-destructed contracts held', async () => {
      const made = { from: ALICE, value: '0x5', data: codeHex(`${push(BOB)} ff`) }
      const [block] = await simulate([{ calls: [made] }], { traceTransfers: true, returnFullTransactions: true })
      const [creation, end] = transfers(block?.calls[0]?.logs ?? []) as bigint[][]
      expect(creation?.[0]).toBe(BigInt(ALICE))
      expect(creation?.[2]).toBe(5n)
      expect(end).toEqual([creation?.[1], BigInt(BOB), 5n])
    })

    it('is not brought down by a LOG that nobody can pay for', async () => {
      const stateOverrides = { [PLACE]: { code: codeHex(`6000 19 6000 19 a0`) } }
      const [block] = await simulate([{ stateOverrides, calls: [{ to: PLACE, gas: '0x186a0' }] }], {
        traceTransfers: true,
      })
      expect(block?.calls[0]).toMatchObject({ status: '0x0', error: { message: 'out of gas' } })
    })
  })

  it('gives whole transactions when asked, of the type that their fees say', async () => {
    const access = [{ address: BOB, storageKeys: [word(1)] }]
    const calls = [
      { from: ALICE, to: BOB, value: '0x3', accessList: access },
      { from: ALICE, to: BOB, gasPrice: '0x2', gas: '0x5208' },
      { from: ALICE, to: BOB, maxFeePerGas: '0x9', maxPriorityFeePerGas: '0x4', gas: '0x5208' },
    ]
    const [hashes] = await simulate([{ calls }])
    const [block] = await simulate([{ calls }], { returnFullTransactions: true })
    expect(block?.transactions).toMatchObject([
      {
        type: '0x2',
        from: ALICE,
        to: BOB,
        value: '0x3',
        nonce: '0x0',
        gasPrice: '0x0',
        accessList: access,
        blockHash: block?.hash,
      },
      { type: '0x0', nonce: '0x1', gasPrice: '0x2', gas: '0x5208', transactionIndex: '0x1' },
      {
        type: '0x2',
        nonce: '0x2',
        gasPrice: '0x4',
        maxFeePerGas: '0x9',
        maxPriorityFeePerGas: '0x4',
        r: '0x0',
        s: '0x0',
      },
    ])
    expect(block?.transactions[1]).not.toHaveProperty('accessList')
    expect(hashes?.transactions).toEqual(block?.transactions.map(({ hash }) => hash))
  })

  it('gives a header whose hash is the hash of the block', async () => {
    const [block] = await simulate([{ calls: [{ from: ALICE, to: BOB }] }])
    const { headerFromJson } = await import('@keelson/protocol')
    expect(headerHash(headerFromJson(block))).toBe(block?.hash)
  })

  describe('movePrecompileToAddress', () => {
    const SHA256: Hex = `0x${'00'.repeat(19)}02`
    const hashed = bytesToHex(createHash('sha256').update(hexToBytes('0x0102')).digest())
    const call = { to: PLACE, data: '0x0102' }

    it('has the precompile run there, and the code of the override in its old place', async () => {
      const stateOverrides = {
        [SHA256]: { movePrecompileToAddress: OTHER, code: returns('30') },
        [PLACE]: { code: asks(OTHER) },
        [NOBODY]: { code: asks(SHA256) },
      }
      const calls = [call, { ...call, to: NOBODY }, { ...call, to: OTHER }]
      const [block] = await simulate([{ stateOverrides, calls }])
      expect(block?.calls.map(({ returnData }) => returnData)).toEqual([hashed, word(2), hashed])
    })

    it('holds for its block only, and for eth_call', async () => {
      const moved = { [SHA256]: { movePrecompileToAddress: OTHER }, [PLACE]: { code: asks(SHA256) } }
      const [first, second] = await simulate([{ stateOverrides: moved, calls: [call] }, { calls: [call] }])
      expect([first, second].map((block) => block?.calls[0]?.returnData)).toEqual([
        word(0).replace('0x0000', '0x0102'),
        hashed,
      ])
      expect(await ask('eth_call', call, 'latest', { ...moved, [PLACE]: { code: asks(OTHER) } })).toBe(hashed)
      expect(await ask('eth_call', call, 'latest', { [PLACE]: { code: asks(SHA256) } })).toBe(hashed)
    })

    it.each([
      ['is not a precompile', { [PLACE]: { movePrecompileToAddress: OTHER } }],
      ['is already overridden', { [SHA256]: { movePrecompileToAddress: OTHER }, [OTHER]: { balance: '0x1' } }],
      [
        'has already been overridden by a precompile',
        {
          [SHA256]: { movePrecompileToAddress: OTHER },
          [`0x${'00'.repeat(19)}03`]: { movePrecompileToAddress: OTHER },
        },
      ],
    ])('refuses a move that cannot be: %s', async (message, stateOverrides) => {
      expect(await refusal([{ stateOverrides, calls: [] }])).toMatchObject({
        message: expect.stringContaining(message),
      })
    })
  })

  it('starts from the head that is left out, and from any block that is named', async () => {
    const blockStateCalls = [{}]
    const [onHead] = await ask<Block[]>('eth_simulateV1', { blockStateCalls })
    const [onGenesis] = await ask<Block[]>('eth_simulateV1', { blockStateCalls }, 'earliest')
    expect(BigInt(onHead?.number ?? 0)).toBe(head.executionPayload.blockNumber + 1n)
    expect(onGenesis?.number).toBe('0x1')
  })
})
