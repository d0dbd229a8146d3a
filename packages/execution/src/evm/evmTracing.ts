import type { EVMResult, Message } from '@ethereumjs/evm'
import { addressHex } from './evmStateManager.ts'
import type { OpEvm } from './opEvm.ts'
import type { EvmFrame, EvmTracer } from './tracer.ts'

function frameKind(message: Message): EvmFrame['kind'] {
  if (!message.to) return message.salt ? 'CREATE2' : 'CREATE'
  if (message.delegatecall) return 'DELEGATECALL'
  if (message.isStatic) return 'STATICCALL'
  return message.codeAddress.equals(message.to) ? 'CALL' : 'CALLCODE'
}

function frameOf(message: Message): EvmFrame {
  return {
    kind: frameKind(message),
    depth: message.depth,
    // Who calls: in a delegated frame that is the contract whose code ran the opcode, not the sender it sees.
    from: addressHex(message.delegatecall && message.to ? message.to : message.caller),
    to: message.to ? addressHex(message.codeAddress) : null,
    value: message.value,
    gas: message.gasLimit,
    input: message.data,
  }
}

/** Has a tracer watch an EVM until it is lent again. */
export function attachTracer(evm: OpEvm, tracer: EvmTracer): void {
  evm.onStep = tracer.step ? (step) => tracer.step?.(step) : null
  if (tracer.enter) evm.events.on('beforeMessage', (message: Message) => tracer.enter?.(frameOf(message)))
  if (tracer.exit) {
    evm.events.on('afterMessage', ({ execResult, createdAddress }: EVMResult) => {
      tracer.exit?.({
        gasUsed: execResult.executionGasUsed,
        output: execResult.returnValue,
        error: execResult.exceptionError?.error ?? null,
        createdAddress: createdAddress ? addressHex(createdAddress) : null,
      })
    })
  }
}
