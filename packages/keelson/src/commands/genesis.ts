import {
  chainFlags,
  createChain,
  genesisHash,
  parseForkTime,
  readDeployments,
  roleAccount,
  writeChain,
} from '@keelson/devnet'
import { defineFlags, flag, flagHelp, parseFlags } from '@keelson/service'
import type { Command } from '../command.ts'
import { VERSION } from '../version.ts'

const ENV_PREFIX = 'KEELSON_GENESIS'

const genesisFlags = defineFlags('', {
  l1: flag.url({ name: 'l1', required: true, help: 'RPC of the L1 on which the contracts are.' }),
  deployments: flag.path({
    name: 'l1.deployments',
    required: true,
    help: 'JSON with the addresses of the L1 contracts by name (devnet.json will do).',
  }),
  startingBlock: flag.uint64({
    name: 'l1.starting-block',
    help: 'L1 block that the chain starts from; the contracts must be initialized there. Default: the head.',
  }),
  admin: flag.address({ name: 'admin', help: 'Owner of the L2 ProxyAdmin. Default: the admin of the dev mnemonic.' }),
  fund: flag.list({ name: 'fund', default: [], help: 'L2 addresses that get 10,000 ETH each.' }),
  outDir: flag.path({ name: 'outdir', default: '.', help: 'Folder for rollup.json, genesis.json and l1.json.' }),
})

const defs = { genesis: genesisFlags, chain: chainFlags }

/** `keelson genesis`: what a node and an engine of a new chain are started with. */
export const genesisCommand: Command = {
  name: 'genesis',
  summary: 'write rollup.json and genesis.json of a new chain',
  flags: defs,
  envPrefix: ENV_PREFIX,
  async run(argv, io) {
    const parsed = parseFlags({ defs, argv, env: io.env, envPrefix: ENV_PREFIX })
    if (parsed.help) {
      io.stdout.write(flagHelp(defs, { command: 'keelson genesis', summary: this.summary, envPrefix: ENV_PREFIX }))
      return 0
    }
    if (parsed.version) {
      io.stdout.write(`keelson genesis ${VERSION}\n`)
      return 0
    }
    const { genesis, chain } = parsed.values
    const made = await createChain({
      ...chain,
      l1Rpc: genesis.l1,
      contracts: await readDeployments(genesis.deployments),
      ...(genesis.startingBlock === undefined ? {} : { l1StartingBlock: genesis.startingBlock }),
      blockTime: chain.l2BlockTime,
      admin: genesis.admin ?? roleAccount('admin').address,
      fundedAccounts: genesis.fund.map((address) => addressOf(address)),
      forks: new Map(chain.forks.map(parseForkTime)),
      hashGenesis: genesisHash,
    })
    const files = await writeChain(genesis.outDir, made)
    io.stdout.write(`L2 genesis ${made.rollup.genesis.l2.hash}\n`)
    for (const path of Object.values(files)) io.stdout.write(`wrote ${path}\n`)
    return 0
  },
}

function addressOf(text: string): `0x${string}` {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw new Error(`--fund ${text}: not an address (0x and 40 hex digits)`)
  return text as `0x${string}`
}
