import { randomBytes } from 'node:crypto'
import { invalidParams, RpcMethodError } from '../rpcErrors.ts'
import type { RpcContext, RpcMethods } from './rpcDispatcher.ts'

/** Begins to emit; the returned function ends it. `params` are those after the kind. */
export type SubscriptionSource = (
  params: readonly unknown[],
  emit: (result: unknown) => void,
  context: RpcContext,
) => () => void

/** Subscriptions that one connection may hold. */
const MAX_PER_CONNECTION = 1000

/**
 * `<namespace>_subscribe` and `<namespace>_unsubscribe` over the given kinds, as geth serves them.
 *
 * `subscriptionMethods('eth', { newHeads: (_, emit) => chain.onHead(emit) })`
 */
export function subscriptionMethods(
  namespace: string,
  sources: Readonly<Record<string, SubscriptionSource>>,
): RpcMethods {
  const byConnection = new WeakMap<object, Map<string, () => void>>()

  const held = (context: RpcContext) => {
    let map = byConnection.get(context.connection)
    if (!map) {
      const made = new Map<string, () => void>()
      map = made
      byConnection.set(context.connection, made)
      context.onClose(() => {
        for (const stop of made.values()) stop()
        made.clear()
      })
    }
    return map
  }
  return {
    [`${namespace}_subscribe`]: ([kind, ...params], context) => {
      if (context.transport !== 'websocket') throw new RpcMethodError(-32601, 'notifications not supported')
      if (typeof kind !== 'string') throw invalidParams('missing subscription name')
      const source = Object.hasOwn(sources, kind) ? sources[kind] : undefined
      if (!source) throw new RpcMethodError(-32601, `no "${kind}" subscription in ${namespace} namespace`)
      const map = held(context)
      if (map.size >= MAX_PER_CONNECTION) throw new RpcMethodError(-32000, 'too many subscriptions')
      const subscription = `0x${randomBytes(16).toString('hex')}`
      const emit = (result: unknown) => context.notify(`${namespace}_subscription`, { subscription, result })
      map.set(subscription, source(params, emit, context))
      return subscription
    },
    [`${namespace}_unsubscribe`]: ([id], context) => {
      const map = held(context)
      const stop = typeof id === 'string' ? map.get(id) : undefined
      if (!stop) throw new RpcMethodError(-32000, 'subscription not found')
      map.delete(id as string)
      stop()
      return true
    },
  }
}
