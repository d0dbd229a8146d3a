import { signerOfFlags, txManagerOptions } from '@keelson/l1'
import { PROPOSER_ENV_PREFIX, proposerFlags, proposerTargetOf, startProposerService } from '@keelson/proposer'
import { flagHelp, parseFlags } from '@keelson/service'
import type { Command } from '../command.ts'
import { runService } from '../runService.ts'
import { VERSION } from '../version.ts'

const SUMMARY = 'write output roots to L1'

/** `keelson proposer`: op-proposer's job with op-proposer's flags, until it is stopped. */
export const proposerCommand: Command = {
  name: 'proposer',
  summary: SUMMARY,
  flags: proposerFlags,
  envPrefix: PROPOSER_ENV_PREFIX,
  async run(argv, io) {
    const parsed = parseFlags({ defs: proposerFlags, argv, env: io.env, envPrefix: PROPOSER_ENV_PREFIX })
    if (parsed.help) {
      io.stdout.write(
        flagHelp(proposerFlags, { command: 'keelson proposer', summary: SUMMARY, envPrefix: PROPOSER_ENV_PREFIX }),
      )
      return 0
    }
    if (parsed.version) {
      io.stdout.write(`keelson proposer ${VERSION}\n`)
      return 0
    }
    const { main, rpc, tx } = parsed.values
    return runService({
      name: 'proposer',
      metricsPrefix: 'op_proposer_default',
      io,
      flags: parsed.values,
      unknownEnv: parsed.unknownEnv,
      start: (parts) =>
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
  },
}
