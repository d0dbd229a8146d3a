import {
  type ExecutionClient,
  outputAtBlockToJson,
  quantityToHex,
  type RollupConfig,
  rollupConfigToJson,
  type SyncStatus,
  safeHeadAtL1BlockToJson,
  syncStatusToJson,
} from '@keelson/protocol'
import { errorText } from '@keelson/service'
import type { RpcMethods } from '@keelson/service/node'
import type { Driver } from '../driver.ts'
import type { SafeDb } from '../safeDb.ts'
import { outputAtBlock } from './output.ts'
import { readParams } from './params.ts'

export type OptimismApiParts = {
  readonly config: RollupConfig
  readonly engine: ExecutionClient
  readonly driver: Pick<Driver, 'run'>
  readonly status: () => SyncStatus
  readonly safeDb: SafeDb | null
  readonly version: string
  readonly withdrawalRootFromState: boolean
}

/** The `optimism_` namespace, wire-compatible with op-node. */
export function optimismApi(parts: OptimismApiParts): RpcMethods {
  const { config, engine, driver, status, safeDb } = parts
  const outputs = { config, engine, fromState: parts.withdrawalRootFromState }
  return {
    optimism_syncStatus: (params) => {
      readParams(params, 0)
      return syncStatusToJson(status())
    },

    optimism_outputAtBlock: async (params) => {
      const number = readParams(params, 1).quantity(0)
      // What is final does not move; of anything else block and status must be of one moment.
      const isFinal = number <= status().finalizedL2.number
      const read = async () => ({ block: await engine.getBlock({ number }), status: status() })
      const found = isFinal ? await read() : await driver.run(read)
      if (!found.block) {
        throw new Error(
          `failed to get L2 block ref with sync status: failed to determine L2BlockRef of height ${number}, could not get payload: not found`,
        )
      }
      try {
        return outputAtBlockToJson(await outputAtBlock(outputs, found.block, found.status))
      } catch (cause) {
        const reason = errorText(cause)
        throw new Error(`failed to get L2 output at block ${found.block.executionPayload.blockHash}: ${reason}`, {
          cause,
        })
      }
    },

    optimism_safeHeadAtL1Block: (params) => {
      const number = readParams(params, 1).quantity(0)
      const failed = (reason: string) =>
        new Error(`failed to get safe head at l1 block ${quantityToHex(number)}: ${reason}`)
      if (!safeDb) throw failed('safe head database not enabled')
      const entry = safeDb.safeHeadAt(number)
      if (!entry) throw failed('not found')
      return safeHeadAtL1BlockToJson(entry)
    },

    optimism_rollupConfig: (params) => {
      readParams(params, 0)
      return rollupConfigToJson(config)
    },

    optimism_version: (params) => {
      readParams(params, 0)
      return parts.version
    },

    optimism_dependencySet: () => {
      throw new Error('not found')
    },
  }
}
