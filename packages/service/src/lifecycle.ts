import type { Logger } from './log.ts'
import { errorText } from './logFormat.ts'

/** A start step that failed: says which, and why; what had been opened is closed again. */
export class StartupError extends Error {
  override readonly name = 'StartupError'
  readonly severity = 'critical'
  readonly step: string
  constructor(step: string, cause: unknown) {
    super(`cannot start ${step}: ${errorText(cause)}`, { cause })
    this.step = step
  }
}

/** Opens resources in order and closes them in reverse. */
export interface Lifecycle {
  /**
   * Opens one resource. When `open` fails, or the signal has aborted, everything opened so far is closed and the call
   * rejects with {@link StartupError}.
   */
  step<T>(name: string, open: () => T | Promise<T>, close?: (resource: T) => void | Promise<void>): Promise<T>
  /** Closes in reverse order; every close is tried, and failures are logged. Later calls wait for the first. */
  close(): Promise<void>
}

/**
 * @param options.closeTimeoutMs - how long one close may take before the next one is tried; 5000
 * @param options.signal - ends the start: no further step is opened. A step that is opening should heed it too; what it
 * opens all the same is closed
 */
export function createLifecycle(
  log: Logger,
  options: { readonly closeTimeoutMs?: number; readonly signal?: AbortSignal | undefined } = {},
): Lifecycle {
  const { closeTimeoutMs = 5000, signal } = options
  const opened: { name: string; close: () => void | Promise<void> }[] = []
  let closing: Promise<void> | null = null

  const closeAll = async () => {
    for (let last = opened.pop(); last; last = opened.pop()) {
      const { name, close } = last
      let timer: ReturnType<typeof setTimeout> | undefined
      try {
        log.debug('Closing', { step: name })
        const late = new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error(`not closed after ${closeTimeoutMs} ms`)), closeTimeoutMs)
        })
        await Promise.race([close(), late])
      } catch (error) {
        log.error('Could not close', { step: name, err: error })
      } finally {
        clearTimeout(timer)
      }
    }
  }
  const close = () => {
    closing ??= closeAll()
    return closing
  }
  return {
    async step(name, open, closeOne) {
      if (signal?.aborted) await close()
      if (closing) throw new StartupError(name, new Error('stopped before it was started'))
      let resource: Awaited<ReturnType<typeof open>>
      try {
        log.debug('Starting', { step: name })
        resource = await open()
      } catch (error) {
        await close()
        throw new StartupError(name, error)
      }
      if (closeOne) opened.push({ name, close: () => closeOne(resource) })
      if (signal?.aborted) await close()
      // A stop that came while this step was opening has already walked the list: close the late-comer too.
      if (closing) {
        await closing
        await closeAll()
        throw new StartupError(name, new Error('stopped while it was starting'))
      }
      return resource
    },
    close,
  }
}
