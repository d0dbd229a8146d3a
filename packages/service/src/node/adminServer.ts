import type { Lifecycle } from '../lifecycle.ts'
import type { RpcMethods } from './rpcDispatcher.ts'
import { createRpcServer, type RpcServerOptions } from './rpcServer.ts'

/** Where a service's own RPC listens, and whether it takes orders there. */
export type AdminRpcOptions = { readonly host: string; readonly port: number; readonly enableAdmin: boolean }

/**
 * Serves a service's `admin_` methods as a step of its start: none of them unless they are enabled.
 *
 * @param rpc - absent: nothing is served
 * @returns the URL, or `null`
 * @throws {StartupError} the port is taken or not allowed
 */
export async function openAdminServer(
  life: Lifecycle,
  rpc: AdminRpcOptions | undefined,
  methods: RpcMethods,
  options: Pick<RpcServerOptions, 'version' | 'log' | 'metrics'>,
): Promise<string | null> {
  if (!rpc) return null
  const { host, port, enableAdmin } = rpc
  const { url } = await life.step(
    'the RPC server',
    () => createRpcServer({ host, port, portFlag: 'rpc.port', methods: enableAdmin ? methods : {}, ...options }),
    (server) => server.close(),
  )
  return url
}

/** An admin method that takes nothing and answers `null` when it is done. */
export const adminOrder = (run: () => void | Promise<void>) => async (): Promise<null> => {
  await run()
  return null
}
