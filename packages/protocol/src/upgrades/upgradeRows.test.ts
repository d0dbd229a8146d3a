import { describe, expect, it } from 'vitest'
import { bytesToHex, hexToBytes } from '../bytes.ts'
import { decodeDepositTx } from '../depositTx.ts'
import { keccak256, keccak256Hex } from '../keccak.ts'
import { PREDEPLOYS } from '../predeploys.ts'
import type { Address, Hash, Hex } from '../primitives.ts'
import { encodeRlp } from '../rlp.ts'
import { upgradeSourceHash } from '../sourceHash.ts'
import { type UpgradeFork, upgradeTransactionsOf } from './upgradeTransactions.ts'

/** What the specification says of one upgrade transaction. */
type Row = {
  readonly from: Address
  readonly to: Address | null
  readonly gas: bigint
  readonly intent: string
  readonly sourceHash: Hash
  readonly data?: Hex
  readonly makes?: Address
  readonly codeHash?: Hash
}

/** The code that a creation without constructor logic returns: the slice behind the instructions that copy it. */
function returnedCode(data: Hex): Hex | null {
  const match = /61(....)8061....6000396000f3fe|^0x60(..)8060..5f395ff3/.exec(data)
  if (!match) return null
  const start = match.index + match[0].length
  return `0x${data.slice(start, start + 2 * Number.parseInt(match[1] ?? match[2] ?? '', 16))}`
}

/** Compares upgrade transaction `index` of a fork with its row. */
function expectRow(fork: UpgradeFork, index: number, row: Row): void {
  const deposit = decodeDepositTx(upgradeTransactionsOf(fork)[index] as Uint8Array)
  const { from, to, gas, sourceHash } = row
  expect(deposit).toMatchObject({ from, to, gas, sourceHash, mint: 0n, value: 0n, isSystemTx: false })
  expect(upgradeSourceHash(row.intent)).toBe(sourceHash)
  const data = bytesToHex(deposit.data)
  if (row.data) expect(data).toBe(row.data)
  if (row.makes) expect(bytesToHex(keccak256(encodeRlp([from, 0n])).subarray(12))).toBe(row.makes)
  // The vault's constructor writes immutables into its code: that one has to be run to be seen.
  if (row.codeHash && !row.intent.includes('Vault')) {
    expect(keccak256Hex(hexToBytes(returnedCode(data) ?? '0x'))).toBe(row.codeHash)
  }
}

