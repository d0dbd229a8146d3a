import {
  EMPTY_REQUESTS_HASH,
  EMPTY_TRIE_ROOT,
  encodeExtraData,
  envelopeOf,
  FORKS,
  type Fork,
  type Hash,
  headerHash,
  nextBaseFee,
} from '@keelson/protocol'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { describe, expect, it } from 'vitest'
import { attributesOfPayload, executePayload, type SealedBlock } from '../src/index.ts'
import {
  code,
  codeHex,
  depositTx,
  ExecutorChain,
  executorChain,
  FEE_RECIPIENT,
  forksUpTo,
  GWEI,
  signTx,
} from '../testing/executorChain.ts'

const MESSAGE_PASSER = '0x4200000000000000000000000000000000000016'
const BEACON_ROOTS = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
const HISTORY_STORAGE = '0x0000f90827f1c53a10cb7a02335b175320002935'
const ROOT: Hash = `0x${'be'.repeat(32)}`
const word = (n: number) => `0x${n.toString(16).padStart(64, '0')}`
const isAtLeast = (fork: Fork, other: Fork) => FORKS.indexOf(fork) >= FORKS.indexOf(other)

/** Stores its input at the slot of the block's number. */
const STORES_INPUT = codeHex('600035 43 55 00')

const check = (chain: ExecutorChain, block: SealedBlock, change: object = {}) => {
  const envelope = envelopeOf({ ...block.header, ...change }, block.hash, block.transactions)
  const header = { ...block.header, ...change }
  const fresh = { ...envelope, executionPayload: { ...envelope.executionPayload, blockHash: headerHash(header) } }
  return executePayload({
    spec: chain.spec,
    parent: chain.header,
    parentHash: chain.hash,
    reader: chain.state,
    envelope: fresh,
    getBlockHash: () => null,
  })
}

