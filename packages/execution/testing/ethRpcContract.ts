import {
  accountProofFromJson,
  bytesToHex,
  EMPTY_TRIE_ROOT,
  type ExecutionPayloadEnvelope,
  encodeRlp,
  FORKS,
  type Fork,
  type Hex,
  hexToBytes,
  keccak256,
  signHash,
  txHash,
  verifyAccountProof,
} from '@keelson/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import type { GenesisJson } from '../src/genesis/genesisJson.ts'
import {
  DEV_ACCOUNTS,
  DEV_CHAIN_ID,
  DEV_KEYS,
  type DevL1Fees,
  devAttributes,
  devDeposit,
  devGenesis,
  devL1Block,
  devL1InfoTx,
  devTx,
  extendChain,
  genesisOf,
} from './devChain.ts'
import { type EngineUnderTest, type MakeEngine, sendTx } from './engineUnderTest.ts'
import { COUNTED_TOPIC, counterInitCode, REVERT_REASON } from './testContract.ts'

type Json = Record<string, unknown>

const WORD_ZERO = `0x${'0'.repeat(64)}`
const wordOf = (value: bigint) => `0x${value.toString(16).padStart(64, '0')}`

/**
 * The public JSON-RPC as wallets and libraries rely on it; every engine runs it.
 *
 * @param newestFork - what later forks bring is skipped
 */
