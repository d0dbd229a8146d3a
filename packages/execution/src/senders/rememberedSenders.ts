import type { Address, Hash } from '@keelson/protocol'

/** Recovering a sender costs more than the rest of a transfer, and a transaction comes by several times. */
const MAX_SENDERS = 100_000
/** The last senders, and those before them: the older half goes when the newer one is full. */
let senders = new Map<Hash, Address>()
let olderSenders = new Map<Hash, Address>()

/** The sender of the transaction with this hash, if it was found lately in this process. */
export function rememberedSender(hash: Hash): Address | undefined {
  return senders.get(hash) ?? olderSenders.get(hash)
}

/** Keeps what {@link rememberedSender} gives. */
export function rememberSender(hash: Hash, sender: Address): void {
  if (senders.size >= MAX_SENDERS) {
    olderSenders = senders
    senders = new Map()
  }
  senders.set(hash, sender)
}

/** Forgets all senders; for measurements. */
export function forgetSenders(): void {
  senders.clear()
  olderSenders.clear()
}
