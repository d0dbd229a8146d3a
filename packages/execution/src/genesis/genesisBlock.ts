import {
  type Address,
  bigintToBytes,
  bytesToHex,
  EMPTY_REQUESTS_HASH,
  EMPTY_TRIE_ROOT,
  EMPTY_UNCLES_HASH,
  type Hash,
  type Hex,
  headerHash,
  hexToBytes,
  isForkActive,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '@keelson/protocol'
import type { BlockHeader } from '../blockHeader.ts'
import { JournaledState } from '../state/journaledState.ts'
import { createMemoryStore, type StateCommit } from '../state/nodeStore.ts'
import { createStateReader } from '../state/trieStateReader.ts'
import { L2_TO_L1_MESSAGE_PASSER } from '../transition/constants.ts'
import { type ChainSpec, chainSpecFromGenesis } from './chainSpec.ts'
import { GenesisError } from './genesisError.ts'
import type { GenesisJson } from './genesisJson.ts'

/** Base fee of a genesis that names none: 1 gwei. */
const INITIAL_BASE_FEE = 1_000_000_000n
const EMPTY_BLOOM: Hex = `0x${'00'.repeat(256)}`

export type GenesisBlock = { readonly header: BlockHeader; readonly hash: Hash; readonly commit: StateCommit }

function readHex(text: string, path: string, length?: number): Hex {
  const hex = (text.startsWith('0x') ? text : `0x${text}`).toLowerCase() as Hex
  if (!/^0x([0-9a-f]{2})*$/.test(hex)) throw new GenesisError('badField', { path, reason: 'is not hex' })
  if (length !== undefined && hex.length !== 2 + 2 * length) {
    throw new GenesisError('badField', { path, reason: `must have ${length} bytes` })
  }
  return hex
}

function readQuantity(value: string | number | bigint, path: string): bigint {
  try {
    return BigInt(value)
  } catch (cause) {
    throw new GenesisError('badField', { path, reason: `is no number: ${value}` }, { cause })
  }
}

function allocate(genesis: GenesisJson): StateCommit & { storageRootOf(address: Address): Hash } {
  const state = new JournaledState(createStateReader({ store: createMemoryStore(), root: EMPTY_TRIE_ROOT }))
  for (const [key, account] of Object.entries(genesis.alloc)) {
    const path = `alloc.${key}`
    const address = readHex(key, path, 20)
    if (account.code) state.putCode(address, hexToBytes(readHex(account.code, `${path}.code`)))
    for (const [slot, word] of Object.entries(account.storage ?? {})) {
      state.putStorage(
        address,
        readQuantity(readHex(slot, `${path}.storage`), path),
        readQuantity(readHex(word, path), path),
      )
    }
    state.putAccount(address, {
      ...state.accountOrEmpty(address),
      nonce: readQuantity(account.nonce ?? 0, `${path}.nonce`),
      balance: readQuantity(account.balance ?? 0, `${path}.balance`),
    })
    state.startTransaction()
  }
  return state.seal()
}

/**
 * The genesis block of an op-geth `genesis.json`: header by the forks active at its time, its hash, and the state to
 * put into the store.
 *
 * @param spec - when the file has no `config`
 * @throws {GenesisError} `badField`
 * @see specs/protocol/isthmus/exec-engine.md#genesis-block
 */
export function genesisBlock(genesis: GenesisJson, spec: ChainSpec = chainSpecFromGenesis(genesis)): GenesisBlock {
  const timestamp = readQuantity(genesis.timestamp ?? 0, 'timestamp')
  const active = (fork: 'canyon' | 'ecotone' | 'isthmus') => isForkActive(spec, fork, timestamp)
  const commit = allocate(genesis)
  const canyonRoot = active('canyon') ? EMPTY_TRIE_ROOT : undefined
  const withdrawalsRoot = active('isthmus') ? commit.storageRootOf(L2_TO_L1_MESSAGE_PASSER) : canyonRoot
  const header: BlockHeader = {
    parentHash: readHex(genesis.parentHash ?? ZERO_HASH, 'parentHash', 32),
    sha3Uncles: EMPTY_UNCLES_HASH,
    miner: readHex(genesis.coinbase ?? ZERO_ADDRESS, 'coinbase', 20),
    stateRoot: genesis.stateHash ? readHex(genesis.stateHash, 'stateHash', 32) : commit.root,
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: EMPTY_BLOOM,
    difficulty: readQuantity(genesis.difficulty ?? 0, 'difficulty'),
    number: readQuantity(genesis.number ?? 0, 'number'),
    gasLimit: readQuantity(genesis.gasLimit, 'gasLimit'),
    gasUsed: readQuantity(genesis.gasUsed ?? 0, 'gasUsed'),
    timestamp,
    extraData: readHex(genesis.extraData ?? '0x', 'extraData'),
    mixHash: readHex(genesis.mixHash ?? ZERO_HASH, 'mixHash', 32),
    nonce: bytesToHex(bigintToBytes(readQuantity(genesis.nonce ?? 0, 'nonce'), 8)),
    baseFeePerGas: readQuantity(genesis.baseFeePerGas ?? INITIAL_BASE_FEE, 'baseFeePerGas'),
    ...(withdrawalsRoot && { withdrawalsRoot }),
    ...(active('ecotone') && {
      blobGasUsed: readQuantity(genesis.blobGasUsed ?? 0, 'blobGasUsed'),
      excessBlobGas: readQuantity(genesis.excessBlobGas ?? 0, 'excessBlobGas'),
      parentBeaconBlockRoot: readHex(genesis.parentBeaconBlockRoot ?? ZERO_HASH, 'parentBeaconBlockRoot', 32),
    }),
    ...(active('isthmus') && { requestsHash: EMPTY_REQUESTS_HASH }),
  }
  return { header, hash: headerHash(header), commit }
}
