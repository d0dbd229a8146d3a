type Counter<Name extends string = never> = {
  inc(
    ...args: [Name] extends [never]
      ? [labels?: undefined, n?: number]
      : [labels: { readonly [N in Name]: string }, n?: number]
  ): void
}

/** The part of a metric registry that derivation uses; `@keelson/service` has one. */
export interface DeriveMetricRegistry {
  counter<Name extends string = never>(definition: {
    readonly name: string
    readonly help: string
    readonly labels?: readonly Name[]
  }): Counter<Name>
}

/** What derivation counts. */
export type DeriveMetrics = ReturnType<typeof createDeriveMetrics>

/** Defines the metrics of derivation; names without the registry's prefix. */
export const createDeriveMetrics = (registry: DeriveMetricRegistry) => ({
  channelInputBytes: registry.counter({
    name: 'channel_input_bytes',
    help: 'Compressed bytes of the channels handed to the channel reader',
  }),
  channelsTimedOut: registry.counter({
    name: 'derive_channels_timed_out_total',
    help: 'Channels that were not complete within the channel timeout',
  }),
  channelsOpened: registry.counter({ name: 'derive_channels_opened_total', help: 'Channels opened by a first frame' }),
  framesAdded: registry.counter({ name: 'derive_frames_added_total', help: 'Frames added to a channel' }),
  batchesDerived: registry.counter({
    name: 'derive_batches_total',
    labels: ['type'],
    help: 'Batches read from channels, by type',
  }),
  dropped: registry.counter({
    name: 'derive_dropped_total',
    labels: ['subject', 'rule'],
    help: 'What derivation ignored of the data on L1, by kind and by rule of the conformance checklist',
  }),
})

const nothing = { inc: () => {} }

/** Counts nothing. */
export const nullDeriveMetrics: DeriveMetrics = {
  channelInputBytes: nothing,
  channelsTimedOut: nothing,
  channelsOpened: nothing,
  framesAdded: nothing,
  batchesDerived: nothing,
  dropped: nothing,
}
