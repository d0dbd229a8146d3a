import type { Secp256k1 } from '@keelson/protocol'

/** Where there is no native code, `protocol` keeps its own curve. */
export const fastSecp256k1: Secp256k1 | null = null
