import type { Common } from '@ethereumjs/common'
import { EVMError } from '@ethereumjs/evm'
import { type Address, keccak256 } from '@keelson/protocol'
import { EMPTY_CODE_HASH } from '../state/accountCodec.ts'
import type { JournaledState } from '../state/journaledState.ts'
import type { AccessJournal } from './accessJournal.ts'
import { analyzeCode, pushValue } from './codeAnalysis.ts'
import { addressHex, type EvmStateManager } from './evmStateManager.ts'
import { CALL_WORK, type HostTurns } from './hostTurns.ts'
import type { OpcodeEntry, RunState } from './interpreterTypes.ts'
import { sstoreCost } from './sstore.ts'
import type { EvmStep } from './tracer.ts'
import { readWord, writeWord } from './words.ts'

const { errorMessages } = EVMError
const MASK_256 = (1n << 256n) - 1n
const STACK_LIMIT = 1024
/** Memory beyond this costs more than any block has. */
const MAX_OFFSET = 0xffff_ffffn

const COLD_SLOAD_GAS = 2_100
const COLD_ACCOUNT_GAS = 2_600
const WARM_GAS = 100
const KECCAK_WORD_GAS = 6

/** What the loop needs of the EVM around it. */
export type LoopParts = {
  readonly common: Common
  readonly opcodes: readonly OpcodeEntry[]
  /** Constant gas of each opcode. */
  readonly fees: Float64Array
  readonly journal: AccessJournal
  readonly stateManager: EvmStateManager
  /** Called before each opcode; then all opcodes are done by EthereumJS's handlers. */
  readonly onStep: ((step: EvmStep) => void) | null
  readonly turns: HostTurns
}

/** No opcode is done here. */
const NO_FEES = new Float64Array(256).fill(-1)

const bytesToWord = (bytes: Uint8Array): bigint => {
  let value = 0n
  for (let i = 0; i < bytes.length; i += 4) {
    const word =
      (((bytes[i] as number) << 24) |
        ((bytes[i + 1] as number) << 16) |
        ((bytes[i + 2] as number) << 8) |
        (bytes[i + 3] as number)) >>>
      0
    value = (value << 32n) | BigInt(word)
  }
  return value
}

const ADDRESS_MASK = (1n << 160n) - 1n
const wordToAddress = (word: bigint): Address => `0x${(word & ADDRESS_MASK).toString(16).padStart(40, '0')}`

/** What EXTCODEHASH gives: 0 for no account or an empty one. */
function codeHashWord(state: JournaledState, address: Address): bigint {
  const account = state.getAccount(address)
  if (!account || (account.nonce === 0n && account.balance === 0n && account.codeHash === EMPTY_CODE_HASH)) return 0n
  return BigInt(account.codeHash)
}

/** 32 bytes of call data from `offset` on, zeros after its end. */
function callDataWord(data: Uint8Array, offset: bigint): bigint {
  if (offset >= BigInt(data.length)) return 0n
  const at = Number(offset)
  let value = 0n
  for (let i = 0; i < 32; i += 4) {
    const p = at + i
    const word =
      (((data[p] ?? 0) << 24) | ((data[p + 1] ?? 0) << 16) | ((data[p + 2] ?? 0) << 8) | (data[p + 3] ?? 0)) >>> 0
    value = (value << 32n) | BigInt(word)
  }
  return value
}

function stepOf(
  rs: RunState,
  state: JournaledState,
  { info, gasCost, memoryWords }: { info: OpcodeEntry['opcodeInfo']; gasCost: bigint; memoryWords: number },
): EvmStep {
  const address = addressHex(rs.env.address)
  return {
    pc: rs.programCounter,
    opcode: { name: info.fullName, code: info.code },
    gasLeft: rs.gasLeft,
    gasCost,
    gasRefund: rs.gasRefund,
    depth: rs.env.depth,
    address,
    balance: () => state.accountOrEmpty(address).balance,
    stack: rs.stack._store.slice(0, rs.stack._len),
    memory: rs.memory._store.slice(0, memoryWords * 32),
  }
}