describe('header fields', () => {
  it.each(FORKS)(
    '[EXE-086] [EXE-089] [EXE-090] [EXE-091] [EXE-097] [EXE-098] [EXE-100] [EXE-101] are those of %s',
    async (fork) => {
      const alloc = { [MESSAGE_PASSER]: { nonce: 1, storage: { [word(0)]: word(1) } } }
      const chain = executorChain(fork, { alloc })
      const randao: Hash = `0x${'da'.repeat(32)}`
      const attributes = { prevRandao: randao, ...(isAtLeast(fork, 'ecotone') && { parentBeaconBlockRoot: ROOT }) }
      const { header } = await chain.build([depositTx()], attributes)
      expect(header).toMatchObject({
        difficulty: 0n,
        nonce: '0x0000000000000000',
        mixHash: randao,
        miner: FEE_RECIPIENT,
      })
      const passer = chain.state.getAccount(MESSAGE_PASSER)
      const canyonRoot = isAtLeast(fork, 'canyon') ? EMPTY_TRIE_ROOT : undefined
      expect(header.withdrawalsRoot).toBe(isAtLeast(fork, 'isthmus') ? passer?.storageRoot : canyonRoot)
      expect(header.requestsHash).toBe(isAtLeast(fork, 'isthmus') ? EMPTY_REQUESTS_HASH : undefined)
      expect(header.parentBeaconBlockRoot).toBe(isAtLeast(fork, 'ecotone') ? ROOT : undefined)
      expect(header.blobGasUsed).toBe(isAtLeast(fork, 'ecotone') ? 0n : undefined)
      expect(header.excessBlobGas).toBe(isAtLeast(fork, 'ecotone') ? 0n : undefined)
    },
  )

  it('[EXE-091] [EXE-092] [EXE-094] commit to the message passer after the block', async () => {
    const alloc = { [MESSAGE_PASSER]: { nonce: 1, code: STORES_INPUT, storage: { [word(0)]: word(1) } } }
    const chain = executorChain('isthmus', { alloc })
    const before = chain.state.getAccount(MESSAGE_PASSER)?.storageRoot
    const { header } = await chain.build([depositTx({ to: MESSAGE_PASSER, data: code('11'.repeat(32)) })])
    expect(header.withdrawalsRoot).toBe(chain.state.getAccount(MESSAGE_PASSER)?.storageRoot)
    expect(header.withdrawalsRoot).not.toBe(before)
    expect(header.withdrawalsRoot).not.toBe(EMPTY_TRIE_ROOT)
  })

  it('[EXE-087] take any gas limit that the attributes give', async () => {
    const chain = executorChain('jovian')
    expect((await chain.build([], { gasLimit: 200_000_000n })).header.gasLimit).toBe(200_000_000n)
    expect((await chain.build([], { gasLimit: 1_000_000n })).header.gasLimit).toBe(1_000_000n)
  })

  it("[EXE-088] need a time after the parent's", () => {
    const chain = executorChain('jovian')
    expect(() => chain.executor({ timestamp: chain.header.timestamp })).toThrow('is not after')
  })

  it('[EXE-138] [EXE-079] [EXE-091] are recomputed: a payload that says otherwise is refused', async () => {
    const chain = executorChain('jovian')
    const executor = chain.executor()
    await executor.applyForced(depositTx())
    const block = await executor.seal()
    expect((await check(chain, block)).hash).toBe(block.hash)
    const lies = {
      stateRoot: ROOT,
      receiptsRoot: ROOT,
      gasUsed: 1n,
      blobGasUsed: 1n,
      excessBlobGas: 1n,
      withdrawalsRoot: ROOT,
      baseFeePerGas: 1n,
      number: 7n,
      logsBloom: `0x${'01'.repeat(256)}`,
    }
    for (const [field, value] of Object.entries(lies)) {
      await expect(check(chain, block, { [field]: value })).rejects.toMatchObject({
        fault: { code: 'invalidBlock', data: { field } },
      })
    }
  })

  it('[EXE-099] have no requests, even where the contracts of L1 exist', async () => {
    // EIP-7002's and EIP-7251's contracts, which would store on any call.
    const alloc = {
      '0x00000961ef480eb55e80d19ad83579a64c007002': { nonce: 1, code: STORES_INPUT },
      '0x0000bbddc7ce488642fb579f8b00f3a590007251': { nonce: 1, code: STORES_INPUT },
    }
    const chain = executorChain('isthmus', { alloc })
    const { header } = await chain.build([depositTx()])
    expect(header.requestsHash).toBe(EMPTY_REQUESTS_HASH)
    for (const address of Object.keys(alloc)) {
      expect(chain.state.getAccount(address as `0x${string}`)?.storageRoot).toBe(EMPTY_TRIE_ROOT)
    }
  })

  it("[EXE-104] know no limit of the block's size", async () => {
    const chain = executorChain('karst', { gasLimit: 500_000_000n })
    const data = new Uint8Array(10_000_000)
    const { header, transactions } = await chain.build([depositTx({ data, gas: 400_000_000n })])
    expect(transactions[0]?.length).toBeGreaterThan(8 * 1024 * 1024)
    expect(header.gasUsed).toBeGreaterThan(0n)
  })
})

describe('system calls', () => {
  it('[EXE-102] call the beacon roots contract at the start of each block from Ecotone', async () => {
    const alloc = { [BEACON_ROOTS]: { nonce: 1, code: STORES_INPUT } }
    const chain = executorChain('ecotone', { alloc })
    await chain.build([], { parentBeaconBlockRoot: ROOT })
    expect(chain.state.getStorage(BEACON_ROOTS, 1n)).toBe(BigInt(ROOT))
    const delta = executorChain('delta', { alloc })
    await delta.build([depositTx()])
    expect(delta.state.getStorage(BEACON_ROOTS, 1n)).toBe(0n)
  })

  it('[EXE-103] call the history contract with the parent hash from Isthmus', async () => {
    const alloc = { [HISTORY_STORAGE]: { nonce: 1, code: STORES_INPUT } }
    const chain = executorChain('isthmus', { alloc })
    const parent = chain.hash
    await chain.build([])
    expect(chain.state.getStorage(HISTORY_STORAGE, 1n)).toBe(BigInt(parent))
    const holocene = executorChain('holocene', { alloc })
    await holocene.build([depositTx()])
    expect(holocene.state.getStorage(HISTORY_STORAGE, 1n)).toBe(0n)
  })

  it('[EXE-102] [EXE-103] do nothing where there is no contract yet, and leave no caller behind', async () => {
    const chain = executorChain('isthmus')
    const { header } = await chain.build([])
    expect(header.gasUsed).toBe(0n)
    expect(chain.state.getAccount(BEACON_ROOTS)).toBeNull()
    expect(chain.state.getAccount('0xfffffffffffffffffffffffffffffffffffffffe')).toBeNull()
  })

  it('[EXE-102] are undone when they fail, without harm to the block', async () => {
    const chain = executorChain('ecotone', { alloc: { [BEACON_ROOTS]: { nonce: 1, code: codeHex('6001600055 fe') } } })
    await chain.build([depositTx()])
    expect(chain.state.getStorage(BEACON_ROOTS, 0n)).toBe(0n)
  })

  it('[EXE-100] need the beacon root from Ecotone', async () => {
    const chain = executorChain('ecotone')
    const { parentBeaconBlockRoot: _, ...attributes } = chain.attributes()
    const { createBlockExecutor } = await import('../src/index.ts')
    const executor = createBlockExecutor({
      spec: chain.spec,
      parent: chain.header,
      parentHash: chain.hash,
      reader: chain.state,
      attributes,
      getBlockHash: () => null,
    })
    await expect(executor.seal()).rejects.toThrow('parentBeaconBlockRoot')
  })
})

