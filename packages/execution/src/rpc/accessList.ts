import { type Address, activeFork, bigintToBytes, bytesToHex, type Fork, type Hash } from '@keelson/protocol'
import { isPrecompile } from '../evm/precompileMoves.ts'
import type { EvmTracer } from '../evm/tracer.ts'
import type { AccessListEntry, CallOutcome } from '../transition/types.ts'
import { type RunContext, runCall } from './runCall.ts'

/** Runs until the list stops growing, but not for ever. */
const MAX_ROUNDS = 16

const addressOf = (word: bigint): Address => bytesToHex(bigintToBytes(word & ((1n << 160n) - 1n), 20))

/** The addresses and slots that a call touches, without those that are warm anyway. */
class AccessCollector implements EvmTracer {
  readonly touched = new Map<Address, Set<Hash>>()
  readonly #excluded: ReadonlySet<Address>
  readonly #fork: Fork

  constructor(excluded: Iterable<Address>, fork: Fork) {
    this.#excluded = new Set(excluded)
    this.#fork = fork
  }

  step({ opcode, stack, address }: Parameters<NonNullable<EvmTracer['step']>>[0]): void {
    const top = (depth: number) => stack[stack.length - 1 - depth]
    switch (opcode.name) {
      case 'SLOAD':
      case 'SSTORE': {
        const slot = top(0)
        if (slot !== undefined) this.#slots(address).add(bytesToHex(bigintToBytes(slot, 32)))
        break
      }
      case 'BALANCE':
      case 'EXTCODESIZE':
      case 'EXTCODEHASH':
      case 'EXTCODECOPY':
      case 'SELFDESTRUCT':
        this.#touch(top(0))
        break
      case 'CALL':
      case 'CALLCODE':
      case 'DELEGATECALL':
      case 'STATICCALL':
        this.#touch(top(1))
        break
      default:
    }
  }

  list(): readonly AccessListEntry[] {
    return [...this.touched]
      .filter(([address, slots]) => slots.size > 0 || !this.#excluded.has(address))
      .map(([address, slots]) => ({ address, storageKeys: [...slots] }))
  }

  #slots(address: Address): Set<Hash> {
    let slots = this.touched.get(address)
    if (!slots) {
      slots = new Set()
      this.touched.set(address, slots)
    }
    return slots
  }

  #touch(word: bigint | undefined): void {
    if (word === undefined) return
    const address = addressOf(word)
    if (!this.#excluded.has(address) && !isPrecompile(this.#fork, address)) this.#slots(address)
  }
}

/** The access list that makes the call cheapest, and the outcome with it. */
export async function createAccessList(
  context: RunContext,
): Promise<{ readonly accessList: readonly AccessListEntry[]; readonly outcome: CallOutcome }> {
  const { call } = context
  const fork = activeFork(context.chain.spec, context.header.timestamp)
  let accessList = call.accessList ?? []
  for (let round = 0; ; round++) {
    const excluded = [call.from, call.to].filter((address) => address !== undefined && address !== null)
    const collector = new AccessCollector(excluded, fork)
    const outcome = await runCall({ ...context, call: { ...call, accessList }, tracer: collector })
    const found = collector.list()
    const size = (list: readonly AccessListEntry[]) =>
      list.reduce((sum, entry) => sum + 1 + entry.storageKeys.length, 0)
    if (size(found) === size(accessList) || round === MAX_ROUNDS) return { accessList: found, outcome }
    accessList = found
  }
}
