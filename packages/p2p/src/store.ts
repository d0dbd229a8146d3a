import { LevelDatastore } from 'datastore-level'

/** Before our keys in the shared database. */
const NAMESPACE = '/keelson'

/** What outlives a restart, as text by key; keys are those of op-node's datastore. */
export interface P2PStore {
  get(key: string): Promise<string | null>
  put(key: string, value: string): Promise<void>
  delete(key: string): Promise<void>
  /** All entries whose key begins with `prefix`. */
  list(prefix: string): Promise<{ key: string; value: string }[]>
}

/** A store in memory. */
export function createMemoryStore(): P2PStore {
  const entries = new Map<string, string>()
  return {
    get: async (key) => entries.get(key) ?? null,
    put: async (key, value) => void entries.set(key, value),
    delete: async (key) => void entries.delete(key),
    list: async (prefix) =>
      [...entries].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => ({ key, value })),
  }
}

export type OpenedStore = {
  readonly store: P2PStore
  readonly datastore: LevelDatastore | null
  close(): Promise<void>
}

/** Opens the LevelDB that libp2p's peerstore and we share, or a store in memory for `memory`. */
export async function openStore(path: string): Promise<OpenedStore> {
  if (path === 'memory') return { store: createMemoryStore(), datastore: null, close: async () => {} }
  const datastore = new LevelDatastore(path)
  await datastore.open()
  // The datastore keys its database by text, so the two share one. Ours stand apart: libp2p takes all under /peers for
  // its own.
  const { db } = datastore
  const own = (key: string) => `${NAMESPACE}${key}`
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  return {
    datastore,
    close: () => datastore.close(),
    store: {
      get: async (key) => {
        const value = (await db.get(own(key))) as Uint8Array | undefined
        return value === undefined ? null : decoder.decode(value)
      },
      put: (key, value) => db.put(own(key), encoder.encode(value)),
      delete: (key) => db.del(own(key)),
      list: async (prefix) => {
        const rows = await db.iterator({ gte: own(prefix), lt: `${own(prefix)}\uffff` }).all()
        return rows.map(([key, value]) => ({
          key: String(key).slice(NAMESPACE.length),
          value: decoder.decode(value as Uint8Array),
        }))
      },
    },
  }
}
