import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Abi, createPublicClient, http } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { roleAccount } from '../src/accounts.ts'
import { loadArtifact } from '../src/contracts/artifacts.ts'
import { type L1Chain, type L1ChainOptions, startL1Chain } from '../src/stack/l1Chain.ts'
import { TEST_CHAIN } from './support.ts'

const MAXIMUM = 200_000_000n
/** What deposits of one L1 block may use, and the L1 attributes. */
const MINIMUM = 20_000_000n + 1_000_000n

describe('SystemConfig on L1', () => {
  let folder: string
  let l1: L1Chain
  let abi: Abi
  const optionsOf = (name: string): L1ChainOptions => ({
    ...TEST_CHAIN,
    l1Port: 0,
    dataDir: join(folder, name),
  })
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keelson-'))
    abi = (await loadArtifact('SystemConfig')).abi
    l1 = await startL1Chain(optionsOf('chain'))
  })
  afterAll(async () => {
    await l1?.anvil.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('[EXE-177] [EXE-178] takes gas limits from what deposits and the L1 attributes need up to 200 million', async () => {
    const client = createPublicClient({ transport: http(l1.anvil.url) })
    const contract = { address: l1.contracts.SystemConfig, abi } as const
    expect(await client.readContract({ ...contract, functionName: 'minimumGasLimit' })).toBe(MINIMUM)
    expect(await client.readContract({ ...contract, functionName: 'maximumGasLimit' })).toBe(MAXIMUM)
    expect(await client.readContract({ ...contract, functionName: 'resourceConfig' })).toEqual({
      maxResourceLimit: 20_000_000,
      elasticityMultiplier: 10,
      baseFeeMaxChangeDenominator: 8,
      minimumBaseFee: 1_000_000_000,
      systemTxMaxGas: 1_000_000,
      maximumBaseFee: 2n ** 128n - 1n,
    })
    const set = (gasLimit: bigint) =>
      client.simulateContract({
        ...contract,
        functionName: 'setGasLimit',
        args: [gasLimit],
        account: roleAccount('admin').address,
      })
    for (const allowed of [MINIMUM, MAXIMUM]) expect((await set(allowed)).result).toBeUndefined()
    await expect(set(MINIMUM - 1n)).rejects.toThrow('gas limit too low')
    await expect(set(MAXIMUM + 1n)).rejects.toThrow('gas limit too high')
  })

  it('[EXE-177] lets no chain begin with a gas limit beyond them', async () => {
    for (const l2GasLimit of [MINIMUM - 1n, MAXIMUM + 1n]) {
      const started = startL1Chain({ ...optionsOf(`gas-${l2GasLimit}`), l2GasLimit })
      await expect(started).rejects.toThrow('L1 deployment')
    }
  })
})
