import { txManagerFlags } from '@keelson/l1'
import { defineFlags, type FlagValues, flag } from '@keelson/service'
import { logFlags, metricsFlags } from '@keelson/service/node'
import type { ProposerTarget } from './proposer.ts'

/** op-proposer's flags. */
export const proposerFlags = {
  main: defineFlags('', {
    l1EthRpc: flag.url({ required: true, help: 'L1 execution RPC.' }),
    rollupRpc: flag.url({ required: true, help: 'RPC of the rollup node whose outputs are proposed.' }),
    l2ooAddress: flag.address({ help: 'L2OutputOracle; excludes game-factory-address.' }),
    gameFactoryAddress: flag.address({ help: 'DisputeGameFactory; excludes l2oo-address.' }),
    gameType: flag.integer({
      default: 0,
      min: 0,
      max: 0xffff_ffff,
      help: 'Type of the games: the one that the portal respects.',
    }),
    proposalInterval: flag.duration({ default: 0, help: 'Time between two games; needed with game-factory-address.' }),
    pollInterval: flag.duration({ default: 12_000, help: 'How often it is looked whether a proposal is due.' }),
    allowNonFinalized: flag.boolean({ default: false, help: 'Proposes safe heads, which an L1 reorg may take back.' }),
    waitNodeSync: flag.boolean({
      default: false,
      help: 'Waits at the start until the rollup node has derived L1 up to its head.',
    }),
  }),
  rpc: defineFlags('rpc', {
    addr: flag.string({ default: '127.0.0.1', help: 'Address the admin RPC listens on.' }),
    port: flag.integer({ default: 8545, min: 0, max: 65535, help: 'Port of the admin RPC.' }),
    enableAdmin: flag.boolean({ default: false, help: 'Serves the admin_ methods.' }),
  }),
  tx: txManagerFlags,
  log: logFlags,
  metrics: metricsFlags,
}
export type ProposerFlags = FlagValues<typeof proposerFlags>
export const PROPOSER_ENV_PREFIX = 'OP_PROPOSER'

/**
 * Where the flags say that outputs go.
 *
 * @throws {Error} naming the flags that are missing or exclude each other
 */
export function proposerTargetOf(main: ProposerFlags['main']): ProposerTarget {
  const { l2ooAddress, gameFactoryAddress, gameType, proposalInterval } = main
  if (l2ooAddress && gameFactoryAddress)
    throw new Error('flags l2oo-address and game-factory-address exclude each other')
  if (l2ooAddress) {
    if (proposalInterval > 0) throw new Error('flag proposal-interval is only for game-factory-address')
    return { type: 'l2OutputOracle', address: l2ooAddress }
  }
  if (!gameFactoryAddress) throw new Error('flag l2oo-address or game-factory-address is required')
  if (proposalInterval <= 0) throw new Error('flag proposal-interval is required with game-factory-address')
  return { type: 'disputeGameFactory', address: gameFactoryAddress, gameType, proposalIntervalMs: proposalInterval }
}
