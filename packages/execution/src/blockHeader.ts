import type { Header } from '@keelson/protocol'

/** An L2 block header: its base fee is always there. The fields of later forks are absent before them. */
export type BlockHeader = Header & { readonly baseFeePerGas: bigint }
