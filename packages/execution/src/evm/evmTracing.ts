import type { EVM, EVMResult, InterpreterStep, Message } from '@ethereumjs/evm'
import { addressHex } from './evmStateManager.ts'
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
    from: addressHex(message.caller),
    to: message.to ? addressHex(message.codeAddress) : null,
    value: message.value,
    gas: message.gasLimit,
    input: message.data,
  }
}

/** Has a tracer watch an EVM until its listeners are removed. */
export function attachTracer(evm: EVM, tracer: EvmTracer): void {
  if (tracer.step) {
    evm.events.on('step', (step: InterpreterStep) => {
      tracer.step?.({
        pc: step.pc,
        opcode: { name: step.opcode.name, code: step.opcode.code },
        gasLeft: step.gasLeft,
        gasCost: step.opcode.dynamicFee ?? BigInt(step.opcode.fee),
        gasRefund: step.gasRefund,
        depth: step.depth,
        address: addressHex(step.address),
        stack: step.stack,
        memory: step.memory,
      })
    })
  }
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
