import {
  BATCHER_ENV_PREFIX,
  type BatcherFlags,
  type BatcherServiceOptions,
  batcherFlags,
  startBatcherService,
} from '@keelson/batcher'
import { signerOfFlags, txManagerOptions } from '@keelson/l1'
import type { Command } from '../command.ts'
import { serviceCommand } from '../serviceCommand.ts'
import { VERSION } from '../version.ts'

/** `keelson batcher`: op-batcher's job with op-batcher's flags, until it is stopped. */
export const batcherCommand: Command = serviceCommand({
  name: 'batcher',
  summary: 'write the L2 chain to L1',
  flags: batcherFlags,
  envPrefix: BATCHER_ENV_PREFIX,
  metricsPrefix: 'op_batcher_default',
  start: (flags, parts) => startBatcherService({ ...batcherOptions(flags), ...parts }),
})

/** What the flags say, as options of the service. */
function batcherOptions({
  main,
  rpc,
  throttle,
  tx,
}: BatcherFlags): Omit<BatcherServiceOptions, 'log' | 'metrics' | 'signal'> {
  const [algorithm, level] = main.compressionAlgo.split('-') as ['zlib' | 'brotli', string | undefined]
  return {
    l1Rpc: main.l1EthRpc,
    l2Rpc: main.l2EthRpc,
    rollupRpc: main.rollupRpc,
    signer: signerOfFlags(tx),
    tx: txManagerOptions(tx),
    networkTimeoutMs: tx.networkTimeout,
    dataAvailabilityType: main.dataAvailabilityType,
    pollIntervalMs: main.pollInterval,
    maxPendingTx: main.maxPendingTx,
    stopped: main.stopped,
    activeSequencerCheckMs: main.activeSequencerCheckDuration,
    ...(main.waitNodeSync ? { waitNodeSync: { checkRecentTxsDepth: main.checkRecentTxsDepth } } : {}),
    policy: {
      batchType: main.batchType === 0 ? 'singular' : 'span',
      compression: algorithm,
      ...(algorithm === 'brotli' ? { compressionLevel: Number(level ?? 10) } : {}),
      maxChannelDuration: main.maxChannelDuration,
      subSafetyMargin: main.subSafetyMargin,
      maxL1TxSizeBytes: main.maxL1TxSizeBytes,
      targetNumFrames: main.targetNumFrames,
      maxBlocksPerSpanBatch: main.maxBlocksPerSpanBatch,
    },
    throttle: {
      controllerType: throttle.controllerType,
      lowerThreshold: throttle.unsafeDaBytesLowerThreshold,
      upperThreshold: throttle.unsafeDaBytesUpperThreshold,
      txSizeLowerLimit: throttle.txSizeLowerLimit,
      txSizeUpperLimit: throttle.txSizeUpperLimit,
      blockSizeLowerLimit: throttle.blockSizeLowerLimit,
      blockSizeUpperLimit: throttle.blockSizeUpperLimit,
      pid: {
        kp: throttle.pidKp,
        ki: throttle.pidKi,
        kd: throttle.pidKd,
        integralMax: throttle.pidIntegralMax,
        outputMax: throttle.pidOutputMax,
      },
    },
    throttledEngines: throttle.additionalEndpoints ?? [],
    rpc: { host: rpc.addr, port: rpc.port, enableAdmin: rpc.enableAdmin },
    version: VERSION,
  }
}
