import { type Address, bytesToBigint, bytesToHex, type Hex, PREDEPLOYS } from '@keelson/protocol'
import { FIXTURES_ABSENT, fixtureFolder, readFixture } from '@keelson/protocol/testing'
import { decodeFunctionResult, encodeFunctionData, hexToBytes, parseAbi } from 'viem'
import { describe, expect, it } from 'vitest'
import {
  chainSpecFromGenesis,
  createMemoryStore,
  createStateReader,
  type GenesisJson,
  genesisBlock,
  simulateCall,
} from '../src/index.ts'
import { l1BlockStorage } from '../testing/executorChain.ts'

const ABI = parseAbi([
  'function getL1FeeUpperBound(uint256 size) view returns (uint256)',
  'function getOperatorFee(uint256 gas) view returns (uint256)',
  'function isFjord() view returns (bool)',
  'function isEcotone() view returns (bool)',
  'function owner() view returns (address)',
])

/** ERC-1967: implementation and admin. */
const IMPLEMENTATION = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbcn
const ADMIN = 0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103n

const PREINSTALLS: Record<string, Address> = {
  Safe: '0x69f4d1788e39c87893c980c06edf4b7f686e2938',
  SafeL2: '0xfb1bffc9d739b8d520daf37df666da4c687191ea',
  MultiSend: '0x998739bfdaadde7c933b942a68053933098f9eda',
  MultiSendCallOnly: '0xa1dabef33b3b82c7814b6d82a79e50f4ac44102b',
  SafeSingletonFactory: '0x914d7fec6aac8cd542e72bca78b30650d45643d7',
  Multicall3: '0xca11bde05977b3631167028862be2a173976ca11',
  Create2Deployer: '0x13b0d85ccb8bf860b6b79af3029fca081ae9bef2',
  CreateX: '0xba5ed099633d3b313e4d5f7bdc1305d3c28ba5ed',
  DeterministicDeploymentProxy: '0x4e59b44847b379578588920ca78fbf26c0b4956c',
  Permit2: '0x000000000022d473030f116ddee9f6b43ac78ba3',
  EntryPointV06: '0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789',
  SenderCreatorV06: '0x7fc98430eaedbb6070b35b39d798725049088348',
  EntryPointV07: '0x0000000071727de22e5e9d8baf0edac6f37da032',
  SenderCreatorV07: '0xefc2c1444ebcc4db75e7613d20c6a62ff67a167c',
}

/** A real genesis whose every fork up to Karst is active from the start. */
function karstGenesis() {
  const { genesis } = readFixture<{ genesis: GenesisJson }>('genesis/sepolia-devnet-2-sepolia-devnet-2.json.gz')
  const { header, commit } = genesisBlock(genesis)
  const store = createMemoryStore()
  store.put(commit)
  const reader = createStateReader({ store, root: header.stateRoot })
  const spec = chainSpecFromGenesis(genesis)
  const codeOf = (address: Address) => reader.getCode(reader.getAccount(address)?.codeHash ?? '0x')
  return { genesis, header, reader, spec, codeOf }
}