export function testEthRpc(name: string, make: MakeEngine, newestFork: Fork = 'karst'): void {
  describe(`eth RPC: ${name}`, () => {
    const knows = (fork: Fork) => FORKS.indexOf(fork) <= FORKS.indexOf(newestFork)
    /** Tests of what `fork` brings. */
    const since = (fork: Fork) => it.skipIf(!knows(fork))
    const usualFork = knows('jovian') ? 'jovian' : newestFork
    const open = new Set<EngineUnderTest>()
    /** A new chain; transactions pay for L1 when `l1Fees` are given. */
    const start = async (
      fork: Fork = usualFork,
      { l1Fees = null, alloc }: { l1Fees?: DevL1Fees | null; alloc?: GenesisJson['alloc'] } = {},
    ) => {
      const engine = await make(devGenesis({ fork, alloc: { ...(l1Fees && devL1Block(l1Fees)), ...alloc } }), fork)
      open.add(engine)
      const genesis = await genesisOf(engine.client)
      const l1InfoTx = (parent: ExecutionPayloadEnvelope) =>
        devL1InfoTx(parent.executionPayload.blockNumber + 1n, fork, l1Fees)
      /** The next block with these transactions behind the L1 attributes. */
      const mine = (parent: ExecutionPayloadEnvelope, ...transactions: Uint8Array[]) =>
        extendChain(
          engine.client,
          parent,
          devAttributes(parent, {
            fork,
            transactions: [l1InfoTx(parent), ...transactions],
          }),
        )
      return { engine, rpc: engine.rpc, genesis, mine, l1InfoTx }
    }
    afterEach(async () => {
      for (const engine of open) await engine.close()
      open.clear()
    })
    /** Deploys the counting contract in block 1 and counts once in block 2. */
    const counted = async () => {
      const chain = await start()
      const deploy = devTx({ nonce: 0n, to: null, value: 0n, gasLimit: 200_000n, data: counterInitCode() })
      const one = await chain.mine(chain.genesis, deploy)
      const receipt = await chain.rpc<{ contractAddress: Hex }>('eth_getTransactionReceipt', [txHash(deploy)])
      const address = receipt.contractAddress
      const call = devTx({ nonce: 1n, to: address, value: 0n, gasLimit: 100_000n })
      const two = await chain.mine(one, call)
      return { ...chain, address, call, one, two }
    }
    const errorOf = (promise: Promise<unknown>) =>
      promise.then(
        () => {
          throw new Error('was not refused')
        },
        (error: { code: number; message: string; data?: unknown }) => error,
      )

    it('gives blocks by tag, height and hash, with transaction hashes or whole transactions', async () => {
      const { rpc, genesis, mine, l1InfoTx } = await start()
      const tx = devTx({ nonce: 0n })
      const block = await mine(genesis, tx)
      const hash = block.executionPayload.blockHash
      const latest = await rpc<Json>('eth_getBlockByNumber', ['latest', false])
      expect(latest).toMatchObject({
        hash,
        number: '0x1',
        transactions: [txHash(l1InfoTx(genesis)), txHash(tx)],
        uncles: [],
      })
      expect(await rpc('eth_getBlockByNumber', ['pending', false])).toMatchObject({ number: expect.any(String) })
      expect(await rpc('eth_getBlockByHash', [hash, false])).toEqual(latest)
      const full = await rpc<{ transactions: Json[] }>('eth_getBlockByNumber', ['0x1', true])
      expect(full.transactions[1]).toEqual(await rpc('eth_getTransactionByHash', [txHash(tx)]))
      expect(await rpc('eth_getBlockByNumber', ['0x99', false])).toBeNull()
      expect(await rpc('eth_getBlockTransactionCountByNumber', ['0x1'])).toBe('0x2')
      expect(await rpc('eth_blockNumber', [])).toBe('0x1')
      expect(await rpc('eth_chainId', [])).toBe(`0x${DEV_CHAIN_ID.toString(16)}`)
      expect(await rpc('net_version', [])).toBe(DEV_CHAIN_ID.toString())
    })

    it('[EXE-003] [EXE-005] [EXE-159] shows deposits with zero signature, source hash, mint, and the nonce of the receipt', async () => {
      const { rpc, genesis, mine } = await start()
      const to = DEV_ACCOUNTS[1]!
      const one = await mine(genesis, devDeposit(1n, to, 5n))
      const second = devDeposit(2n, to, 6n)
      await mine(one, second)
      const tx = await rpc<Json>('eth_getTransactionByHash', [txHash(second)])
      expect(tx).toMatchObject({
        type: '0x7e',
        from: to,
        mint: '0x6',
        nonce: '0x1',
        v: '0x0',
        r: '0x0',
        s: '0x0',
        gasPrice: '0x0',
      })
      expect(tx.sourceHash).toBe(`0xdd${'2'.padStart(62, '0')}`)
      const receipt = await rpc<Json>('eth_getTransactionReceipt', [txHash(second)])
      expect(receipt).toMatchObject({ depositNonce: '0x1', depositReceiptVersion: '0x1', status: '0x1' })
      expect(receipt).not.toHaveProperty('l1Fee')
    })

    it('[EXE-004] shows deposits with nonce 0 before Regolith', async () => {
      const { rpc, genesis, mine } = await start('bedrock')
      const to = DEV_ACCOUNTS[1]!
      const one = await mine(genesis, devDeposit(1n, to, 5n))
      const second = devDeposit(2n, to, 6n)
      await mine(one, second)
      expect(await rpc('eth_getTransactionByHash', [txHash(second)])).toMatchObject({ type: '0x7e', nonce: '0x0' })
      expect(await rpc('eth_getTransactionReceipt', [txHash(second)])).not.toHaveProperty('depositNonce')
    })

    it('[EXE-162] has its chain id as network id, and has been merged for ever', async () => {
      const { rpc } = await start()
      expect(await rpc('net_version', [])).toBe(DEV_CHAIN_ID.toString())
      expect(await rpc('eth_getBlockByNumber', ['latest', false])).toMatchObject({ difficulty: '0x0', uncles: [] })
    })

    it('[EXE-159] leaves depositReceiptVersion out before Canyon', async () => {
      const { rpc, genesis, mine } = await start('regolith')
      const deposit = devDeposit(1n, DEV_ACCOUNTS[1]!, 5n)
      await mine(genesis, deposit)
      const receipt = await rpc<Json>('eth_getTransactionReceipt', [txHash(deposit)])
      expect(receipt).toHaveProperty('depositNonce', '0x0')
      expect(receipt).not.toHaveProperty('depositReceiptVersion')
    })

    it('[EXE-154] [EXE-158] puts price, gas, fee and decimal scalar of L1 into receipts before Ecotone', async () => {
      const { rpc, genesis, mine } = await start('canyon', { l1Fees: {} })
      const tx = devTx({ nonce: 0n })
      await mine(genesis, tx)
      const receipt = await rpc<Json>('eth_getTransactionReceipt', [txHash(tx)])
      expect(receipt).toMatchObject({ l1GasPrice: '0x3b9aca00', l1FeeScalar: '0.684' })
      expect(BigInt(receipt.l1Fee as Hex)).toBeGreaterThan(0n)
      expect(BigInt(receipt.l1GasUsed as Hex)).toBeGreaterThan(188n)
      expect(receipt).not.toHaveProperty('l1BaseFeeScalar')
    })

    it('[EXE-155] puts the two scalars of Ecotone into receipts, and no decimal scalar', async () => {
      const { rpc, genesis, mine } = await start('ecotone', { l1Fees: {} })
      const tx = devTx({ nonce: 0n })
      await mine(genesis, tx)
      const receipt = await rpc<Json>('eth_getTransactionReceipt', [txHash(tx)])
      expect(receipt).toMatchObject({ l1BaseFeeScalar: '0x558', l1BlobBaseFee: '0x1', l1BlobBaseFeeScalar: '0xc5fc5' })
      expect(receipt).not.toHaveProperty('l1FeeScalar')
      expect(receipt).not.toHaveProperty('operatorFeeScalar')
    })

    since('isthmus')('[EXE-156] puts operator fee parameters into receipts when one is not zero', async () => {
      const { rpc, genesis, mine } = await start('isthmus', { l1Fees: { operatorFeeConstant: 7n } })
      const tx = devTx({ nonce: 0n })
      await mine(genesis, tx)
      expect(await rpc('eth_getTransactionReceipt', [txHash(tx)])).toMatchObject({
        operatorFeeScalar: '0x0',
        operatorFeeConstant: '0x7',
      })
      const without = await start('isthmus', { l1Fees: {} })
      await without.mine(without.genesis, tx)
      expect(await without.rpc('eth_getTransactionReceipt', [txHash(tx)])).not.toHaveProperty('operatorFeeConstant')
    })

    since('jovian')('[EXE-157] puts the DA footprint into receipts from Jovian on', async () => {
      const { rpc, genesis, mine } = await start('jovian', { l1Fees: {} })
      const tx = devTx({ nonce: 0n })
      await mine(genesis, tx)
      const receipt = await rpc<Json>('eth_getTransactionReceipt', [txHash(tx)])
      // 100 bytes at least, 400 gas each.
      expect(receipt).toMatchObject({ daFootprintGasScalar: '0x190', blobGasUsed: '0x9c40' })
    })

    it('gives the same receipts one by one and by block', async () => {
      const { rpc, two, call } = await counted()
      const all = await rpc<Json[]>('eth_getBlockReceipts', [two.executionPayload.blockHash])
      expect(all).toHaveLength(2)
      expect(await rpc('eth_getTransactionReceipt', [txHash(call)])).toEqual(all[1])
      expect(all[1]).toMatchObject({ transactionIndex: '0x1', type: '0x2', status: '0x1', contractAddress: null })
    })

    it('reads balance, nonce, code and storage at any block', async () => {
      const { rpc, address } = await counted()
      expect(await rpc('eth_getTransactionCount', [DEV_ACCOUNTS[0], 'latest'])).toBe('0x2')
      expect(await rpc('eth_getTransactionCount', [DEV_ACCOUNTS[0], '0x1'])).toBe('0x1')
      expect(await rpc('eth_getStorageAt', [address, '0x0', 'latest'])).toBe(wordOf(1n))
      expect(await rpc('eth_getStorageAt', [address, '0x0', '0x1'])).toBe(WORD_ZERO)
      expect(await rpc<string>('eth_getCode', [address, 'latest'])).toMatch(/^0x3615/)
      expect(await rpc('eth_getCode', [address, '0x0'])).toBe('0x')
      expect(await rpc('eth_getBalance', [DEV_ACCOUNTS[1], { blockNumber: '0x0' }])).toBe('0x21e19e0c9bab2400000')
      expect((await errorOf(rpc('eth_getBalance', [DEV_ACCOUNTS[1], '0x99']))).message).toMatch(
        /header not found|unknown block/i,
      )
    })

    it('[EXE-160] proves accounts and slots against the state root', async () => {
      const { rpc, address } = await counted()
      const { stateRoot } = await rpc<{ stateRoot: Hex }>('eth_getBlockByNumber', ['latest', false])
      const proof = accountProofFromJson(await rpc('eth_getProof', [address, ['0x0', wordOf(5n)], 'latest']))
      expect(() => verifyAccountProof(stateRoot, proof)).not.toThrow()
      expect(proof.storageProof.map(({ value }) => value)).toEqual([1n, 0n])
    })

    it('calls contracts, with overrides, and gives a revert with its reason and data under code 3', async () => {
      const { rpc, address } = await counted()
      expect(await rpc('eth_call', [{ to: address }, 'latest'])).toBe(wordOf(2n))
      const override = { [address]: { stateDiff: { [WORD_ZERO]: wordOf(41n) } } }
      expect(await rpc('eth_call', [{ to: address }, 'latest', override])).toBe(wordOf(42n))
      const error = await errorOf(rpc('eth_call', [{ to: address, data: '0x01' }, 'latest']))
      expect(error).toMatchObject({ code: 3, message: `execution reverted: ${REVERT_REASON}` })
      expect(error.data).toMatch(/^0x08c379a0/)
      const poor = `0x${'11'.repeat(20)}`
      expect((await errorOf(rpc('eth_call', [{ from: poor, to: address, value: '0x1' }, 'latest']))).message).toMatch(
        /insufficient funds/,
      )
    })

    it('[EXE-096] simulates calls in blocks on top of one another, with the empty withdrawals root', async () => {
      const { rpc, address } = await counted()
      const count = { to: address }
      const blocks = await rpc<(Json & { calls: Json[] })[]>('eth_simulateV1', [
        {
          blockStateCalls: [{ calls: [count, count] }, { calls: [count, { ...count, data: '0x01' }] }],
        },
        'latest',
      ])
      expect(blocks.map(({ number }) => number)).toEqual(['0x3', '0x4'])
      expect(blocks.flatMap(({ calls }) => calls.map(({ status }) => status))).toEqual(['0x1', '0x1', '0x1', '0x0'])
      expect(blocks[1]?.calls[0]).toMatchObject({ returnData: wordOf(4n), logs: [{ topics: [COUNTED_TOPIC] }] })
      // The execution API settled on 3 in 2026; engines older than Jovian say -32000.
      const code = knows('jovian') ? 3 : -32000
      expect(blocks[1]?.calls[1]).toMatchObject({ error: { code, message: `execution reverted: ${REVERT_REASON}` } })
      expect(blocks[0]?.withdrawalsRoot).toBe(EMPTY_TRIE_ROOT)
      expect(blocks[1]?.parentHash).toMatch(/^0x[0-9a-f]{64}$/)
      expect(await rpc('eth_getStorageAt', [address, '0x0', 'latest'])).toBe(wordOf(1n))
      const backwards = [{ blockOverrides: { number: '0x1' }, calls: [] }]
      expect(await errorOf(rpc('eth_simulateV1', [{ blockStateCalls: backwards }, 'latest']))).toMatchObject({
        code: -38020,
      })
    })

    it('[EXE-052] does not charge L1 cost in calls and estimates', async () => {
      const { rpc } = await start(usualFork, { l1Fees: {} })
      const balance = BigInt(await rpc<Hex>('eth_getBalance', [DEV_ACCOUNTS[0], 'latest']))
      const call = { from: DEV_ACCOUNTS[0], to: DEV_ACCOUNTS[1], value: `0x${balance.toString(16)}` }
      expect(await rpc('eth_call', [call, 'latest'])).toBe('0x')
    })

    it('estimates gas that is enough, and says why nothing is', async () => {
      const { rpc, address } = await counted()
      const from = DEV_ACCOUNTS[0]
      expect(await rpc('eth_estimateGas', [{ from, to: DEV_ACCOUNTS[1], value: '0x1' }])).toBe('0x5208')
      const gas = await rpc<Hex>('eth_estimateGas', [{ from, to: address }])
      expect(await rpc('eth_call', [{ from, to: address, gas }, 'latest'])).toBe(wordOf(2n))
      const less = `0x${((BigInt(gas) * 9n) / 10n).toString(16)}`
      await errorOf(rpc('eth_call', [{ from, to: address, gas: less }, 'latest']))
      expect(await errorOf(rpc('eth_estimateGas', [{ from, to: address, data: '0x01' }]))).toMatchObject({ code: 3 })
    })

    it('finds logs by range, block, address and topic', async () => {
      const { rpc, address, two, call } = await counted()
      const logs = await rpc<Json[]>('eth_getLogs', [{ fromBlock: '0x0', toBlock: 'latest', address }])
      expect(logs).toHaveLength(1)
      expect(logs[0]).toMatchObject({
        address,
        topics: [COUNTED_TOPIC],
        data: wordOf(1n),
        transactionHash: txHash(call),
        blockHash: two.executionPayload.blockHash,
        logIndex: '0x0',
        removed: false,
      })
      const find = (filter: Json) => rpc<Json[]>('eth_getLogs', [filter])
      expect(await find({ blockHash: two.executionPayload.blockHash })).toEqual(logs)
      expect(await find({ fromBlock: '0x0', topics: [[wordOf(1n), COUNTED_TOPIC]] })).toEqual(logs)
      expect(await find({ fromBlock: '0x0', topics: [wordOf(1n)] })).toEqual([])
      expect(await find({ fromBlock: '0x0', toBlock: '0x1' })).toEqual([])
      expect(await find({ fromBlock: '0x0', address: [DEV_ACCOUNTS[0], address], topics: [null] })).toEqual(logs)
      expect((await errorOf(find({ fromBlock: '0x2', toBlock: '0x1' }))).message).toMatch(/invalid block range/)
    })

    it('keeps filters of logs, blocks and pending transactions', async () => {
      const { engine, rpc, address, two, mine } = await counted()
      const logs = await rpc<string>('eth_newFilter', [{ address }])
      const blocks = await rpc<string>('eth_newBlockFilter', [])
      const pending = await rpc<string>('eth_newPendingTransactionFilter', [])
      const tx = devTx({ nonce: 2n, to: address, value: 0n, gasLimit: 100_000n })
      await sendTx(engine, tx)
      const three = await mine(two, tx)
      expect(await rpc('eth_getFilterChanges', [blocks])).toEqual([three.executionPayload.blockHash])
      expect(await rpc('eth_getFilterChanges', [pending])).toEqual([txHash(tx)])
      expect(await rpc('eth_getFilterChanges', [logs])).toHaveLength(1)
      expect(await rpc('eth_getFilterChanges', [logs])).toEqual([])
      expect(await rpc('eth_uninstallFilter', [logs])).toBe(true)
      expect((await errorOf(rpc('eth_getFilterChanges', [logs]))).message).toBe('filter not found')
    })

    it('suggests fees and tells their history', async () => {
      const { rpc } = await counted()
      const { baseFeePerGas } = await rpc<{ baseFeePerGas: Hex }>('eth_getBlockByNumber', ['latest', false])
      const tip = BigInt(await rpc<Hex>('eth_maxPriorityFeePerGas', []))
      expect(BigInt(await rpc<Hex>('eth_gasPrice', []))).toBe(BigInt(baseFeePerGas) + tip)
      const history = await rpc<{ baseFeePerGas: Hex[]; gasUsedRatio: number[]; reward: Hex[][] }>('eth_feeHistory', [
        '0x2',
        'latest',
        [10, 90],
      ])
      expect(history).toMatchObject({ oldestBlock: '0x1' })
      expect(history.baseFeePerGas).toHaveLength(3)
      expect(history.baseFeePerGas[1]).toBe(baseFeePerGas)
      expect(history.gasUsedRatio).toHaveLength(2)
      // Deposits pay no tip and count: the L1 attributes have a good third of the gas in this block.
      expect(history.reward[1]).toEqual(['0x0', '0x3b9aca00'])
    })

    it('gives raw headers, blocks, receipts and transactions', async () => {
      const { rpc, two, call } = await counted()
      const { blockHash } = two.executionPayload
      const header = await rpc<Hex>('debug_getRawHeader', [blockHash])
      expect(bytesToHex(keccak256(hexToBytes(header)))).toBe(blockHash)
      expect(await rpc<Hex>('debug_getRawBlock', ['0x2'])).toContain(header.slice(2))
      expect(await rpc<Hex[]>('debug_getRawReceipts', ['0x2'])).toHaveLength(2)
      expect(await rpc('debug_getRawTransaction', [txHash(call)])).toBe(bytesToHex(call))
      expect(await rpc('eth_getRawTransactionByHash', [txHash(call)])).toBe(bytesToHex(call))
    })

    it('traces calls, opcodes and states of transactions, blocks and calls', async () => {
      const { rpc, address, call } = await counted()
      const tree = await rpc<Json>('debug_traceTransaction', [txHash(call), { tracer: 'callTracer' }])
      expect(tree).toMatchObject({
        type: 'CALL',
        from: DEV_ACCOUNTS[0],
        to: address,
        output: wordOf(1n),
        gas: '0x186a0',
      })
      const reverted = await rpc<Json>('debug_traceCall', [
        { to: address, data: '0x01' },
        'latest',
        { tracer: 'callTracer' },
      ])
      expect(reverted).toMatchObject({ error: 'execution reverted', revertReason: REVERT_REASON })
      const steps = await rpc<{ structLogs: Json[]; gas: number; failed: boolean }>('debug_traceTransaction', [
        txHash(call),
      ])
      expect(steps.failed).toBe(false)
      expect(steps.structLogs[0]).toMatchObject({ pc: 0, op: 'CALLDATASIZE', depth: 1, stack: [] })
      const receipt = await rpc<{ gasUsed: Hex }>('eth_getTransactionReceipt', [txHash(call)])
      expect(steps.gas).toBe(Number(receipt.gasUsed))
      const before = await rpc<Record<string, Json>>('debug_traceTransaction', [
        txHash(call),
        { tracer: 'prestateTracer' },
      ])
      expect(before[address]).toMatchObject({ storage: { [WORD_ZERO]: WORD_ZERO } })
      expect(before[DEV_ACCOUNTS[0]!]).toMatchObject({ nonce: 1 })
      const block = await rpc<Json[]>('debug_traceBlockByNumber', ['0x2', { tracer: 'callTracer' }])
      expect(block[1]).toEqual({ txHash: txHash(call), result: tree })
    })

    it('shows in a trace who delegates, what a call passes on as its cost, and no output where there is none', async () => {
      const { rpc, address } = await counted()
      const caller = `0x${'ca'.repeat(20)}`
      const code = `0x600060006000600073${address.slice(2)}61fffff400`
      const trace = (tracer: Json) =>
        rpc<Json & { calls: Json[]; structLogs: Json[] }>('debug_traceCall', [
          { to: caller },
          'latest',
          { ...tracer, stateOverrides: { [caller]: { code } } },
        ])
      const { calls, ...root } = await trace({ tracer: 'callTracer' })
      expect(root).not.toHaveProperty('output')
      expect(calls).toMatchObject([{ type: 'DELEGATECALL', from: caller, to: address, output: wordOf(1n) }])
      const { structLogs } = await trace({})
      // 0xffff for the call, 2600 for an account that was cold.
      expect(structLogs.find(({ op }) => op === 'DELEGATECALL')).toMatchObject({ gasCost: 0xffff + 2600 })
    })

    it('leaves a contract out of the state before the transaction that creates it', async () => {
      const { rpc, address, one } = await counted()
      const deploy = one.executionPayload.transactions[1] as Uint8Array
      const trace = (tracerConfig: Json) =>
        rpc<{ pre: Json; post: Json }>('debug_traceTransaction', [
          txHash(deploy),
          { tracer: 'prestateTracer', tracerConfig },
        ])
      expect(Object.keys(await trace({}))).not.toContain(address)
      const { pre, post } = await trace({ diffMode: true })
      expect(Object.keys(pre)).not.toContain(address)
      expect(post[address]).toEqual({ nonce: 1, code: expect.stringMatching(/^0x3615/) })
    })

    it('names the slots of a proof as they were asked for', async () => {
      const { rpc, address } = await counted()
      const { storageProof } = await rpc<{ storageProof: Json[] }>('eth_getProof', [
        address,
        ['0x5', wordOf(5n)],
        'latest',
      ])
      expect(storageProof.map(({ key }) => key)).toEqual(['0x5', wordOf(5n)])
    })

    it('takes input before data, and refuses calls of other chains and prices below the base fee', async () => {
      const { rpc, address } = await counted()
      const call = (fields: Json) => rpc('eth_call', [{ to: address, ...fields }, 'latest'])
      expect(await call({ data: '0x01', input: '0x' })).toBe(wordOf(2n))
      expect((await errorOf(call({ chainId: '0x1' }))).message).toMatch(/^chainId does not match node's/)
      expect((await errorOf(call({ gasPrice: '0x1' }))).message).toMatch(/max fee per gas less than block base fee/)
    })

    describe('transactions that are sent', () => {
      const cases: [title: string, tx: () => Uint8Array, message: RegExp][] = [
        ['[EXE-150] a deposit', () => devDeposit(1n, DEV_ACCOUNTS[0]!, 1n), /transaction type not supported/],
        ['[EXE-151] a blob transaction', () => blobTx(), /transaction type not supported/],
        ['another chain id', () => devTx({ nonce: 0n, chainId: 7n }), /invalid chain id for signer|invalid sender/],
        ['too little gas', () => devTx({ nonce: 0n, gasLimit: 20_999n }), /intrinsic gas too low/],
        [
          'more gas than a block has',
          () => devTx({ nonce: 0n, gasLimit: 30_000_001n, maxFeePerGas: 2n * 10n ** 9n }),
          /exceeds block gas limit/,
        ],
        [
          'a tip above the fee',
          () => devTx({ nonce: 0n, maxFeePerGas: 1n, maxPriorityFeePerGas: 2n }),
          /max priority fee per gas higher than max fee per gas/,
        ],
        [
          'too little balance',
          () => devTx({ nonce: 0n, value: 10n ** 23n }),
          /insufficient funds for gas \* price \+ value/,
        ],
        ['garbage', () => Uint8Array.of(2, 0xc0), /.+/],
        ['nothing', () => new Uint8Array(), /.+/],
      ]
      it.each(cases)('refuses %s', async (_, tx, message) => {
        const { engine } = await start()
        expect((await errorOf(sendTx(engine, tx()))).message).toMatch(message)
        expect(await engine.rpc('txpool_status', [])).toEqual({ pending: '0x0', queued: '0x0' })
      })

      it('refuses a nonce that is used up, one that is known, and a replacement that pays too little', async () => {
        const { engine, genesis, mine } = await start()
        await mine(genesis, devTx({ nonce: 0n }))
        await untilPoolFollows(engine, '0x1')
        expect((await errorOf(sendTx(engine, devTx({ nonce: 0n, value: 2n })))).message).toMatch(/nonce too low/)
        const tx = devTx({ nonce: 1n })
        expect(await sendTx(engine, tx)).toBe(txHash(tx))
        expect((await errorOf(sendTx(engine, tx))).message).toBe('already known')
        const cheap = devTx({
          nonce: 1n,
          value: 2n,
          maxFeePerGas: 10_900_000_000n,
          maxPriorityFeePerGas: 1_090_000_000n,
        })
        expect((await errorOf(sendTx(engine, cheap))).message).toBe('replacement transaction underpriced')
        const dear = devTx({
          nonce: 1n,
          value: 2n,
          maxFeePerGas: 11_000_000_000n,
          maxPriorityFeePerGas: 1_100_000_000n,
        })
        await sendTx(engine, dear)
        expect(await engine.rpc('eth_getTransactionByHash', [txHash(tx)])).toBeNull()
        expect(await engine.rpc('eth_getTransactionByHash', [txHash(dear)])).toMatchObject({
          blockHash: null,
          nonce: '0x1',
        })
      })

      since('isthmus')('[EXE-152] [EXE-062] asks for balance that also covers L1 and operator fee', async () => {
        const gasCost = 21_000n * 10_000_000_000n
        const key = DEV_KEYS[1]!
        const alloc = { [DEV_ACCOUNTS[1]!]: { balance: `0x${(gasCost + 1n + 10n ** 12n).toString(16)}` } }
        const tx = devTx({ key, nonce: 0n, value: 1n })
        const enough = await start('isthmus', { l1Fees: {}, alloc })
        expect(await sendTx(enough.engine, tx)).toBe(txHash(tx))
        const short = await start('isthmus', { l1Fees: { operatorFeeConstant: 10n ** 13n }, alloc })
        expect((await errorOf(sendTx(short.engine, tx))).message).toMatch(/insufficient funds/)
      })

      since('isthmus')('[EXE-153] takes type 4 from Isthmus on only', async () => {
        const before = await start('holocene')
        expect((await errorOf(sendTx(before.engine, setCodeTx()))).message).toMatch(/transaction type not supported/)
        const after = await start('isthmus')
        expect(await sendTx(after.engine, setCodeTx())).toBe(txHash(setCodeTx()))
      })

      it('tells pending from queued, and counts pending ones into the pending nonce', async () => {
        const { engine, rpc } = await start()
        await sendTx(engine, devTx({ nonce: 0n }))
        await sendTx(engine, devTx({ nonce: 2n }))
        expect(await rpc('txpool_status', [])).toEqual({ pending: '0x1', queued: '0x1' })
        expect(await rpc('eth_getTransactionCount', [DEV_ACCOUNTS[0], 'pending'])).toBe('0x1')
        await sendTx(engine, devTx({ nonce: 1n }))
        expect(await rpc('txpool_status', [])).toEqual({ pending: '0x3', queued: '0x0' })
        const content = await rpc<{ pending: Record<string, Json> }>('txpool_content', [])
        const lists = Object.values(content.pending)
        expect(Object.keys(lists[0] ?? {})).toEqual(['0', '1', '2'])
      })
    })

    it('refuses parameters it cannot read with -32602', async () => {
      const { rpc } = await start()
      const calls: [string, unknown[]][] = [
        ['eth_getBalance', ['0x12', 'latest']],
        ['eth_getBalance', []],
        ['eth_getBlockByNumber', ['newest', false]],
        ['eth_getTransactionByHash', [5]],
        ['eth_sendRawTransaction', ['zz']],
        ['eth_getLogs', [{ topics: 'x' }]],
        ['eth_feeHistory', ['0x1', 'latest', ['a']]],
      ]
      for (const [method, params] of calls) expect((await errorOf(rpc(method, params))).code, method).toBe(-32602)
      expect((await errorOf(rpc('eth_nothing', []))).code).toBe(-32601)
    })
  })
}

/** Some engines bring their pool up to a new head in the background: waits for the nonce of the first dev account. */
async function untilPoolFollows({ rpc }: EngineUnderTest, nonce: Hex): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await rpc('eth_getTransactionCount', [DEV_ACCOUNTS[0], 'pending'])) === nonce) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('the pool does not follow the head')
}

