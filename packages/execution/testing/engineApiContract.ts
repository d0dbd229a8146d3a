import {
  attributesToJson,
  blockHeaderOf,
  bytesToHex,
  ENGINE_ERROR,
  EngineApiError,
  type ExecutionPayloadEnvelope,
  FORKS,
  type Fork,
  forkchoiceStateToJson,
  type Hash,
  headerHash,
  payloadToJson,
  ZERO_HASH,
} from '@keelson/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { genesisBlock } from '../src/genesis/genesisBlock.ts'
import {
  buildBlock,
  DEV_ACCOUNTS,
  DEV_KEYS,
  devAttributes,
  devDeposit,
  devGenesis,
  devL1InfoTx,
  devTx,
  extendChain,
  forkchoiceOf,
  genesisOf,
  insertBlock,
} from './devChain.ts'
import { type EngineUnderTest, type MakeEngine, sendTx } from './engineUnderTest.ts'

const UNKNOWN: Hash = `0x${'99'.repeat(32)}`

/** Every attempt to see a pool transaction in a payload; foreign engines fill their blocks in the background. */
const BUILD_ATTEMPTS = 100

const hashOf = (block: ExecutionPayloadEnvelope): Hash => block.executionPayload.blockHash

/** The block with fields changed and its hash made right again. */
function altered(
  block: ExecutionPayloadEnvelope,
  change: Partial<ExecutionPayloadEnvelope['executionPayload']>,
): ExecutionPayloadEnvelope {
  const changed = { ...block, executionPayload: { ...block.executionPayload, ...change } }
  return {
    ...changed,
    executionPayload: { ...changed.executionPayload, blockHash: headerHash(blockHeaderOf(changed)) },
  }
}

/**
 * The Engine API as the rollup node relies on it; every engine runs it: embedded in process, embedded over HTTP, and
 * op-geth and op-reth where their binaries are named.
 *
 * @param newestFork - what later forks bring is skipped
 */