/**
 * Runs code to its end. The frequent opcodes are done here, synchronously, with gas as a number; all others by
 * EthereumJS's handlers, which see the state as EthereumJS's own loop would leave it.
 *
 * @returns why it failed, or `null` when it ended well
 */
export async function runFast(state: RunState, code: Uint8Array, parts: LoopParts): Promise<EVMError | null> {
  try {
    await loop(state, code, parts)
    return null
  } catch (error) {
    if (!(error instanceof EVMError)) throw error
    return error.error === errorMessages.STOP ? null : error
  }
}

async function loop(rs: RunState, code: Uint8Array, parts: LoopParts): Promise<void> {
  const { common, opcodes, journal, stateManager, onStep, turns } = parts
  const fees = onStep ? NO_FEES : parts.fees
  const { env, memory } = rs
  const { state } = stateManager
  const { jumpDests, pushIndex, pushValues } = analyzeCode(code)
  const stack = rs.stack._store
  const address = addressHex(env.address)
  const { callData } = env
  let sp = 0
  let pc = 0
  let gas = Number(rs.gasLeft)
  let memoryWords = 0
  let memoryCost = 0
  let store = memory._store
  let view = new DataView(store.buffer, store.byteOffset, store.length)
  rs.code = code
  rs.validJumps = jumpDests

  /** Gas for memory up to `end`; makes room for it. */
  const expand = (offset: bigint, size: number): void => {
    if (offset > MAX_OFFSET) throw new EVMError(errorMessages.OUT_OF_GAS)
    const end = Number(offset) + size
    const words = Math.ceil(end / 32)
    if (words > memoryWords) {
      const cost = words * 3 + Math.floor((words * words) / 512)
      gas -= cost - memoryCost
      if (gas < 0) throw new EVMError(errorMessages.OUT_OF_GAS)
      memoryWords = words
      memoryCost = cost
    }
    if (words * 32 > store.length) {
      memory.extend(Number(offset), size)
      store = memory._store
      view = new DataView(store.buffer, store.byteOffset, store.length)
    }
  }

  try {
    while (pc < code.length) {
      const opcode = code[pc] as number
      const fee = fees[opcode] as number
      if (fee < 0) {
        // One of EthereumJS's.
        rs.opCode = opcode
        rs.programCounter = pc
        rs.gasLeft = BigInt(gas)
        rs.stack._len = sp
        rs.memoryWordCount = BigInt(memoryWords)
        rs.highestMemCost = BigInt(memoryCost)
        const entry = opcodes[opcode] as OpcodeEntry
        const info = entry.opcodeInfo
        let cost = info.feeBigInt
        if (info.dynamicGas) {
          try {
            const dynamic = entry.gasHandler(rs, cost, common)
            cost = typeof dynamic === 'bigint' ? dynamic : await dynamic
          } catch (error) {
            onStep?.(stepOf(rs, state, { info, gasCost: cost, memoryWords }))
            throw error
          }
        }
        onStep?.(stepOf(rs, state, { info, gasCost: cost, memoryWords }))
        if (info.isInvalid) throw new EVMError(errorMessages.INVALID_OPCODE)
        rs.gasLeft -= cost
        // RETURN, REVERT and the like leave by a throw: what they cost is known here.
        gas = Number(rs.gasLeft)
        if (gas < 0) throw new EVMError(errorMessages.OUT_OF_GAS)
        rs.programCounter = pc + 1
        if (turns.isDue(opcode >= 0xf0 ? CALL_WORK : 1)) await turns.take()
        const running = entry.opHandler(rs, common)
        if (info.isAsync) await running
        pc = rs.programCounter
        gas = Number(rs.gasLeft)
        sp = rs.stack._len
        memoryWords = Number(rs.memoryWordCount)
        memoryCost = Number(rs.highestMemCost)
        if (memory._store !== store) {
          store = memory._store
          view = new DataView(store.buffer, store.byteOffset, store.length)
        }
        continue
      }
      gas -= fee
      if (gas < 0) throw new EVMError(errorMessages.OUT_OF_GAS)
      pc++
      if (opcode >= 0x60 && opcode <= 0x9f) {
        if (opcode <= 0x7f) {
          if (sp >= STACK_LIMIT) throw new EVMError(errorMessages.STACK_OVERFLOW)
          const index = pushIndex[pc - 1] as number
          const size = opcode - 0x5f
          let value = pushValues[index]
          if (value === undefined) {
            value = pushValue(code, pc - 1, size)
            pushValues[index] = value
          }
          stack[sp++] = value
          pc += size
        } else if (opcode <= 0x8f) {
          const depth = opcode - 0x7f
          if (sp < depth) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          if (sp >= STACK_LIMIT) throw new EVMError(errorMessages.STACK_OVERFLOW)
          stack[sp] = stack[sp - depth] as bigint
          sp++
        } else {
          const other = sp - 1 - (opcode - 0x8f)
          if (other < 0) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          const top = stack[sp - 1] as bigint
          stack[sp - 1] = stack[other] as bigint
          stack[other] = top
        }
        continue
      }
      if (opcode !== 0x00 && opcode <= 0x1d && opcode !== 0x15 && opcode !== 0x19) {
        // Two words in, one out; the first is the top.
        if (sp < 2) throw new EVMError(errorMessages.STACK_UNDERFLOW)
        const a = stack[--sp] as bigint
        const b = stack[sp - 1] as bigint
        stack[sp - 1] = binary(opcode, a, b)
        continue
      }
      switch (opcode) {
        case 0x15:
        case 0x19: {
          if (sp < 1) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          const a = stack[sp - 1] as bigint
          if (opcode === 0x15) stack[sp - 1] = a === 0n ? 1n : 0n
          else stack[sp - 1] = MASK_256 ^ a
          break
        }
        case 0x20: {
          if (sp < 2) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          const offset = stack[--sp] as bigint
          const length = stack[sp - 1] as bigint
          if (length > MAX_OFFSET) throw new EVMError(errorMessages.OUT_OF_GAS)
          const size = Number(length)
          gas -= KECCAK_WORD_GAS * Math.ceil(size / 32)
          if (gas < 0) throw new EVMError(errorMessages.OUT_OF_GAS)
          let hashed: Uint8Array
          if (size === 0) hashed = keccak256(store.subarray(0, 0))
          else {
            expand(offset, size)
            const at = Number(offset)
            hashed = keccak256(store.subarray(at, at + size))
          }
          stack[sp - 1] = bytesToWord(hashed)
          break
        }
        case 0x33:
        case 0x34:
        case 0x36:
        case 0x58:
        case 0x5a:
        case 0x5f:
        case 0x30: {
          if (sp >= STACK_LIMIT) throw new EVMError(errorMessages.STACK_OVERFLOW)
          let value = 0n
          if (opcode === 0x33) value = bytesToWord(env.caller.bytes)
          else if (opcode === 0x34) value = env.callValue
          else if (opcode === 0x36) value = BigInt(callData.length)
          else if (opcode === 0x58) value = BigInt(pc - 1)
          else if (opcode === 0x5a) value = BigInt(gas)
          else if (opcode === 0x30) value = bytesToWord(env.address.bytes)
          stack[sp++] = value
          break
        }
        case 0x31:
        case 0x3b:
        case 0x3f: {
          if (sp < 1) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          const other = wordToAddress(stack[sp - 1] as bigint)
          gas -= journal.warmAddress(other) ? COLD_ACCOUNT_GAS : WARM_GAS
          if (gas < 0) throw new EVMError(errorMessages.OUT_OF_GAS)
          if (opcode === 0x31) stack[sp - 1] = state.accountOrEmpty(other).balance
          else if (opcode === 0x3b) stack[sp - 1] = BigInt(state.getCode(other).length)
          else stack[sp - 1] = codeHashWord(state, other)
          break
        }
        case 0x35: {
          if (sp < 1) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          stack[sp - 1] = callDataWord(callData, stack[sp - 1] as bigint)
          break
        }
        case 0x50: {
          if (sp < 1) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          sp--
          break
        }
        case 0x51: {
          if (sp < 1) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          const offset = stack[sp - 1] as bigint
          expand(offset, 32)
          stack[sp - 1] = readWord(view, Number(offset))
          break
        }
        case 0x52: {
          if (sp < 2) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          const offset = stack[--sp] as bigint
          expand(offset, 32)
          writeWord(view, Number(offset), stack[--sp] as bigint)
          break
        }
        case 0x54: {
          if (sp < 1) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          const slot = stack[sp - 1] as bigint
          gas -= journal.warmSlot(address, slot) ? COLD_SLOAD_GAS : WARM_GAS
          if (gas < 0) throw new EVMError(errorMessages.OUT_OF_GAS)
          stack[sp - 1] = state.getStorage(address, slot)
          break
        }
        case 0x55: {
          if (env.isStatic) throw new EVMError(errorMessages.STATIC_STATE_CHANGE)
          if (sp < 2) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          const slot = stack[--sp] as bigint
          const value = stack[--sp] as bigint
          const cost = sstoreCost(state, journal, { address, slot, value, gas })
          if (cost === null) throw new EVMError(errorMessages.OUT_OF_GAS)
          gas -= cost.gas
          if (gas < 0) throw new EVMError(errorMessages.OUT_OF_GAS)
          if (cost.refund !== 0n) rs.gasRefund += cost.refund
          state.putStorage(address, slot, value)
          break
        }
        case 0x56: {
          if (sp < 1) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          const target = stack[--sp] as bigint
          if (target >= BigInt(code.length)) throw new EVMError(errorMessages.INVALID_JUMP)
          pc = Number(target)
          if (jumpDests[pc] !== 1) throw new EVMError(errorMessages.INVALID_JUMP)
          if (turns.isDue(1)) await turns.take()
          break
        }
        case 0x57: {
          if (sp < 2) throw new EVMError(errorMessages.STACK_UNDERFLOW)
          const target = stack[--sp] as bigint
          if (stack[--sp] === 0n) break
          if (target >= BigInt(code.length)) throw new EVMError(errorMessages.INVALID_JUMP)
          pc = Number(target)
          if (jumpDests[pc] !== 1) throw new EVMError(errorMessages.INVALID_JUMP)
          if (turns.isDue(1)) await turns.take()
          break
        }
        case 0x00:
          return
        // JUMPDEST does nothing.
      }
    }
  } finally {
    rs.gasLeft = gas < 0 ? 0n : BigInt(gas)
  }
}

