import { untilAborted } from '@keelson/service'

/** Lets calls for the same thing, made while one is under way, share it. */
export class SharedCalls {
  readonly #underWay = new Map<string, Promise<unknown>>()

  /** A caller's signal ends its waiting, not the request. `fetch` must always give the same type for the same key. */
  async share<T>(key: string, signal: AbortSignal | undefined, fetch: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted()
    let promise = this.#underWay.get(key) as Promise<T> | undefined
    if (!promise) {
      promise = fetch().finally(() => this.#underWay.delete(key))
      this.#underWay.set(key, promise)
    }
    return untilAborted(promise, signal)
  }
}