export function testEngineApi(name: string, make: MakeEngine, newestFork: Fork = 'karst'): void {
  describe(`Engine API: ${name}`, () => {
    const knows = (fork: Fork) => FORKS.indexOf(fork) <= FORKS.indexOf(newestFork)
    /** Tests of what `fork` brings. */
    const since = (fork: Fork) => it.skipIf(!knows(fork))
    const open = new Set<EngineUnderTest>()
    const start = async (fork: Fork = knows('jovian') ? 'jovian' : newestFork) => {
      const engine = await make(devGenesis({ fork }), fork)
      open.add(engine)
      return { engine, client: engine.client, genesis: await genesisOf(engine.client) }
    }
    afterEach(async () => {
      for (const engine of open) await engine.close()
      open.clear()
    })
    const refused = (code: number) => expect.objectContaining({ code })

    it.each(FORKS.filter(knows))(
      'begins a chain at %s with the genesis block that the file stands for',
      async (fork) => {
        const { genesis } = await start(fork)
        expect(hashOf(genesis)).toBe(genesisBlock(devGenesis({ fork })).hash)
      },
    )

    describe('forkchoice', () => {
      it('[EXE-123] sets unsafe, safe and finalized heads, each readable by its label', async () => {
        const { client, genesis } = await start()
        const one = await extendChain(client, genesis)
        const two = await extendChain(client, one)
        const three = await extendChain(client, two)
        await client.forkchoiceUpdated(forkchoiceOf(three, hashOf(two), hashOf(one)), null)
        expect(hashOf((await client.getBlock('unsafe'))!)).toBe(hashOf(three))
        expect(hashOf((await client.getBlock('safe'))!)).toBe(hashOf(two))
        expect(hashOf((await client.getBlock('finalized'))!)).toBe(hashOf(one))
      })

      it('answers SYNCING for a head that it does not know', async () => {
        const { client } = await start()
        const state = { headBlockHash: UNKNOWN, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH }
        const { payloadStatus, payloadId } = await client.forkchoiceUpdated(state, null)
        expect(payloadStatus).toMatchObject({ status: 'SYNCING', latestValidHash: null })
        expect(payloadId).toBeNull()
      })

      it('[EXE-142] refuses safe and finalized blocks that are unknown or on another branch', async () => {
        const { client, genesis } = await start()
        const one = await extendChain(client, genesis)
        const other = await buildBlock(client, genesis, devAttributes(genesis, { prevRandao: UNKNOWN }))
        await client.newPayload(other)
        for (const hash of [UNKNOWN, hashOf(other)]) {
          await expect(client.forkchoiceUpdated(forkchoiceOf(one, hash), null)).rejects.toEqual(
            refused(ENGINE_ERROR.invalidForkchoiceState),
          )
          await expect(client.forkchoiceUpdated(forkchoiceOf(one, ZERO_HASH, hash), null)).rejects.toEqual(
            refused(ENGINE_ERROR.invalidForkchoiceState),
          )
        }
      })

      it('[EXE-143] reorganizes to a branch of another length, and back', async () => {
        const { client, genesis } = await start()
        const long: ExecutionPayloadEnvelope[] = [genesis]
        for (let i = 0; i < 5; i++) long.push(await extendChain(client, long.at(-1)!))
        let short = await buildBlock(client, genesis, devAttributes(genesis, { prevRandao: UNKNOWN }))
        await insertBlock(client, short)
        short = await extendChain(client, short)
        expect(hashOf((await client.getBlock({ number: 2n }))!)).toBe(hashOf(short))
        expect(await client.getBlock({ number: 3n })).toBeNull()
        await client.forkchoiceUpdated(forkchoiceOf(long[5]!), null)
        expect(hashOf((await client.getBlock({ number: 2n }))!)).toBe(hashOf(long[2]!))
        expect(hashOf((await client.getBlock('unsafe'))!)).toBe(hashOf(long[5]!))
      })

      it('[EXE-143] goes back to an ancestor and builds another block on it', async () => {
        const { client, genesis } = await start()
        const one = await extendChain(client, genesis)
        await extendChain(client, await extendChain(client, one))
        const replaced = await extendChain(client, one, devAttributes(one, { prevRandao: UNKNOWN }))
        expect(hashOf((await client.getBlock('unsafe'))!)).toBe(hashOf(replaced))
        expect(await client.getBlock({ number: 3n })).toBeNull()
      })
    })

    describe('attributes', () => {
      it('[EXE-125] [EXE-126] begins with exactly the forced transactions, in order, and adds nothing with noTxPool', async () => {
        const { engine, client, genesis } = await start()
        await sendTx(engine, devTx({ nonce: 0n }))
        const transactions = [
          devL1InfoTx(1n),
          devDeposit(1n, DEV_ACCOUNTS[1]!, 7n),
          devTx({ key: DEV_KEYS[2]!, nonce: 0n }),
        ]
        const block = await buildBlock(client, genesis, devAttributes(genesis, { transactions }))
        expect(block.executionPayload.transactions.map(bytesToHex)).toEqual(transactions.map(bytesToHex))
      })

      it('[EXE-126] lets pool transactions follow the forced ones without noTxPool', async () => {
        const { engine, client, genesis } = await start()
        const tx = devTx({ nonce: 0n })
        await sendTx(engine, tx)
        const block = await buildWithPool(client, genesis)
        expect(block.executionPayload.transactions.map(bytesToHex)).toEqual([devL1InfoTx(1n), tx].map(bytesToHex))
      })

      it('[EXE-127] refuses forced transactions that cannot be processed, and goes on', async () => {
        const { client, genesis } = await start()
        const transactions = [devL1InfoTx(1n), devTx({ nonce: 5n })]
        const attributes = devAttributes(genesis, { transactions })
        const outcome = await client.forkchoiceUpdated(forkchoiceOf(genesis), attributes).then(
          ({ payloadStatus }) => payloadStatus.status,
          (error: unknown) => (error instanceof EngineApiError ? error.code : error),
        )
        expect(['INVALID', ENGINE_ERROR.invalidPayloadAttributes]).toContain(outcome)
        await extendChain(client, genesis)
      })

      it('refuses a timestamp that is not after the parent', async () => {
        const { client, genesis } = await start()
        const attributes = devAttributes(genesis, { timestamp: genesis.executionPayload.timestamp })
        await expect(client.forkchoiceUpdated(forkchoiceOf(genesis), attributes)).rejects.toEqual(
          refused(ENGINE_ERROR.invalidPayloadAttributes),
        )
      })

      it('[EXE-128] refuses attributes without a gas limit', async () => {
        const { engine, genesis } = await start()
        const { gasLimit: _, ...attributes } = attributesToJson(devAttributes(genesis))
        await expect(
          engine.auth('engine_forkchoiceUpdatedV3', [forkchoiceStateToJson(forkchoiceOf(genesis)), attributes]),
        ).rejects.toEqual(refused(ENGINE_ERROR.invalidPayloadAttributes))
      })

      since('holocene')('[EXE-131] wants eip1559Params of 8 bytes from Holocene on', async () => {
        const { engine, client, genesis } = await start('holocene')
        const attributes = devAttributes(genesis, { fork: 'holocene' })
        const state = forkchoiceOf(genesis)
        const { eip1559Params: _, ...without } = attributes
        await expect(client.forkchoiceUpdated(state, without)).rejects.toEqual(
          refused(ENGINE_ERROR.invalidPayloadAttributes),
        )
        const short = { ...attributesToJson(attributes), eip1559Params: '0x0000000000' }
        await expect(
          engine.auth('engine_forkchoiceUpdatedV3', [forkchoiceStateToJson(state), short]),
        ).rejects.toHaveProperty('code')
        expect((await client.forkchoiceUpdated(state, attributes)).payloadId).not.toBeNull()
      })

      it('[EXE-131] refuses eip1559Params before Holocene', async () => {
        const { client, genesis } = await start('granite')
        const attributes = devAttributes(genesis, { fork: 'granite', eip1559Params: '0x000000fa00000006' })
        await expect(client.forkchoiceUpdated(forkchoiceOf(genesis), attributes)).rejects.toEqual(
          refused(ENGINE_ERROR.invalidPayloadAttributes),
        )
      })

      since('jovian')('[EXE-132] wants minBaseFee from Jovian on', async () => {
        const { client, genesis } = await start('jovian')
        const { minBaseFee: _, ...without } = devAttributes(genesis)
        await expect(client.forkchoiceUpdated(forkchoiceOf(genesis), without)).rejects.toEqual(
          refused(ENGINE_ERROR.invalidPayloadAttributes),
        )
      })

      since('isthmus')('[EXE-132] refuses minBaseFee before Jovian', async () => {
        const { client, genesis } = await start('isthmus')
        const attributes = devAttributes(genesis, { fork: 'isthmus', minBaseFee: 1n })
        await expect(client.forkchoiceUpdated(forkchoiceOf(genesis), attributes)).rejects.toEqual(
          refused(ENGINE_ERROR.invalidPayloadAttributes),
        )
      })

      it('[EXE-139] [EXE-140] [EXE-141] gives another payload id for every other attribute, the same for the same', async () => {
        const { client, genesis } = await start()
        const base = devAttributes(genesis)
        const variants = [
          base,
          { ...base, timestamp: base.timestamp + 2n },
          { ...base, prevRandao: UNKNOWN },
          { ...base, suggestedFeeRecipient: DEV_ACCOUNTS[0]! },
          { ...base, parentBeaconBlockRoot: UNKNOWN },
          { ...base, transactions: [devL1InfoTx(77n)] },
          { ...base, noTxPool: false },
          { ...base, gasLimit: base.gasLimit + 1n },
          { ...base, eip1559Params: '0x000000fa00000007' as const },
          ...(knows('jovian') ? [{ ...base, minBaseFee: 1n }] : []),
        ]
        const ids = []
        for (const attributes of variants) {
          ids.push((await client.forkchoiceUpdated(forkchoiceOf(genesis), attributes)).payloadId)
        }
        expect(new Set(ids).size).toBe(variants.length)
        expect((await client.forkchoiceUpdated(forkchoiceOf(genesis), base)).payloadId).toBe(ids[0])
      })
    })

    describe('payloads', () => {
      it('answers an unknown payload with -38001', async () => {
        const { client, genesis } = await start()
        await expect(client.getPayload('0x0300000000000000', genesis.executionPayload.timestamp + 2n)).rejects.toEqual(
          refused(ENGINE_ERROR.unknownPayload),
        )
      })

      it('gives the same payload each time it is asked', async () => {
        const { client, genesis } = await start()
        const attributes = devAttributes(genesis)
        const { payloadId } = await client.forkchoiceUpdated(forkchoiceOf(genesis), attributes)
        const first = await client.getPayload(payloadId!, attributes.timestamp)
        expect(await client.getPayload(payloadId!, attributes.timestamp)).toEqual(first)
      })

      it('[EXE-138] refuses a payload whose hash is not that of its fields', async () => {
        const { client, genesis } = await start()
        const block = await buildBlock(client, genesis)
        const status = await client.newPayload({
          ...block,
          executionPayload: { ...block.executionPayload, prevRandao: UNKNOWN },
        })
        expect(['INVALID', 'INVALID_BLOCK_HASH']).toContain(status.status)
        expect(status.latestValidHash).toBeNull()
      })

      it('[EXE-138] refuses a wrong state root, naming the parent as the last valid block', async () => {
        const { client, genesis } = await start()
        const bad = altered(await buildBlock(client, genesis), { stateRoot: UNKNOWN })
        const status = await client.newPayload(bad)
        expect(status).toMatchObject({ status: 'INVALID', latestValidHash: hashOf(genesis) })
        expect(status.validationError).not.toBeNull()
      })

      it('remembers an invalid ancestor: what is built on it is invalid too', async () => {
        const { client, genesis } = await start()
        const good = await buildBlock(client, genesis)
        const bad = altered(good, { gasUsed: good.executionPayload.gasUsed + 1n })
        await client.newPayload(bad)
        const child = altered(good, {
          parentHash: hashOf(bad),
          blockNumber: 2n,
          timestamp: good.executionPayload.timestamp + 2n,
        })
        expect(await client.newPayload(child)).toMatchObject({ status: 'INVALID', latestValidHash: hashOf(genesis) })
        const { payloadStatus } = await client.forkchoiceUpdated(forkchoiceOf(child), null)
        expect(payloadStatus.status).toBe('INVALID')
        await insertBlock(client, good)
      })

      it('[EXE-164] answers SYNCING or ACCEPTED for a block whose parent is missing, and takes it block by block without peers', async () => {
        const { client, genesis } = await start()
        const { client: other, genesis: same } = await start()
        const one = await extendChain(other, same)
        const two = await extendChain(other, one)
        expect(hashOf(same)).toBe(hashOf(genesis))
        expect(['SYNCING', 'ACCEPTED']).toContain((await client.newPayload(two)).status)
        await insertBlock(client, one)
        await insertBlock(client, two)
        expect(hashOf((await client.getBlock('unsafe'))!)).toBe(hashOf(two))
      })

      it('[EXE-095] checks body withdrawals against empty, whatever withdrawalsRoot says', async () => {
        const { client, genesis } = await start()
        const block = await buildBlock(client, genesis)
        const withdrawals = [{ index: 0n, validatorIndex: 0n, address: DEV_ACCOUNTS[0]!, amount: 1n }]
        const bad = { ...block, executionPayload: { ...block.executionPayload, withdrawals } }
        expect(['INVALID', 'INVALID_BLOCK_HASH']).toContain((await client.newPayload(bad)).status)
        await insertBlock(client, block)
      })

      it('takes the same block twice', async () => {
        const { client, genesis } = await start()
        const one = await extendChain(client, genesis)
        expect(await client.newPayload(one)).toMatchObject({ status: 'VALID', latestValidHash: hashOf(one) })
      })

      it('[EXE-007] takes deposits from attributes and payloads', async () => {
        const { client, genesis } = await start()
        const { client: other } = await start()
        const transactions = [devL1InfoTx(1n), devDeposit(1n, DEV_ACCOUNTS[1]!, 7n)]
        const block = await extendChain(client, genesis, devAttributes(genesis, { transactions }))
        await insertBlock(other, block)
        expect(block.executionPayload.transactions).toHaveLength(2)
      })
    })

    describe('versions', () => {
      const versions: [Fork, forkchoice: number, payload: number, get: number][] = [
        ['regolith', 2, 2, 2],
        ['canyon', 2, 2, 2],
        ['ecotone', 3, 3, 3],
        ['holocene', 3, 3, 3],
        ['isthmus', 3, 4, 4],
        ['jovian', 3, 4, 4],
        ['karst', 3, 4, 5],
      ]
      const getVersions = [3, ...(knows('isthmus') ? [4] : []), ...(knows('karst') ? [5] : [])]
      it.each(versions.filter(([fork]) => knows(fork)))(
        '[EXE-137] [EXE-130] at %s: forkchoiceUpdatedV%i, newPayloadV%i, getPayloadV%i',
        async (fork, updated, inserted, get) => {
          const { engine, genesis } = await start(fork)
          const state = forkchoiceStateToJson(forkchoiceOf(genesis))
          const attributes = attributesToJson(devAttributes(genesis, { fork }))
          const { payloadId } = await engine.auth<{ payloadId: string }>(`engine_forkchoiceUpdatedV${updated}`, [
            state,
            attributes,
          ])
          const answer = await engine.auth<Record<string, unknown>>(`engine_getPayloadV${get}`, [payloadId])
          const payload = answer.executionPayload as Record<string, unknown>
          const params: unknown[] = [payload]
          if (inserted >= 3) params.push([], answer.parentBeaconBlockRoot)
          if (inserted >= 4) params.push([])
          expect(await engine.auth(`engine_newPayloadV${inserted}`, params)).toMatchObject({ status: 'VALID' })

          const other = updated === 3 ? 2 : 3
          await expect(engine.auth(`engine_forkchoiceUpdatedV${other}`, [state, attributes])).rejects.toHaveProperty(
            'code',
          )
          // With the fields of the other version it is the fork that does not fit.
          const { parentBeaconBlockRoot: _, ...withoutRoot } = attributes as Record<string, unknown>
          const otherFields =
            other === 3 ? { ...withoutRoot, withdrawals: [], parentBeaconBlockRoot: ZERO_HASH } : withoutRoot
          await expect(engine.auth(`engine_forkchoiceUpdatedV${other}`, [state, otherFields])).rejects.toEqual(
            refused(ENGINE_ERROR.unsupportedFork),
          )
          for (const version of getVersions.filter((candidate) => candidate !== get)) {
            await expect(engine.auth(`engine_getPayloadV${version}`, [payloadId])).rejects.toEqual(
              refused(ENGINE_ERROR.unsupportedFork),
            )
          }
          const wrong = inserted === 4 ? 3 : 4
          const wrongParams = [payload, [], answer.parentBeaconBlockRoot ?? ZERO_HASH, ...(wrong === 4 ? [[]] : [])]
          await expect(engine.auth(`engine_newPayloadV${wrong}`, wrongParams)).rejects.toHaveProperty('code')
          // Without attributes every version is taken.
          for (const version of [1, 2, 3]) {
            expect(await engine.auth(`engine_forkchoiceUpdatedV${version}`, [state, null])).toMatchObject({
              payloadStatus: { status: 'VALID' },
            })
          }
        },
      )

      it('[EXE-129] wants withdrawals from Canyon on, empty, and none before', async () => {
        const canyon = await start('canyon')
        const { withdrawals: _, ...without } = devAttributes(canyon.genesis, { fork: 'canyon' })
        await expect(canyon.client.forkchoiceUpdated(forkchoiceOf(canyon.genesis), without)).rejects.toHaveProperty(
          'code',
        )
        const bedrock = await start('regolith')
        const attributes = { ...devAttributes(bedrock.genesis, { fork: 'regolith' }), withdrawals: [] }
        const json = attributesToJson(attributes)
        const state = forkchoiceStateToJson(forkchoiceOf(bedrock.genesis))
        await expect(bedrock.engine.auth('engine_forkchoiceUpdatedV2', [state, json])).rejects.toHaveProperty('code')
      })

      it('[EXE-133] [EXE-135] from Ecotone: the beacon root stands beside the payload and goes back in with it', async () => {
        const { engine, client, genesis } = await start('ecotone')
        const attributes = devAttributes(genesis, { fork: 'ecotone', parentBeaconBlockRoot: UNKNOWN })
        const { payloadId } = await client.forkchoiceUpdated(forkchoiceOf(genesis), attributes)
        const answer = await engine.auth<Record<string, unknown>>('engine_getPayloadV3', [payloadId])
        expect(answer).toMatchObject({
          parentBeaconBlockRoot: UNKNOWN,
          blobsBundle: { commitments: [], proofs: [], blobs: [] },
          shouldOverrideBuilder: false,
        })
        expect(answer).toHaveProperty('blockValue')
        await expect(engine.auth('engine_newPayloadV3', [answer.executionPayload, [], null])).rejects.toHaveProperty(
          'code',
        )
        expect(await engine.auth('engine_newPayloadV3', [answer.executionPayload, [UNKNOWN], UNKNOWN])).toMatchObject({
          status: 'INVALID',
        })
        expect(await engine.auth('engine_newPayloadV3', [answer.executionPayload, [], UNKNOWN])).toMatchObject({
          status: 'VALID',
        })
      })

      since('isthmus')(
        '[EXE-134] [EXE-136] from Isthmus: withdrawalsRoot in the payload, empty execution requests beside it',
        async () => {
          const { engine, client, genesis } = await start('isthmus')
          const attributes = devAttributes(genesis, { fork: 'isthmus' })
          const { payloadId } = await client.forkchoiceUpdated(forkchoiceOf(genesis), attributes)
          const answer = await engine.auth<Record<string, unknown>>('engine_getPayloadV4', [payloadId])
          expect(answer.executionRequests).toEqual([])
          expect(answer.executionPayload).toHaveProperty('withdrawalsRoot')
          const { withdrawalsRoot: _, ...without } = answer.executionPayload as Record<string, unknown>
          await expect(engine.auth('engine_newPayloadV4', [without, [], ZERO_HASH, []])).rejects.toHaveProperty('code')
          await expect(
            engine.auth('engine_newPayloadV4', [answer.executionPayload, [], ZERO_HASH, null]),
          ).rejects.toHaveProperty('code')
        },
      )
    })

    it('refuses parameters of the wrong shape with -32602', async () => {
      const { engine, genesis } = await start()
      const payload = payloadToJson(genesis.executionPayload)
      const calls: [string, unknown[]][] = [
        ['engine_forkchoiceUpdatedV3', []],
        ['engine_forkchoiceUpdatedV3', [{ headBlockHash: '0x12' }, null]],
        ['engine_newPayloadV4', [{ ...payload, gasUsed: 'many' }, [], ZERO_HASH, []]],
        ['engine_newPayloadV4', [{ ...payload, parentHash: null }, [], ZERO_HASH, []]],
        ['engine_getPayloadV4', ['0x1234']],
        ['engine_getPayloadV4', [7]],
      ]
      for (const [method, params] of calls) {
        await expect(engine.auth(method, params), method).rejects.toEqual(refused(ENGINE_ERROR.invalidParams))
      }
    })

    it('serves bodies by hash and by range', async () => {
      const { engine, client, genesis } = await start()
      const one = await extendChain(client, genesis)
      const body = expect.objectContaining({
        transactions: one.executionPayload.transactions.map(bytesToHex),
        withdrawals: [],
      })
      expect(await engine.auth('engine_getPayloadBodiesByHashV1', [[hashOf(one), UNKNOWN]])).toEqual([body, null])
      expect(await engine.auth('engine_getPayloadBodiesByRangeV1', ['0x1', '0x5'])).toEqual([body])
    })

    it('[EXE-144] [EXE-149] answers a superchain signal with a protocol version, and goes on whatever is required', async () => {
      const { engine, client, genesis } = await start()
      const ahead = `0x${'00'.repeat(16)}${'0000ffff'}${'00'.repeat(12)}`
      const own = await engine.auth<string>('engine_signalSuperchainV1', [{ recommended: ahead, required: ahead }])
      expect(own).toMatch(/^0x00[0-9a-f]{62}$/)
      await extendChain(client, genesis)
    })

    it('lists its capabilities', async () => {
      const { engine } = await start()
      const listed = await engine.auth<string[]>('engine_exchangeCapabilities', [[]])
      expect(listed).toEqual(
        expect.arrayContaining(['engine_newPayloadV4', 'engine_getPayloadV4', 'engine_forkchoiceUpdatedV3']),
      )
    })

    since('isthmus')('[EXE-160] proves the message passer for the output root', async () => {
      const { client, genesis } = await start()
      const one = await extendChain(client, genesis)
      const proof = await client.getProof('0x4200000000000000000000000000000000000016', [], hashOf(one))
      expect(proof?.storageHash).toBe(one.executionPayload.withdrawalsRoot)
    })
  })
}

/** Builds on `parent` until a pool transaction is in the block. */
async function buildWithPool(
  client: EngineUnderTest['client'],
  parent: ExecutionPayloadEnvelope,
): Promise<ExecutionPayloadEnvelope> {
  for (let attempt = 1; ; attempt++) {
    const attributes = devAttributes(parent, {
      noTxPool: false,
      prevRandao: `0x${attempt.toString(16).padStart(64, '0')}`,
    })
    const { payloadId } = await client.forkchoiceUpdated(forkchoiceOf(parent), attributes)
    await new Promise((resolve) => setTimeout(resolve, attempt))
    const block = await client.getPayload(payloadId!, attributes.timestamp)
    if (block.executionPayload.transactions.length > attributes.transactions.length || attempt === BUILD_ATTEMPTS)
      return block
  }
}
