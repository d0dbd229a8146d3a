import { type RpcCall, type RpcClient, RpcError } from '@keelson/service'

/** An RPC client whose methods are functions; counts the calls. A method that is not there fails as a server's would. */
export function scriptedRpc(methods: Record<string, (...params: never[]) => unknown>): RpcClient & {
  readonly calls: { readonly method: string; readonly params: readonly unknown[] }[]
} {
  const calls: { method: string; params: readonly unknown[] }[] = []
  const run = async ({ method, params = [] }: RpcCall): Promise<unknown> => {
    calls.push({ method, params })
    const answer = methods[method]
    if (!answer) throw new RpcError(-32601, `the method ${method} does not exist/is not available`)
    return (answer as (...params: unknown[]) => unknown)(...params)
  }
  return {
    calls,
    request: <T>(method: string, params?: readonly unknown[]) =>
      run({ method, ...(params ? { params } : {}) }) as Promise<T>,
    batch: (list) =>
      Promise.all(
        list.map(async (call) => {
          try {
            return { ok: true as const, result: await run(call) }
          } catch (error) {
            if (error instanceof RpcError) return { ok: false as const, error }
            throw error
          }
        }),
      ),
  }
}
