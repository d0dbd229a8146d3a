import type { Clock } from '@keelson/service'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { chainMethods } from './chainMethods.ts'
import { debugMethods } from './debugMethods.ts'
import { feeMethods } from './feeMethods.ts'
import { logMethods } from './logMethods.ts'
import { poolMethods, type TransactionForwarder } from './poolMethods.ts'
import type { RpcMethodTable } from './rpcMethod.ts'
import { simulateMethods } from './simulateMethods.ts'
import { stateMethods } from './stateMethods.ts'
import { ethSubscriptions, type Subscription } from './subscriptions.ts'

export type EthApiParts = {
  readonly engine: ExecutionEngine
  readonly clock: Clock
  readonly clientVersion: string
  /** Passes transactions on to the sequencer. */
  readonly forward?: TransactionForwarder
}

/** All of the public JSON-RPC over one engine, without a transport. */
export type EthApi = {
  readonly methods: RpcMethodTable
  readonly subscriptions: Readonly<Record<string, Subscription>>
  /** Lets go of the engine's events. */
  close(): void
}

/** Puts the namespaces together. Results hold quantities as `bigint`. */
export function createEthApi({ engine, clock, clientVersion, forward }: EthApiParts): EthApi {
  const logs = logMethods(engine, () => clock.now())
  const methods: RpcMethodTable = {
    ...chainMethods(engine, clientVersion),
    ...stateMethods(engine),
    ...simulateMethods(engine),
    ...feeMethods(engine),
    ...poolMethods(engine, forward),
    ...logs.methods,
    ...debugMethods(engine),
    rpc_modules: () => modulesOf(methods),
  }
  return {
    methods,
    subscriptions: ethSubscriptions(engine),
    close: () => logs.close(),
  }
}

/** Namespaces with geth's version of each. */
const modulesOf = (methods: RpcMethodTable): Record<string, string> =>
  Object.fromEntries(Object.keys(methods).map((name) => [name.slice(0, name.indexOf('_')), '1.0']))