describe.skipIf(!fixtureFolder())(
  `contracts of a Karst genesis (${fixtureFolder() ? 'real' : FIXTURES_ABSENT})`,
  () => {
    if (!fixtureFolder()) return
    const { genesis, header, reader, spec, codeOf } = karstGenesis()

    async function read(
      name: 'isFjord' | 'isEcotone' | 'getL1FeeUpperBound' | 'getOperatorFee',
      args: readonly bigint[],
      l1 = {},
    ) {
      const data = hexToBytes(encodeFunctionData({ abi: ABI, functionName: name, args: args as never }))
      const stateDiff = Object.fromEntries(
        Object.entries(l1BlockStorage(l1)).map(([slot, value]) => [slot, BigInt(value)]),
      )
      const call = { to: PREDEPLOYS.gasPriceOracle, data, stateOverrides: { [PREDEPLOYS.l1Block]: { stateDiff } } }
      const { status, returnValue } = await simulateCall({ spec, header, reader, call, getBlockHash: () => null })
      expect(status).toBe(1)
      return decodeFunctionResult({ abi: ABI, functionName: name, data: bytesToHex(returnValue) })
    }

    it('[EXE-165] [EXE-169] has 2,048 proxies owned by ProxyAdmin, GovernanceToken and WETH apart', () => {
      let proxies = 0
      for (let i = 0; i < 2048; i++) {
        const address: Address = `0x42${'0'.repeat(34)}${i.toString(16).padStart(4, '0')}`
        if (address === PREDEPLOYS.governanceToken || address === PREDEPLOYS.weth) {
          expect(reader.getStorage(address, ADMIN)).toBe(0n)
          continue
        }
        expect(reader.getStorage(address, ADMIN)).toBe(BigInt(PREDEPLOYS.proxyAdmin))
        proxies++
      }
      expect(proxies).toBe(2046)
    })

    it.each([
      'l1Block',
      'l2ToL1MessagePasser',
      'sequencerFeeVault',
      'baseFeeVault',
      'l1FeeVault',
      'gasPriceOracle',
      'proxyAdmin',
      'operatorFeeVault',
    ] as const)('[EXE-166] has %s with an implementation', (name) => {
      const implementation = reader.getStorage(PREDEPLOYS[name], IMPLEMENTATION)
      expect(implementation).not.toBe(0n)
      expect(codeOf(`0x${implementation.toString(16).padStart(40, '0')}`).length).toBeGreaterThan(100)
    })

    it.each([
      'l2CrossDomainMessenger',
      'l2StandardBridge',
      'optimismMintableErc20Factory',
      'l1BlockNumber',
      'l2Erc721Bridge',
      'optimismMintableErc721Factory',
      'schemaRegistry',
      'eas',
    ] as const)('[EXE-167] has %s', (name) => {
      expect(reader.getStorage(PREDEPLOYS[name], IMPLEMENTATION)).not.toBe(0n)
      expect(codeOf(PREDEPLOYS[name]).length).toBeGreaterThan(100)
    })

    it('[EXE-168] [EXE-171] has the beacon root contract, and its flags set, since no upgrade transaction ran', async () => {
      expect(codeOf(PREDEPLOYS.beaconBlockRoots).length).toBeGreaterThan(50)
      expect(codeOf(PREDEPLOYS.historyStorage).length).toBeGreaterThan(50)
      expect(await read('isEcotone', [])).toBe(true)
      expect(await read('isFjord', [])).toBe(true)
    })

    it('[EXE-172] has predeploys, their implementations, preinstalls and funded accounts, and no other contract', () => {
      const known = new Set<string>([
        ...Object.values(PREINSTALLS),
        ...Object.values(PREDEPLOYS),
        '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0000',
      ])
      const others = Object.entries(genesis.alloc)
        .filter(([, { code }]) => code && code !== '0x')
        .map(([key]) => (key.startsWith('0x') ? key : `0x${key}`).toLowerCase())
        .filter((address) => !address.startsWith('0x4200') && !address.startsWith('0xc0d3c0d3') && !known.has(address))
      expect(others).toEqual([])
    })

    it.each(Object.entries(PREINSTALLS))('[EXE-173] [EXE-174] has the preinstall %s', (_, address) => {
      expect(codeOf(address).length).toBeGreaterThan(60)
    })

    it('[EXE-179] estimates an upper bound of the L1 fee from the size', async () => {
      const l1 = { l1BaseFee: 30_000_000_000n, baseFeeScalar: 5_227n, blobBaseFee: 7n, blobBaseFeeScalar: 1_014_213n }
      const size = 1_000n
      const bound = size + 68n
      const flz = bound + bound / 255n + 16n
      const price = 16n * l1.baseFeeScalar * l1.l1BaseFee + l1.blobBaseFeeScalar * l1.blobBaseFee
      expect(await read('getL1FeeUpperBound', [size], l1)).toBe(
        ((-42_585_600n + 836_500n * flz) * price) / 1_000_000_000_000n,
      )
    })

    it('[EXE-180] knows the operator fee as execution charges it', async () => {
      const { operatorFee, readL1FeeParams } = await import('../src/index.ts')
      const l1 = { operatorFeeScalar: 1_234n, operatorFeeConstant: 5_678n }
      const storage = l1BlockStorage(l1)
      const params = readL1FeeParams((slot) => BigInt(storage[`0x${slot.toString(16).padStart(64, '0')}` as Hex] ?? 0))
      expect(await read('getOperatorFee', [21_000n], l1)).toBe(operatorFee(spec, header.timestamp, params, 21_000n))
    })

    it('[EXE-160] proves the message passer and a slot of it', () => {
      const key: Hex = `0x${'00'.repeat(32)}`
      const proof = reader.proveAccount(PREDEPLOYS.l2ToL1MessagePasser, [key])
      expect(proof.storageHash).toBe(header.withdrawalsRoot)
      expect(proof.accountProof.length).toBeGreaterThan(1)
      expect(proof.storageProof[0]).toMatchObject({ key, value: bytesToBigint(new Uint8Array(0)) })
    })
  },
)
