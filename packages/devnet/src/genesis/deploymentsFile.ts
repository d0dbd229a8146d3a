import { readFile } from 'node:fs/promises'
import { type Address, isAddress } from 'viem'
import type { L1Deployments } from '../contracts/deployL1.ts'

const NAMES = [
  'AddressManager',
  'ProxyAdmin',
  'SuperchainConfig',
  'ProtocolVersions',
  'SystemConfig',
  'OptimismPortal',
  'L2OutputOracle',
  'L1CrossDomainMessenger',
  'L1StandardBridge',
  'L1ERC721Bridge',
  'OptimismMintableERC20Factory',
] as const satisfies readonly (keyof L1Deployments)[]

/**
 * Reads the addresses of the L1 contracts: a JSON object by contract name, as `contracts` of a devnet's `devnet.json`
 * or as a file of its own. Names ending in `Proxy`, as other deployers write them, are understood.
 *
 * @throws naming the path inside the file and what stands there
 */
export async function readDeployments(path: string): Promise<L1Deployments> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new Error(`cannot read the L1 deployments in ${path}: ${(cause as Error).message}`, { cause })
  }
  const root = isObject(json) && isObject(json.contracts) ? json.contracts : json
  if (!isObject(root)) throw new Error(`${path}: $ must be an object of addresses by contract name`)
  const entries = NAMES.map((name): [string, Address] => {
    const value = root[name] ?? root[`${name}Proxy`]
    if (typeof value !== 'string' || !isAddress(value, { strict: false })) {
      throw new Error(`${path}: $.${name} must be an address, found ${JSON.stringify(value) ?? 'nothing'}`)
    }
    return [name, value]
  })
  return Object.fromEntries(entries) as L1Deployments
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
