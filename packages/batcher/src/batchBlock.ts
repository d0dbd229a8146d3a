import { verifiedBlock } from '@keelson/l1'
import {
  decodeBlock,
  decodeL1InfoTx,
  type Hex,
  hexToBytes,
  isActivationBlock,
  type L1BlockRef,
  type L2BlockRef,
  quantityToHex,
  type RollupConfig,
  type SingularBatch,
  type TimedFork,
  TX_TYPE,
} from '@keelson/protocol'
import { isUnknownMethod, type RpcClient, RpcError } from '@keelson/service'

/** An L2 block as the batcher needs it. */
export type BatchBlock = {
  readonly ref: L2BlockRef
  readonly batch: SingularBatch
  /** Time of the block's L1 origin: it decides over the batch type. */
  readonly originTime: bigint
  /** Bytes of its transactions without deposits, before compression: what the backlog is measured in. */
  readonly daBytes: number
}

/**
 * Makes a block's batch: all transactions but the deposits, with epoch, parent and time.
 *
 * @throws {CodecError} when the block does not begin with L1 attributes
 * @see specs/protocol/derivation.md#batch-format
 */
export function batchBlockOf(block: {
  readonly info: Pick<L1BlockRef, 'hash' | 'number' | 'parentHash' | 'timestamp'>
  readonly transactions: readonly Uint8Array[]
}): BatchBlock {
  const { hash, number, parentHash, timestamp } = block.info
  const l1Info = decodeL1InfoTx(block.transactions[0] ?? new Uint8Array(0))
  const transactions = block.transactions.filter((tx) => tx[0] !== TX_TYPE.deposit)
  const l1Origin = { hash: l1Info.blockHash, number: l1Info.number }
  return {
    ref: { hash, number, parentHash, timestamp, l1Origin, sequenceNumber: l1Info.sequenceNumber },
    batch: { parentHash, epochNumber: l1Origin.number, epochHash: l1Origin.hash, timestamp, transactions },
    originTime: l1Info.timestamp,
    daBytes: transactions.reduce((sum, { length }) => sum + length, 0) + 70,
  }
}

/**
 * The fork whose activation block this is although it holds user transactions: from Jovian on, derivation drops such a batch.
 *
 * @see specs/protocol/jovian/derivation.md#activation-block-rules
 */
export function spoiledActivation(
  config: RollupConfig,
  { ref, batch }: Pick<BatchBlock, 'ref' | 'batch'>,
): TimedFork | null {
  if (batch.transactions.length === 0) return null
  return (['jovian', 'karst'] as const).find((fork) => isActivationBlock(config, fork, ref.timestamp)) ?? null
}

/**
 * Reads L2 blocks from the engine's RPC, each checked against its own hash: as RLP where the engine serves it, else as JSON.
 */
export function createBlockLoader(l2: RpcClient, config: RollupConfig) {
  let raw = true
  return async (number: bigint, signal?: AbortSignal): Promise<BatchBlock | null> => {
    if (number <= config.genesis.l2.number) throw new RangeError(`block ${number} is not after genesis`)
    const ask = <T>(method: string, ...params: unknown[]) => l2.request<T>(method, params, signal ? { signal } : {})
    const name = quantityToHex(number)
    if (raw) {
      try {
        const { hash, header, transactions } = decodeBlock(hexToBytes(await ask<Hex>('debug_getRawBlock', name)))
        return batchBlockOf({ info: { ...header, hash }, transactions })
      } catch (error) {
        if (error instanceof RpcError && /not found/.test(error.message)) return null
        if (!isUnknownMethod(error)) throw error
        raw = false
      }
    }
    const json = await ask<unknown>('eth_getBlockByNumber', name, true)
    return json === null ? null : batchBlockOf(verifiedBlock(json))
  }
}