describe('upgrade transactions', () => {
  it('[DER-300] of Ecotone are six', () => {
    expect(upgradeTransactionsOf('ecotone').length).toBe(6)
  })

  it('[DER-301] Ecotone 1/6: L1Block deployment', () => {
    expectRow('ecotone', 0, {
      from: '0x4210000000000000000000000000000000000000',
      to: null,
      gas: 375_000n,
      intent: 'Ecotone: L1 Block Deployment',
      sourceHash: '0x877a6077205782ea15a6dc8699fa5ebcec5e0f4389f09cb8eda09488231346f8',
      makes: '0x07dbe8500fc591d1852b76fee44d5a05e13097ff',
      codeHash: '0xc88a313aa75dc4fbf0b6850d9f9ae41e04243b7008cf3eadb29256d4a71c1dfd',
    })
  })

  it('[DER-302] Ecotone 2/6: GasPriceOracle deployment', () => {
    expectRow('ecotone', 1, {
      from: '0x4210000000000000000000000000000000000001',
      to: null,
      gas: 1_000_000n,
      intent: 'Ecotone: Gas Price Oracle Deployment',
      sourceHash: '0xa312b4510adf943510f05fcc8f15f86995a5066bd83ce11384688ae20e6ecf42',
      makes: '0xb528d11cc114e026f138fe568744c6d45ce6da7a',
      codeHash: '0x8b71360ea773b4cfaf1ae6d2bd15464a4e1e2e360f786e475f63aeaed8da0ae5',
    })
  })

  it('[DER-303] Ecotone 3/6: L1Block proxy', () => {
    expectRow('ecotone', 2, {
      from: '0x0000000000000000000000000000000000000000',
      to: PREDEPLOYS.l1Block,
      gas: 50_000n,
      intent: 'Ecotone: L1 Block Proxy Update',
      sourceHash: '0x18acb38c5ff1c238a7460ebc1b421fa49ec4874bdf1e0a530d234104e5e67dbc',
      data: '0x3659cfe600000000000000000000000007dbe8500fc591d1852b76fee44d5a05e13097ff',
    })
  })

  it('[DER-304] Ecotone 4/6: GasPriceOracle proxy', () => {
    expectRow('ecotone', 3, {
      from: '0x0000000000000000000000000000000000000000',
      to: PREDEPLOYS.gasPriceOracle,
      gas: 50_000n,
      intent: 'Ecotone: Gas Price Oracle Proxy Update',
      sourceHash: '0xee4f9385eceef498af0be7ec5862229f426dec41c8d42397c7257a5117d9230a',
      data: '0x3659cfe6000000000000000000000000b528d11cc114e026f138fe568744c6d45ce6da7a',
    })
  })

  it('[DER-305] Ecotone 5/6: enable', () => {
    expectRow('ecotone', 4, {
      from: '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001',
      to: PREDEPLOYS.gasPriceOracle,
      gas: 80_000n,
      intent: 'Ecotone: Gas Price Oracle Set Ecotone',
      sourceHash: '0x0c1cb38e99dbc9cbfab3bb80863380b0905290b37eb3d6ab18dc01c1f3e75f93',
      data: '0x22b90ab3',
    })
  })

  it('[DER-306] Ecotone 6/6: EIP-4788 contract', () => {
    expectRow('ecotone', 5, {
      from: '0x0b799c86a49deeb90402691f1041aa3af2d3c875',
      to: null,
      gas: 250_000n,
      intent: 'Ecotone: beacon block roots contract deployment',
      sourceHash: '0x69b763c48478b9dc2f65ada09b3d92133ec592ea715ec65ad6e7f3dc519dc00c',
      makes: '0x000f3df6d732807ef1319fb7b8bb8522d0beac02',
    })
  })

  it('[DER-307] of Fjord are three', () => {
    expect(upgradeTransactionsOf('fjord').length).toBe(3)
  })

  it('[DER-308] Fjord 1/3: GasPriceOracle deployment', () => {
    expectRow('fjord', 0, {
      from: '0x4210000000000000000000000000000000000002',
      to: null,
      gas: 1_450_000n,
      intent: 'Fjord: Gas Price Oracle Deployment',
      sourceHash: '0x86122c533fdcb89b16d8713174625e44578a89751d96c098ec19ab40a51a8ea3',
      makes: '0xa919894851548179a0750865e7974da599c0fac7',
      codeHash: '0xa88fa50a2745b15e6794247614b5298483070661adacb8d32d716434ed24c6b2',
    })
  })

  it('[DER-309] Fjord 2/3: GasPriceOracle proxy', () => {
    expectRow('fjord', 1, {
      from: '0x0000000000000000000000000000000000000000',
      to: PREDEPLOYS.gasPriceOracle,
      gas: 50_000n,
      intent: 'Fjord: Gas Price Oracle Proxy Update',
      sourceHash: '0x1e6bb0c28bfab3dc9b36ffb0f721f00d6937f33577606325692db0965a7d58c6',
      data: '0x3659cfe6000000000000000000000000a919894851548179a0750865e7974da599c0fac7',
    })
  })

  it('[DER-310] Fjord 3/3: enable', () => {
    expectRow('fjord', 2, {
      from: '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001',
      to: PREDEPLOYS.gasPriceOracle,
      gas: 90_000n,
      intent: 'Fjord: Gas Price Oracle Set Fjord',
      sourceHash: '0xbac7bb0d5961cad209a345408b0280a0d4686b1b20665e1b0f9cdafd73b19b6b',
      data: '0x8e98b106',
    })
  })

  it('[DER-311] of Isthmus are eight', () => {
    expect(upgradeTransactionsOf('isthmus').length).toBe(8)
  })

  it('[DER-312] Isthmus 1/8: L1Block deployment', () => {
    expectRow('isthmus', 0, {
      from: '0x4210000000000000000000000000000000000003',
      to: null,
      gas: 425_000n,
      intent: 'Isthmus: L1 Block Deployment',
      sourceHash: '0x3b2d0821ca2411ad5cd3595804d1213d15737188ae4cbd58aa19c821a6c211bf',
      makes: '0xff256497d61dcd71a9e9ff43967c13fde1f72d12',
      codeHash: '0x8e3fe7a416d3e5f3b7be74ddd4e7e58e516fa3f80b67c6d930e3cd7297da4a4b',
    })
  })

  it('[DER-313] Isthmus 2/8: GasPriceOracle deployment', () => {
    expectRow('isthmus', 1, {
      from: '0x4210000000000000000000000000000000000004',
      to: null,
      gas: 1_625_000n,
      intent: 'Isthmus: Gas Price Oracle Deployment',
      sourceHash: '0xfc70b48424763fa3fab9844253b4f8d508f91eb1f7cb11a247c9baec0afb8035',
      makes: '0x93e57a196454cb919193fa9946f14943cf733845',
      codeHash: '0x4d195a9d7caf9fb6d4beaf80de252c626c853afd5868c4f4f8d19c9d301c2679',
    })
  })

  it('[DER-314] Isthmus 3/8: OperatorFeeVault deployment', () => {
    expectRow('isthmus', 2, {
      from: '0x4210000000000000000000000000000000000005',
      to: null,
      gas: 500_000n,
      intent: 'Isthmus: Operator Fee Vault Deployment',
      sourceHash: '0x107a570d3db75e6110817eb024f09f3172657e920634111ce9875d08a16daa96',
      makes: '0x4fa2be8cd41504037f1838bce3bcc93bc68ff537',
      codeHash: '0x57dc55c9c09ca456fa728f253fe7b895d3e6aae0706104935fe87c7721001971',
    })
  })

  it('[DER-315] Isthmus 4/8: L1Block proxy', () => {
    expectRow('isthmus', 3, {
      from: '0x0000000000000000000000000000000000000000',
      to: PREDEPLOYS.l1Block,
      gas: 50_000n,
      intent: 'Isthmus: L1 Block Proxy Update',
      sourceHash: '0xebe8b5cb10ca47e0d8bda8f5355f2d66711a54ddeb0ef1d30e29418c9bf17a0e',
      data: '0x3659cfe6000000000000000000000000ff256497d61dcd71a9e9ff43967c13fde1f72d12',
    })
  })

  it('[DER-316] Isthmus 5/8: GasPriceOracle proxy', () => {
    expectRow('isthmus', 4, {
      from: '0x0000000000000000000000000000000000000000',
      to: PREDEPLOYS.gasPriceOracle,
      gas: 50_000n,
      intent: 'Isthmus: Gas Price Oracle Proxy Update',
      sourceHash: '0xecf2d9161d26c54eda6b7bfdd9142719b1e1199a6e5641468d1bf705bc531ab0',
      data: '0x3659cfe600000000000000000000000093e57a196454cb919193fa9946f14943cf733845',
    })
  })

  it('[DER-317] Isthmus 6/8: OperatorFeeVault proxy', () => {
    expectRow('isthmus', 5, {
      from: '0x0000000000000000000000000000000000000000',
      to: PREDEPLOYS.operatorFeeVault,
      gas: 50_000n,
      intent: 'Isthmus: Operator Fee Vault Proxy Update',
      sourceHash: '0xad74e1adb877ccbe176b8fa1cc559388a16e090ddbe8b512f5b37d07d887a927',
      data: '0x3659cfe60000000000000000000000004fa2be8cd41504037f1838bce3bcc93bc68ff537',
    })
  })

  it('[DER-318] Isthmus 7/8: enable', () => {
    expectRow('isthmus', 6, {
      from: '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001',
      to: PREDEPLOYS.gasPriceOracle,
      gas: 90_000n,
      intent: 'Isthmus: Gas Price Oracle Set Isthmus',
      sourceHash: '0x3ddf4b1302548dd92939826e970f260ba36167f4c25f18390a5e8b194b295319',
      data: '0x291b0383',
    })
  })

  it('[DER-319] Isthmus 8/8: EIP-2935 contract', () => {
    expectRow('isthmus', 7, {
      from: '0x3462413af4609098e1e27a490f554f260213d685',
      to: null,
      gas: 250_000n,
      intent: 'Isthmus: EIP-2935 Contract Deployment',
      sourceHash: '0xbfb734dae514c5974ddf803e54c1bc43d5cdb4a48ae27e1d9b875a5a150b553a',
      makes: '0x0000f90827f1c53a10cb7a02335b175320002935',
      codeHash: '0x6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d',
    })
  })

  it('[DER-320] of Jovian are five', () => {
    expect(upgradeTransactionsOf('jovian').length).toBe(5)
  })

  it('[DER-321] Jovian 1/5: L1Block deployment', () => {
    expectRow('jovian', 0, {
      from: '0x4210000000000000000000000000000000000006',
      to: null,
      gas: 447_315n,
      intent: 'Jovian: L1 Block Deployment',
      sourceHash: '0xbb1a656f65401240fac3db12e7a79ebb954b11e62f7626eb11691539b798d3bf',
      makes: '0x3ba4007f5c922fbb33c454b41ea7a1f11e83df2c',
      codeHash: '0x5f885ca815d2cf27a203123e50b8ae204fdca910b6995d90b2d7700cbb9240d1',
    })
  })

  it('[DER-322] Jovian 2/5: L1Block proxy', () => {
    expectRow('jovian', 1, {
      from: '0x0000000000000000000000000000000000000000',
      to: PREDEPLOYS.l1Block,
      gas: 50_000n,
      intent: 'Jovian: L1 Block Proxy Update',
      sourceHash: '0xf3275f829340521028f9ad5bce4ecb1c64a45d448794effa2a77674627338e76',
      data: '0x3659cfe60000000000000000000000003ba4007f5c922fbb33c454b41ea7a1f11e83df2c',
    })
  })

  it('[DER-323] Jovian 3/5: GasPriceOracle deployment', () => {
    expectRow('jovian', 2, {
      from: '0x4210000000000000000000000000000000000007',
      to: null,
      gas: 1_750_714n,
      intent: 'Jovian: Gas Price Oracle Deployment',
      sourceHash: '0x239b7021a6c2cf3a918481242bbb5a9499057f24501539467536c691bb133962',
      makes: '0x4f1db3c6abd250ba86e0928471a8f7db3afd88f1',
      codeHash: '0xe9fc7c96c4db0d6078e3d359d7e8c982c350a513cb2c31121adf5e1e8a446614',
    })
  })

  it('[DER-324] Jovian 4/5: GasPriceOracle proxy', () => {
    expectRow('jovian', 3, {
      from: '0x0000000000000000000000000000000000000000',
      to: PREDEPLOYS.gasPriceOracle,
      gas: 50_000n,
      intent: 'Jovian: Gas Price Oracle Proxy Update',
      sourceHash: '0xa70c60aa53b8c1c0d52b39b1e901e7d7c09f7819595cb24048a6bb1983b401ff',
      data: '0x3659cfe60000000000000000000000004f1db3c6abd250ba86e0928471a8f7db3afd88f1',
    })
  })

  it('[DER-325] Jovian 5/5: enable', () => {
    expectRow('jovian', 4, {
      from: '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001',
      to: PREDEPLOYS.gasPriceOracle,
      gas: 90_000n,
      intent: 'Jovian: Gas Price Oracle Set Jovian',
      sourceHash: '0xe836db6a959371756f8941be3e962d000f7e12a32e49e2c9ca42ba177a92716c',
      data: '0xb3d72079',
    })
  })
})
