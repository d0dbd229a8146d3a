import { signerOfFlags, txManagerOptions } from '@keelson/l1'
import { PROPOSER_ENV_PREFIX, proposerFlags, proposerTargetOf, startProposerService } from '@keelson/proposer'
import type { Command } from '../command.ts'
import { serviceCommand } from '../serviceCommand.ts'
import { VERSION } from '../version.ts'

/** `keelson proposer`: op-proposer's job with op-proposer's flags, until it is stopped. */
export const proposerCommand: Command = serviceCommand({
  name: 'proposer',
  summary: 'write output roots to L1',
  flags: proposerFlags,
  envPrefix: PROPOSER_ENV_PREFIX,
  metricsPrefix: 'op_proposer_default',
  start: ({ main, rpc, tx }, parts) =>
    startProposerService({
      target: proposerTargetOf(main),
      l1Rpc: main.l1EthRpc,
      rollupRpc: main.rollupRpc,
      signer: signerOfFlags(tx),
      tx: txManagerOptions(tx),
      networkTimeoutMs: tx.networkTimeout,
      pollIntervalMs: main.pollInterval,
      allowNonFinalized: main.allowNonFinalized,
      waitNodeSync: main.waitNodeSync,
      rpc: { host: rpc.addr, port: rpc.port, enableAdmin: rpc.enableAdmin },
      version: VERSION,
      ...parts,
    }),
})
