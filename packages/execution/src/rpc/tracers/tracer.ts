import { type Address, type Fork, type Hash, JsonNode } from '@keelson/protocol'
import { RpcMethodError } from '@keelson/service'
import type { EvmTracer } from '../../evm/tracer.ts'
import type { StateReader } from '../../state/stateReader.ts'
import { CallTracer } from './callTracer.ts'
import { FlatCallTracer } from './flatCallTracer.ts'
import { FourByteTracer } from './fourByteTracer.ts'
import { muxTracer } from './muxTracer.ts'
import { OpcodeTracer } from './opcodeTracer.ts'
import { PrestateTracer } from './prestateTracer.ts'

/** What was traced, told when it has ended. */
export type TracedRun = {
  readonly from: Address
  /** `null`: it created {@link TracedRun.contractAddress}. */
  readonly to: Address | null
  readonly contractAddress: Address | null
  readonly feeRecipient: Address
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  readonly returnValue: Uint8Array
  readonly evmError: string | null
  /** State before and after; only for tracers that ask for it. */
  readonly before: StateReader | null
  readonly after: StateReader | null
  /** Where the transaction stands; `null` for a call that is only tried. */
  readonly place: TracedPlace | null
}

export type TracedPlace = {
  readonly blockHash: Hash
  readonly blockNumber: bigint
  readonly transactionHash: Hash
  readonly transactionIndex: number
}

/** Makes the tracer of one transaction, by the fork that it runs in. */
export type MakeTracer = (fork: Fork) => TransactionTracer

/** Watches one transaction and says what it saw. */
export interface TransactionTracer extends EvmTracer {
  /** The state before (and after) is wanted: costs a state root each. */
  readonly wantsState: 'none' | 'before' | 'both'
  result(run: TracedRun): unknown
}

/**
 * Reads geth's trace config and gives a maker of tracers, one per transaction.
 *
 * @throws {RpcMethodError} -32000 for a tracer that there is not
 * @throws {CodecError} `badJson`
 */
export function readTracer(config: JsonNode): MakeTracer {
  const name = config.get('tracer')
  const options = config.get('tracerConfig')
  const on = (key: string, from: JsonNode) => from.exists && from.get(key).exists && from.get(key).boolean()
  if (!name.exists || name.string() === '') {
    const limit = config.get('limit')
    const settings = {
      memory: on('enableMemory', config),
      stack: !on('disableStack', config),
      storage: !on('disableStorage', config),
      limit: limit.exists ? Number(limit.uint64()) : 0,
    }
    return () => new OpcodeTracer(settings)
  }
  switch (name.string()) {
    case 'callTracer': {
      const settings = { onlyTopCall: on('onlyTopCall', options), withLog: on('withLog', options) }
      return () => new CallTracer(settings)
    }
    case 'prestateTracer': {
      const settings = {
        diffMode: on('diffMode', options),
        disableCode: on('disableCode', options),
        disableStorage: on('disableStorage', options),
      }
      return () => new PrestateTracer(settings)
    }
    case '4byteTracer':
      return (fork) => new FourByteTracer(fork)
    case 'flatCallTracer': {
      const settings = {
        convertParityErrors: on('convertParityErrors', options),
        includePrecompiles: on('includePrecompiles', options),
      }
      return (fork) => new FlatCallTracer(settings, fork)
    }
    case 'muxTracer': {
      const parts = Object.keys((options.value ?? {}) as object).map((part) => {
        const tracerConfig = options.get(part)
        const make = readTracer(
          new JsonNode({ tracer: part, ...(tracerConfig.exists && { tracerConfig: tracerConfig.value }) }),
        )
        return [part, make] as const
      })
      return (fork) => muxTracer(Object.fromEntries(parts.map(([part, make]) => [part, make(fork)])))
    }
    case 'noopTracer':
      return () => ({ wantsState: 'none', result: () => ({}) })
    default:
      throw new RpcMethodError(-32000, `tracer not found: ${name.string()}`)
  }
}
