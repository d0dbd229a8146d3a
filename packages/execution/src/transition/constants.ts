import type { Address } from '@keelson/protocol'

/** Storage of L1Block: the L1 attributes of the current block. */
export const L1_BLOCK: Address = '0x4200000000000000000000000000000000000015'
export const L2_TO_L1_MESSAGE_PASSER: Address = '0x4200000000000000000000000000000000000016'
export const BASE_FEE_VAULT: Address = '0x4200000000000000000000000000000000000019'
export const L1_FEE_VAULT: Address = '0x420000000000000000000000000000000000001a'
export const OPERATOR_FEE_VAULT: Address = '0x420000000000000000000000000000000000001b'

/** Caller of system calls. */
export const SYSTEM_ADDRESS: Address = '0xfffffffffffffffffffffffffffffffffffffffe'
/** EIP-4788. */
export const BEACON_ROOTS: Address = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
/** EIP-2935. */
export const HISTORY_STORAGE: Address = '0x0000f90827f1c53a10cb7a02335b175320002935'

export const CREATE2_DEPLOYER: Address = '0x13b0d85ccb8bf860b6b79af3029fca081ae9bef2'

/** EIP-7825 (Karst): highest gas limit of a transaction that is no deposit. */
export const MAX_TRANSACTION_GAS = 16_777_216n
/** EIP-3860. */
export const MAX_INITCODE_SIZE = 49_152
