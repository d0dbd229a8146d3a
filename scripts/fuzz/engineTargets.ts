import { createExecutionEngine, type ExecutionEngine, PoolError } from '../../packages/execution/src/index.ts'
import { engineMethods } from '../../packages/execution/src/rpc/engineMethods.ts'
import { createEthApi } from '../../packages/execution/src/rpc/ethApi.ts'
import {
  buildBlock,
  DEV_ACCOUNTS,
  devAttributes,
  devDeposit,
  devGenesis,
  devL1Block,
  devL1InfoTx,
  devTx,
  forkchoiceOf,
  genesisOf,
  insertBlock,
} from '../../packages/execution/testing/devChain.ts'
import { counterInitCode } from '../../packages/execution/testing/testContract.ts'
import {
  attributesToJson,
  blockHeaderOf,
  bytesToHex,
  EngineApiError,
  type ExecutionPayloadEnvelope,
  envelopeFromJson,
  envelopeToJson,
  forkchoiceStateToJson,
  headerHash,
  payloadToJson,
  ZERO_HASH,
} from '../../packages/protocol/src/index.ts'
import { nullLogger, nullMetrics, systemClock } from '../../packages/service/src/index.ts'
import { createRpcDispatcher } from '../../packages/service/src/node/index.ts'
import { type Json, mutateBytes, mutateJson } from './mutate.ts'
import type { Random } from './random.ts'
import { codedErrors, type FuzzTarget } from './target.ts'

/** Executing a block takes longer than decoding one: the runner's allowance goes by size. */
const EXECUTION_ALLOWANCE = 200_000

/** An engine with one block of every kind of transaction, and that block. Blocks of the fuzzer stay in it until it is renewed. */
type FuzzEngine = { engine: ExecutionEngine; block: ExecutionPayloadEnvelope }

async function fuzzEngine(): Promise<FuzzEngine> {
  const engine = await createExecutionEngine({ genesis: devGenesis({ alloc: devL1Block() }) })
  const genesis = await genesisOf(engine)
  const transactions = [
    devL1InfoTx(1n),
    devDeposit(1n, DEV_ACCOUNTS[1] as `0x${string}`, 7n),
    devTx({ nonce: 0n }),
    devTx({ nonce: 1n, to: null, value: 0n, gasLimit: 200_000n, data: counterInitCode() }),
  ]
  const block = await buildBlock(engine, genesis, devAttributes(genesis, { transactions }))
  await insertBlock(engine, block)
  return { engine, block }
}

/** Puts a new engine in the place of the one under attack. The block is the same, hash and all. */
const renewal = (attacked: FuzzEngine) => async () => {
  await attacked.engine.close()
  Object.assign(attacked, await fuzzEngine())
}

/** Fails when the engine is not what it was: the head moved, or the good block is refused. */
async function expectIntact(engine: ExecutionEngine, block: ExecutionPayloadEnvelope): Promise<void> {
  const { hash } = engine.chain.head
  if (hash !== block.executionPayload.blockHash) throw new Error(`the head moved to ${hash}`)
  const { status } = await engine.newPayload(block)
  if (status !== 'VALID') throw new Error(`the good block is ${status}`)
}

/** Payloads of which anything may be wrong; half of them with a hash that fits, so that they are executed. */
async function newPayloadTarget(): Promise<FuzzTarget> {
  const attacked = await fuzzEngine()
  const good = envelopeToJson(attacked.block) as Json
  return {
    name: 'engine.newPayload',
    expects: codedErrors,
    renew: renewal(attacked),
    generate(random) {
      const json = mutateJson(random, good)
      const repair = random.chance(70)
      return {
        size: EXECUTION_ALLOWANCE,
        show: () => JSON.stringify(json),
        async run() {
          const { engine, block } = attacked
          let envelope = envelopeFromJson(json)
          if (repair) envelope = withRightHash(envelope)
          const { status } = await engine.newPayload(envelope)
          if (!['VALID', 'INVALID', 'SYNCING', 'ACCEPTED'].includes(status)) throw new Error(`status ${status}`)
          await expectIntact(engine, block)
        },
      }
    },
  }
}

function withRightHash(envelope: ExecutionPayloadEnvelope): ExecutionPayloadEnvelope {
  const blockHash = headerHash(blockHeaderOf(envelope))
  return { ...envelope, executionPayload: { ...envelope.executionPayload, blockHash } }
}

/** Attributes with changed fields and changed forced transactions. */
async function attributesTarget(): Promise<FuzzTarget> {
  const attacked = await fuzzEngine()
  const { block } = attacked
  const seeds = [devL1InfoTx(2n), devDeposit(2n, DEV_ACCOUNTS[2] as `0x${string}`, 1n), devTx({ nonce: 2n })]
  return {
    name: 'engine.forkchoice',
    expects: (error) => codedErrors(error) || error instanceof EngineApiError,
    renew: renewal(attacked),
    generate(random) {
      const transactions = Array.from({ length: random.below(4) }, () =>
        random.chance(50) ? random.pick(seeds) : mutateBytes(random, random.pick(seeds), random.pick(seeds)),
      )
      const attributes = {
        ...devAttributes(block, { transactions }),
        ...(random.chance(20) && { gasLimit: BigInt(random.uint32()) }),
        ...(random.chance(20) && { timestamp: block.executionPayload.timestamp + BigInt(random.below(5)) }),
        ...(random.chance(20) && { eip1559Params: bytesToHex(random.bytes(random.below(12))) }),
        ...(random.chance(20) && { minBaseFee: BigInt(random.uint32()) }),
      }
      return {
        size: EXECUTION_ALLOWANCE,
        show: () => JSON.stringify(attributesToJson(attributes)),
        async run() {
          const { engine } = attacked
          try {
            const { payloadId } = await engine.forkchoiceUpdated(forkchoiceOf(block), attributes)
            const built = payloadId && (await engine.getPayload(payloadId))
            const status = built && (await engine.newPayload(built))
            if (status && status.status !== 'VALID') throw new Error(`our own block is ${status.validationError}`)
          } finally {
            await expectIntact(engine, block)
          }
        },
      }
    },
  }
}

