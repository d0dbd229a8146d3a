/** One JSON-RPC method; fits the server's table. `signal` aborts when the caller is gone or has waited too long. */
export type RpcMethod = (params: readonly unknown[], context?: { readonly signal?: AbortSignal }) => unknown

/** Methods by name. */
export type RpcMethodTable = Readonly<Record<string, RpcMethod>>
