import { inflateSync } from 'fflate'
import { hexToBytes } from '../bytes.ts'
import { encodeDepositTx } from '../depositTx.ts'
import { type Address, type Hex, ZERO_ADDRESS } from '../primitives.ts'
import { upgradeSourceHash } from '../sourceHash.ts'

/**
 * One row of a fork's table. `data` is the calldata, or how many bytes of the fork's packed code it takes: the rows
 * with a number use up the code in their order.
 */
export type UpgradeTx = {
  readonly intent: string
  readonly from: Address
  readonly to: Address | null
  readonly gas: bigint
  readonly data: Hex | number
}

/** All that a fork's activation block runs: rows, and the code that they deploy (base64 of raw DEFLATE). */
export type UpgradeBundle = { readonly transactions: readonly UpgradeTx[]; readonly packedCode: string }

/** Sends the transactions that switch a contract over to a fork. */
export const DEPOSITOR_ACCOUNT: Address = '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001'

/** `upgradeTo(address)` of a proxy, sent from the zero address, which proxies let upgrade them. */
export function proxyUpgrade(intent: string, proxy: Address, implementation: Address, gas = 50_000n): UpgradeTx {
  return { intent, from: ZERO_ADDRESS, to: proxy, gas, data: `0x3659cfe6${implementation.slice(2).padStart(64, '0')}` }
}

/** A call of the depositor account. */
export function enable(intent: string, contract: Address, gas: bigint, selector: Hex): UpgradeTx {
  return { intent, from: DEPOSITOR_ACCOUNT, to: contract, gas, data: selector }
}

/** A contract creation: `size` bytes of the packed code. */
export function deployment(intent: string, deployer: Address, gas: bigint, size: number): UpgradeTx {
  return { intent, from: deployer, to: null, gas, data: size }
}

/** Unpacks the code of a bundle. */
export function unpackCode(packedCode: string): Uint8Array {
  return inflateSync(Uint8Array.from(atob(packedCode), (char) => char.charCodeAt(0)))
}

/** The encoded deposits of a bundle, in order. */
export function encodeUpgrade({ transactions, packedCode }: UpgradeBundle): readonly Uint8Array[] {
  let code = unpackCode(packedCode)
  const take = (size: number) => {
    const part = code.subarray(0, size)
    code = code.subarray(size)
    return part
  }
  return transactions.map(({ intent, from, to, gas, data }) => {
    const bytes = typeof data === 'number' ? take(data) : hexToBytes(data)
    const sourceHash = upgradeSourceHash(intent)
    return encodeDepositTx({ sourceHash, from, to, mint: 0n, value: 0n, gas, isSystemTx: false, data: bytes })
  })
}