/** Bytes that are sent as transactions. */
async function poolTarget(): Promise<FuzzTarget> {
  const attacked = await fuzzEngine()
  const seeds = [
    devTx({ nonce: 2n }),
    devTx({ nonce: 3n, data: counterInitCode(), to: null, gasLimit: 300_000n }),
    devDeposit(1n, DEV_ACCOUNTS[0] as `0x${string}`, 1n),
    new Uint8Array([0xc0]),
  ]
  return {
    name: 'engine.pool',
    expects: (error) => error instanceof PoolError,
    renew: renewal(attacked),
    generate(random) {
      const bytes = mutateBytes(random, random.pick(seeds), random.pick(seeds))
      return { size: 10_000, show: () => bytesToHex(bytes), run: () => void attacked.engine.pool.add(bytes) }
    },
  }
}

/** Requests as text: any method with changed parameters, and text that is no request at all. */
async function rpcTarget(): Promise<FuzzTarget> {
  const attacked = await fuzzEngine()
  const { block } = attacked
  const open = () => {
    const { engine } = attacked
    const api = createEthApi({ engine, clock: systemClock, clientVersion: 'fuzz' })
    const methods = { ...api.methods, ...engineMethods(engine, nullLogger) }
    const dispatcher = createRpcDispatcher({
      methods,
      maxBatch: 10,
      timeoutMs: 30_000,
      name: 'fuzz',
      clock: systemClock,
      log: nullLogger,
      metrics: nullMetrics,
    })
    return { api, dispatcher, names: Object.keys(methods) }
  }
  let server = open()
  const renewEngine = renewal(attacked)
  const { blockHash, transactions } = block.executionPayload
  const tx = bytesToHex(transactions[2] as Uint8Array)
  const call = { from: DEV_ACCOUNTS[0], to: DEV_ACCOUNTS[1], value: '0x1', data: '0x00', gas: '0x5300', nonce: '0x0' }
  const tracer = { tracer: 'callTracer', tracerConfig: { withLog: true, diffMode: false }, timeout: '1s' }
  const parameters: Json[] = [
    ['latest', true],
    [blockHash, false],
    [{ blockHash, requireCanonical: true }],
    [DEV_ACCOUNTS[0], 'latest'],
    [DEV_ACCOUNTS[0], ['0x0'], 'latest'],
    [
      call,
      'latest',
      { [DEV_ACCOUNTS[0] as string]: { balance: '0x1', stateDiff: { [ZERO_HASH]: ZERO_HASH } } },
      { time: '0x1' },
    ],
    [call, 'latest', tracer],
    [blockHash, tracer],
    ['0x1', tracer],
    [tx],
    ['0x4', 'latest', [1, 50, 99.5]],
    [{ fromBlock: '0x0', toBlock: 'latest', address: [DEV_ACCOUNTS[0]], topics: [[ZERO_HASH], null] }],
    [forkchoiceStateToJson(forkchoiceOf(block)), attributesToJson(devAttributes(block))],
    [payloadToJson(block.executionPayload), [], ZERO_HASH, []],
    [[blockHash]],
    ['0x1', '0x2'],
    [],
  ] as Json[]
  return {
    name: 'engine.rpc',
    expects: () => false,
    async renew() {
      server.api.close()
      await renewEngine()
      server = open()
    },
    generate(random) {
      const request = requestText(random, server.names, parameters)
      return {
        size: EXECUTION_ALLOWANCE,
        show: () => request,
        async run() {
          const { text, after } = await server.dispatcher.handle(request, {
            transport: 'http',
            signal: new AbortController().signal,
            identity: {},
            send: null,
            onClose: () => {},
          })
          after()
          for (const reply of text === null ? [] : [JSON.parse(text)].flat()) {
            if (reply.error?.code === -32603) throw new Error(`${reply.error.message}: ${request}`)
          }
        },
      }
    },
  }
}

function requestText(random: Random, names: readonly string[], parameters: readonly Json[]): string {
  const seed = random.pick(parameters)
  const params = random.chance(15) ? seed : mutateJson(random, seed)
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: random.pick(names), params })
  if (!random.chance(5)) return text
  const bytes = Buffer.from(text)
  return Buffer.from(mutateBytes(random, bytes, bytes)).toString('utf8')
}

/** Everything that the engine takes from outside. */
export async function engineTargets(): Promise<FuzzTarget[]> {
  return [await newPayloadTarget(), await attributesTarget(), await poolTarget(), await rpcTarget()]
}