/** Signs the fields of a typed transaction with the first dev key. */
function signTyped(type: number, fields: Parameters<typeof encodeRlp>[0] & readonly unknown[]): Uint8Array {
  const signature = signHash(keccak256(encodeRlp(fields, type)), hexToBytes(DEV_KEYS[0]!))
  const part = (from: number, to: number) => BigInt(bytesToHex(signature.subarray(from, to)))
  return encodeRlp([...fields, BigInt(signature[64]!), part(0, 32), part(32, 64)] as never, type)
}

function blobTx(): Uint8Array {
  const hash = `0x01${'00'.repeat(31)}`
  return signTyped(3, [DEV_CHAIN_ID, 0n, 1n, 10n ** 10n, 21_000n, DEV_ACCOUNTS[1]!, 0n, '0x', [], 1n, [hash]])
}

function setCodeTx(): Uint8Array {
  const authorization = keccak256(encodeRlp([DEV_CHAIN_ID, DEV_ACCOUNTS[2]!, 0n], 5))
  const signature = signHash(authorization, hexToBytes(DEV_KEYS[1]!))
  const part = (from: number, to: number) => BigInt(bytesToHex(signature.subarray(from, to)))
  const tuple = [DEV_CHAIN_ID, DEV_ACCOUNTS[2]!, 0n, BigInt(signature[64]!), part(0, 32), part(32, 64)]
  return signTyped(4, [DEV_CHAIN_ID, 0n, 10n ** 9n, 10n ** 10n, 100_000n, DEV_ACCOUNTS[1]!, 0n, '0x', [], [tuple]])
}