describe('base fee and extraData', () => {
  const full = (chain: ExecutorChain) => chain.build([depositTx({ to: null, data: code('fe'), gas: 20_000_000n })])

  it("[EXE-063] [EXE-064] [EXE-068] follow EIP-1559 with the chain's constants, Canyon's denominator from Canyon", async () => {
    const step = async (fork: Fork) => {
      const chain = executorChain(fork)
      await full(chain)
      return (await chain.build([])).header.baseFeePerGas
    }
    // The parent used 20 of 30 million gas; target 5 million; the first block lowered the fee.
    const expected = (first: bigint, denominator: bigint) => first + (first * 15_000_000n) / 5_000_000n / denominator
    expect(await step('regolith')).toBe(expected(GWEI - GWEI / 50n, 50n))
    expect(await step('canyon')).toBe(expected(GWEI - GWEI / 250n, 250n))
  })

  it("[EXE-065] take the parent's extraData from the second block of Holocene on", async () => {
    const chain = new ExecutorChain({ forks: { ...forksUpTo('granite'), holocene: 1_002n } })
    const params = '0x0000000800000002'
    const first = await chain.build([], { eip1559Params: params })
    expect(first.header.baseFeePerGas).toBe(GWEI - GWEI / 250n)
    const second = await chain.build([], { eip1559Params: params })
    expect(second.header.baseFeePerGas).toBe(first.header.baseFeePerGas - first.header.baseFeePerGas / 8n)
  })

  it("[EXE-066] meter the DA footprint when it exceeds the gas used, from Jovian by the parent's time", async () => {
    const l1 = { daFootprintGasScalar: 60_000n, baseFeeScalar: 1n }
    const chain = executorChain('jovian', { l1 })
    const { header } = await chain.build([signTx({ nonce: 0n })])
    expect(header.blobGasUsed).toBe(6_000_000n)
    const next = await chain.build([])
    const target = 5_000_000n
    expect(next.header.baseFeePerGas).toBe(
      header.baseFeePerGas + (header.baseFeePerGas * (6_000_000n - target)) / target / 250n,
    )
  })

  it("[EXE-067] [EXE-076] do not fall below the parent's minBaseFee", async () => {
    const chain = executorChain('jovian')
    const first = await chain.build([], { minBaseFee: 2n * GWEI })
    expect(first.header.baseFeePerGas).toBe(GWEI - GWEI / 250n)
    expect(first.header.extraData).toBe('0x01000000fa000000060000000077359400')
    expect((await chain.build([], { minBaseFee: 0n })).header.baseFeePerGas).toBe(2n * GWEI)
    expect((await chain.build([])).header.baseFeePerGas).toBeLessThan(2n * GWEI)
  })

  it("[EXE-069] start from the genesis block's", async () => {
    const chain = executorChain('granite', { baseFee: 500n })
    expect((await chain.build([])).header.baseFeePerGas).toBe(498n)
    const named = new ExecutorChain({ forks: forksUpTo('granite'), genesis: { gasLimit: 30_000_000, alloc: {} } })
    expect(named.header.baseFeePerGas).toBe(GWEI)
  })

  it.each(FORKS)(
    '[EXE-070] [EXE-071] [EXE-072] [EXE-074] [EXE-077] put the parameters into the extraData of %s',
    async (fork) => {
      const chain = executorChain(fork)
      const { header } = await chain.build([])
      const holocene = isAtLeast(fork, 'holocene') ? '0x00000000fa00000006' : '0x'
      expect(header.extraData).toBe(isAtLeast(fork, 'jovian') ? '0x01000000fa000000060000000000000000' : holocene)
      expect((header.extraData.length - 2) / 2).toBeLessThanOrEqual(32)
    },
  )

  it("[EXE-074] copy the attributes' pair", async () => {
    const { header } = await executorChain('holocene').build([], { eip1559Params: '0x0000000800000002' })
    expect(header.extraData).toBe('0x000000000800000002')
  })

  it.each(['0x0000000000000006', '0x000000fa00000000', '0x00', undefined] as const)(
    '[EXE-075] [EXE-131] refuse eip1559Params %s',
    (eip1559Params) => {
      const chain = executorChain('holocene')
      const attributes = { ...chain.attributes(), eip1559Params }
      expect(() => chain.executor(attributes as ReturnType<typeof chain.attributes>)).toThrow('attributes')
    },
  )

  it("[EXE-071] [EXE-072] [EXE-073] judge a payload's extraData by its own time", async () => {
    const chain = executorChain('jovian')
    const executor = chain.executor()
    const block = await executor.seal()
    const envelope = envelopeOf(block.header, block.hash, [])
    const withExtra = (extraData: `0x${string}`) => ({
      ...envelope,
      executionPayload: { ...envelope.executionPayload, extraData },
    })
    expect(attributesOfPayload(chain.spec, envelope)).toMatchObject({
      minBaseFee: 0n,
      eip1559Params: '0x000000fa00000006',
    })
    for (const bad of [
      '0x',
      '0x0000000000000000',
      '0x02000000fa000000060000000000000000',
      '0x00000000fa0000000600',
    ] as const) {
      expect(() => attributesOfPayload(chain.spec, withExtra(bad))).toThrow('attributes')
    }
    // Holocene's form in a Jovian block.
    const old = withExtra('0x00000000fa00000006')
    await expect(
      executePayload({
        spec: chain.spec,
        parent: chain.header,
        parentHash: chain.hash,
        reader: chain.state,
        envelope: old,
        getBlockHash: () => null,
      }),
    ).rejects.toThrow('minBaseFee')
  })
})

