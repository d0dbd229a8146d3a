/** Stands in for the worker where there are no threads: senders are recovered when they are needed. */
export async function prepareSenders(_transactions: readonly Uint8Array[]): Promise<void> {}
