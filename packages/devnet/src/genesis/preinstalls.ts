import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Address, encodeAbiParameters, type Hex, keccak256, toHex } from 'viem'
import { type AllocBuilder, word } from './alloc.ts'
import codes from './codes.json' with { type: 'json' }

/** Where Multicall3 is on every chain that has it. */
export const MULTICALL3: Address = '0xcA11bde05977b3631167028862bE2a173976CA11'
const PERMIT2: Address = '0x000000000022D473030F116dDEE9F6B43aC78BA3'
const BEACON_ROOTS_SENDER: Address = '0x0B799C86a49DEeb90402691F1041aa3AF2d3C875'

/** Preinstalls that are younger than the contracts package; their code is that of the public chains. */
const LATER_PREINSTALLS: readonly (readonly [Address, Hex])[] = [
  ['0x0000000071727De22E5E9d8BAf0edAc6f37da032', codes.entryPointV070 as Hex],
  ['0xEFC2c1444eBCC4Db75e7613d20C6a62fF67A167C', codes.senderCreatorV070 as Hex],
  ['0xba5Ed099633D3B313e4D5F7bdc1305d3c28ba5Ed', codes.createX as Hex],
]

/**
 * Puts the preinstalls into a genesis: contracts that are no part of the protocol and that users expect everywhere.
 *
 * @see specs/protocol/preinstalls.md
 */
export async function addPreinstalls(alloc: AllocBuilder, l2ChainId: bigint): Promise<void> {
  for (const [address, code] of await packagePreinstalls()) {
    alloc.setCode(address, address === PERMIT2 ? permit2Code(code, l2ChainId) : code).setNonce(address, 1n)
  }
  for (const [address, code] of LATER_PREINSTALLS) alloc.setCode(address, code).setNonce(address, 1n)
  // A sender that has not yet sent could not deploy again in the Ecotone upgrade without a collision.
  alloc.setNonce(BEACON_ROOTS_SENDER, 1n)
}

/** Address and code of each preinstall that the contracts package carries in its `Preinstalls` library. */
export async function packagePreinstalls(): Promise<[Address, Hex][]> {
  const folder = dirname(createRequire(import.meta.url).resolve('@eth-optimism/contracts-bedrock/package.json'))
  const source = await readFile(join(folder, 'src/libraries/Preinstalls.sol'), 'utf8')
  const addresses = source.matchAll(/address internal constant (\w+) = (0x[0-9a-fA-F]{40});/g)
  const codeByName = new Map<string, Hex>()
  for (const [, name, hex] of source.matchAll(
    /bytes internal constant (\w+?)(?:Template)?Code =\s*hex"([0-9a-f]+)"/g,
  )) {
    codeByName.set(name as string, `0x${hex}`)
  }
  const found: [Address, Hex][] = []
  for (const [, name, address] of addresses) {
    const code = codeByName.get(name as string)
    if (code) found.push([address as Address, code])
  }
  return found
}

/** Where Permit2's code holds the chain id and the domain separator, in bytes. */
const PERMIT2_CHAIN_ID_OFFSET = 6945
const PERMIT2_DOMAIN_OFFSET = 6983

/** Permit2 caches its EIP-712 domain in its code, so the code depends on the chain id. */
function permit2Code(template: Hex, chainId: bigint): Hex {
  const domain = keccak256(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'uint256' }, { type: 'address' }],
      [
        keccak256(toHex('EIP712Domain(string name,uint256 chainId,address verifyingContract)')),
        keccak256(toHex('Permit2')),
        chainId,
        PERMIT2,
      ],
    ),
  )
  return putWord(putWord(template, PERMIT2_CHAIN_ID_OFFSET, toHex(chainId)), PERMIT2_DOMAIN_OFFSET, domain)
}

function putWord(code: Hex, offsetBytes: number, value: Hex): Hex {
  const from = 2 + offsetBytes * 2
  return `${code.slice(0, from)}${word(value).slice(2)}${code.slice(from + 64)}` as Hex
}
