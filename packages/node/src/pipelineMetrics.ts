import { createDeriveMetrics, type DeriveMetrics } from '@keelson/derive'
import { type Clock, eventPair, type MetricRegistry } from '@keelson/service'

/** What derivation counts, also under op-node's names. */
export function createPipelineMetrics(registry: MetricRegistry, clock: Pick<Clock, 'now'>): DeriveMetrics {
  const own = createDeriveMetrics(registry)
  const now = () => clock.now()
  const pair = (name: string, help: string) => eventPair(registry, { name, help }, now)
  const headChannel = pair('head_channel', 'channels opened')
  const channelTimeout = pair('channel_timeout', 'channels timed out')
  const frameAdded = pair('frame_added', 'frames ingested')
  const derivedBatches = eventPair(
    registry,
    { name: 'derived_batches', help: 'batches read from channels', labels: ['type'] },
    now,
  )
  const also = <A extends unknown[]>(counter: { inc(...args: A): void }, record: (...args: A) => void) => ({
    inc: (...args: A) => {
      counter.inc(...args)
      record(...args)
    },
  })
  return {
    ...own,
    channelsOpened: also(own.channelsOpened, () => headChannel.record()),
    channelsTimedOut: also(own.channelsTimedOut, () => channelTimeout.record()),
    framesAdded: also(own.framesAdded, () => frameAdded.record()),
    batchesDerived: also(own.batchesDerived, (labels) => derivedBatches.record(labels)),
  }
}