type BaseFeeVector = {
  readonly name: string
  readonly input: {
    readonly fork: Fork
    readonly parent: Record<string, string | number> & { readonly extraData?: `0x${string}` }
    readonly denominator?: number
    readonly elasticity?: number
    readonly chainDefaults?: {
      readonly denominator: number
      readonly denominatorCanyon?: number
      readonly elasticity: number
    }
  }
  readonly expected: { readonly baseFeePerGas: string }
}

describe.skipIf(!fixtureFolder())(
  `base fee vectors (${fixtureFolder() ? 'op-geth and real headers' : FIXTURES_ABSENT})`,
  () => {
    if (!fixtureFolder()) return
    const { vectors } = readFixture<{ vectors: BaseFeeVector[] }>('vectors/base-fee.json')
    const usable = vectors.filter(({ input }) => input.chainDefaults ?? input.denominator)
    it.each(usable)('[EXE-065] [EXE-068] $name', ({ input, expected }) => {
      const { parent, chainDefaults } = input
      const denominator = BigInt(chainDefaults?.denominator ?? (input.denominator as number))
      const elasticity = BigInt(chainDefaults?.elasticity ?? (input.elasticity as number))
      const spec = {
        chainId: 10n,
        forks: forksUpTo(input.fork),
        chainOpConfig: {
          eip1559Elasticity: elasticity,
          eip1559Denominator: denominator,
          eip1559DenominatorCanyon: BigInt(chainDefaults?.denominatorCanyon ?? denominator),
        },
      }
      const next = nextBaseFee(
        spec,
        {
          timestamp: 1n,
          gasLimit: BigInt(parent.gasLimit as number),
          gasUsed: BigInt(parent.gasUsed as number),
          baseFeePerGas: BigInt(parent.baseFeePerGas as string),
          extraData:
            parent.extraData ?? encodeExtraData({ denominator: Number(denominator), elasticity: Number(elasticity) }),
        },
        3n,
      )
      expect(next).toBe(BigInt(expected.baseFeePerGas))
    })
  },
)
