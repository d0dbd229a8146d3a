import type { Traffic } from './traffic.ts'

/** A call of the eth RPC: method and parameters. */
export type EthCall = readonly [method: string, ...params: unknown[]]

const FROM = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
const NOBODY = `0x${'11'.repeat(20)}`
const MESSAGE_PASSER = '0x4200000000000000000000000000000000000016'
const L1_BLOCK = '0x4200000000000000000000000000000000000015'
const GAS_PRICE_ORACLE = '0x420000000000000000000000000000000000000f'
const UNKNOWN = `0x${'99'.repeat(32)}`
const FAR = '0xffffff'
const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`
const call = { tracer: 'callTracer' }
const prestate = { tracer: 'prestateTracer' }
const TRACERS = [
  {},
  { enableMemory: true, enableReturnData: true },
  { disableStack: true, disableStorage: true },
  call,
  { ...call, tracerConfig: { onlyTopCall: true } },
  { ...call, tracerConfig: { withLog: true } },
  prestate,
  { ...prestate, tracerConfig: { diffMode: true } },
  { tracer: '4byteTracer' },
  { tracer: 'noopTracer' },
  { tracer: 'flatCallTracer' },
  { tracer: 'muxTracer', tracerConfig: { callTracer: {}, '4byteTracer': {} } },
]

/** What wallets, explorers and indexers ask of a chain with this traffic, in every form that it takes. */
export function ethRpcCalls(traffic: Traffic, hashOf: (number: bigint) => string): EthCall[] {
  const { contract: to, lastBlock } = traffic
  const at = `0x${lastBlock.toString(16)}`
  const numbers = Array.from({ length: Number(lastBlock) + 1 }, (_, number) => `0x${number.toString(16)}`)
  const transactions = [traffic.transfer, traffic.deployment, traffic.call, traffic.deposit]
  const blocks = numbers.flatMap((number): EthCall[] => [
    ['eth_getBlockByNumber', number, false],
    ['eth_getBlockByHash', hashOf(BigInt(number)), true],
    ['eth_getBlockReceipts', number],
    ['debug_getRawHeader', number],
    ['debug_getRawBlock', number],
    ['debug_getRawReceipts', number],
  ])
  const single = [...transactions, UNKNOWN].flatMap((hash): EthCall[] => [
    ['eth_getTransactionByHash', hash],
    ['eth_getTransactionReceipt', hash],
    ['eth_getRawTransactionByHash', hash],
    ['debug_getRawTransaction', hash],
  ])
  const traces = TRACERS.flatMap((tracer): EthCall[] => [
    ...transactions.map((hash): EthCall => ['debug_traceTransaction', hash, tracer]),
    ['debug_traceBlockByNumber', at, tracer],
    ['debug_traceBlockByHash', hashOf(1n), tracer],
  ])
  const ask = (tx: object, ...more: unknown[]): EthCall => ['eth_call', tx, at, ...more]
  return [
    ...[...blocks, ...single, ...traces],
    ['debug_traceCall', { to, data: '0x01' }, at, call],
    ['eth_getTransactionByBlockNumberAndIndex', at, '0x0'],
    ['eth_getTransactionByBlockNumberAndIndex', at, '0x99'],
    ['eth_getRawTransactionByBlockNumberAndIndex', at, '0x0'],
    ['eth_getBlockTransactionCountByNumber', at],
    ['eth_getUncleCountByBlockNumber', at],
    ['eth_getUncleByBlockNumberAndIndex', at, '0x0'],
    ['eth_getBlockByNumber', FAR, false],
    ['eth_getBlockReceipts', FAR],
    ['eth_getBlockTransactionCountByNumber', FAR],
    ['eth_feeHistory', '0x8', at, [10, 50, 90]],
    ['eth_feeHistory', '0x3', '0x1', [0, 25.5, 100]],
    ['eth_feeHistory', '0x0', at, []],
    ['eth_feeHistory', 4, at, null],
    ['eth_feeHistory', '0x1', at, [50, 10]],
    ['eth_feeHistory', '0x1', at, [101]],
    ['eth_getBalance', FROM, at],
    ['eth_getBalance', FROM, { blockHash: hashOf(1n), requireCanonical: true }],
    ['eth_getBalance', NOBODY, at],
    ['eth_getBalance', FROM, FAR],
    ['eth_getTransactionCount', FROM, at],
    ['eth_getCode', to, at],
    ['eth_getCode', to, '0x0'],
    ['eth_getStorageAt', to, '0x0', at],
    ['eth_getStorageAt', to, word(5), at],
    ['eth_getProof', to, ['0x0', '0x5', word(0)], at],
    ['eth_getProof', MESSAGE_PASSER, [], at],
    ['eth_getProof', FROM, [], FAR],
    ask({ to }),
    ask({ to, data: '0x01' }),
    ask({ to, data: '0x01', input: '0x02' }),
    ask({ to, gas: '0x5300' }),
    ask({ to, gas: '0x1' }),
    ask({ to, from: NOBODY, value: '0x1' }),
    ask({ to, gasPrice: '0x1' }),
    ask({ to, gasPrice: '0x1', maxFeePerGas: '0x2' }),
    ask({ to, chainId: '0x1' }),
    ask({ to, nonce: '0x99', chainId: '0x385' }),
    ask({ data: '0x5b600056' }),
    ask({ data: '0x600056' }),
    ask({ to }, { [to]: { code: '0x600160005260206000f3' } }),
    ask({ to }, { [to]: { stateDiff: { [word(0)]: word(41) } } }),
    ask({ data: '0x4360005260206000f3' }, {}, { number: '0x1234' }),
    ask({ to: GAS_PRICE_ORACLE, data: '0x519b4bd3' }),
    ask({ to: L1_BLOCK, data: '0x8381f58a' }),
    ['eth_call', { to }, FAR],
    ['eth_estimateGas', { from: FROM, to: NOBODY, value: '0x1' }, at],
    ['eth_estimateGas', { from: FROM, to }, at],
    ['eth_estimateGas', { from: FROM, to, data: '0x01' }, at],
    ['eth_estimateGas', { from: NOBODY, to, value: '0x1' }, at],
    ['eth_estimateGas', { from: FROM, to, gas: '0x5300' }, at],
    ['eth_estimateGas', { from: FROM, data: '0x600160005260206000f3' }, at],
    ['eth_createAccessList', { from: FROM, to }, at],
    ['eth_createAccessList', { from: FROM, to, data: '0x01' }, at],
    ['eth_getLogs', { fromBlock: '0x0', toBlock: at }],
    ['eth_getLogs', { blockHash: hashOf(lastBlock), address: to }],
    ['eth_getLogs', { blockHash: UNKNOWN }],
    ['net_version'],
    ['eth_chainId'],
    ['eth_syncing'],
    ['eth_accounts'],
    ['eth_maxPriorityFeePerGas'],
    ['web3_sha3', '0x1234'],
    ['txpool_status'],
    ['txpool_contentFrom', FROM],
    ['eth_getBalance'],
    ['eth_nothing'],
  ]
}
