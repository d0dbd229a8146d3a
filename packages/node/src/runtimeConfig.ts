import type { L1Client } from '@keelson/l1'
import type { Address, Hash, L1BlockRef, RollupConfig } from '@keelson/protocol'
import { type Clock, every, fixedBackoff, type Logger, retry } from '@keelson/service'

/** Slot of the unsafe block signer in the L1 SystemConfig: keccak256("systemconfig.unsafeblocksigner"). */
export const UNSAFE_BLOCK_SIGNER_SLOT: Hash = '0x65a7ed542fb37fe237fdfbdd70b31598523fe5b32879e307bae27a0bd9581c08'

const FIRST_LOAD_ATTEMPTS = 5
const FIRST_LOAD_WAIT_MS = 10_000

export type RuntimeConfigParts = {
  readonly config: RollupConfig
  readonly l1: Pick<L1Client, 'getStorageAt' | 'getBlockRefByLabel' | 'getBlockRefByNumber'>
  /** L1 blocks that are not believed yet. */
  readonly l1Confs: bigint
  /** 0: read only at start. */
  readonly reloadIntervalMs: number
  readonly clock: Clock
  readonly log: Logger
}

/** What the chain's operator may change on L1 while nodes run. */
export interface RuntimeConfig {
  /** Whose signature makes an unsafe block worth looking at; `null` before the first load. */
  unsafeBlockSigner(): Address | null
  /** Reads again. */
  reload(): Promise<void>
  close(): void
}

/** Loads once, with five tries; later failures are only logged. */
export async function createRuntimeConfig(parts: RuntimeConfigParts, signal?: AbortSignal): Promise<RuntimeConfig> {
  const { config, l1, l1Confs, clock, log } = parts
  let signer: Address | null = null

  const reload = async () => {
    const head = await l1.getBlockRefByLabel('latest')
    if (!head) throw new Error('L1 has no head')
    const block = l1Confs === 0n ? head : ((await earlier(l1, head, l1Confs)) ?? head)
    const word = await l1.getStorageAt(config.l1SystemConfigAddress, UNSAFE_BLOCK_SIGNER_SLOT, block)
    const address: Address = `0x${word.slice(-40)}`
    if (address === signer) return
    log.info('Unsafe block signer', { from: signer, to: address, l1Block: block.number })
    signer = address
  }

  await retry(reload, {
    attempts: FIRST_LOAD_ATTEMPTS,
    strategy: fixedBackoff(FIRST_LOAD_WAIT_MS),
    clock,
    ...(signal ? { signal } : {}),
    onRetry: (error) => log.warn('Could not load the runtime config yet', { err: error }),
  })
  const stop =
    parts.reloadIntervalMs > 0
      ? every(clock, parts.reloadIntervalMs, () =>
          reload().catch((error: unknown) => log.warn('Could not reload the runtime config', { err: error })),
        )
      : () => {}
  return { unsafeBlockSigner: () => signer, reload, close: stop }
}

async function earlier(
  l1: Pick<L1Client, 'getBlockRefByNumber'>,
  head: L1BlockRef,
  confs: bigint,
): Promise<L1BlockRef | null> {
  return l1.getBlockRefByNumber(head.number > confs ? head.number - confs : 0n)
}