const signed = (a: bigint): bigint => BigInt.asIntN(256, a)

/** Opcodes 0x01 to 0x1d of two words; `a` was the top of the stack. */
function binary(opcode: number, a: bigint, b: bigint): bigint {
  switch (opcode) {
    case 0x01:
      return (a + b) & MASK_256
    case 0x02:
      return (a * b) & MASK_256
    case 0x03:
      return (a - b) & MASK_256
    case 0x04:
      return b === 0n ? 0n : a / b
    case 0x06:
      return b === 0n ? 0n : a % b
    case 0x10:
      return a < b ? 1n : 0n
    case 0x11:
      return a > b ? 1n : 0n
    case 0x12:
      return signed(a) < signed(b) ? 1n : 0n
    case 0x13:
      return signed(a) > signed(b) ? 1n : 0n
    case 0x14:
      return a === b ? 1n : 0n
    case 0x16:
      return a & b
    case 0x17:
      return a | b
    case 0x18:
      return a ^ b
    case 0x1b:
      return a > 255n ? 0n : (b << a) & MASK_256
    default:
      // 0x1c, SHR.
      return a > 255n ? 0n : b >> a
  }
}

/** Opcodes that {@link runFast} does by itself, in addition to PUSH1 to SWAP16. */
export const FAST_OPCODES: readonly number[] = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x06, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1b, 0x1c, 0x20,
  0x30, 0x31, 0x33, 0x34, 0x35, 0x36, 0x3b, 0x3f, 0x50, 0x51, 0x52, 0x54, 0x55, 0x56, 0x57, 0x58, 0x5a, 0x5b, 0x5f,
]
