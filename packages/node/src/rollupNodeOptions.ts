import type { BlobProvider, DerivationObserver } from '@keelson/derive'
import type { EngineKind, SyncMode } from '@keelson/engine'
import type { L1Client, L1HeadTracker } from '@keelson/l1'
import type {
  Address,
  ExecutionClient,
  ExecutionPayloadEnvelope,
  L1ChainConfig,
  RollupConfig,
  SyncStatus,
} from '@keelson/protocol'
import type { Clock, Logger, MetricRegistry, RootLogger } from '@keelson/service'
import type { RpcMethods } from '@keelson/service/node'
import type { BlockGossip } from './blockGossip.ts'
import type { Conductor } from './conductor.ts'
import type { Tracer } from './eventSystem.ts'

/** What the P2P network is given of the node. */
export type GossipParts = {
  /** The signer in the L1 SystemConfig; `null` while unknown. */
  readonly getUnsafeBlockSigner: () => Address | null
  /** Blocks that peers ask for. */
  readonly payloadByNumber: (number: bigint) => Promise<ExecutionPayloadEnvelope | null>
}

/** The P2P network as the node needs it, and what it adds to the RPC. */
export type NodeGossip = BlockGossip & { readonly rpcMethods?: RpcMethods }

export type SequencerConfig = {
  /** Do not sequence before `admin_startSequencer`. */
  readonly stopped?: boolean
  readonly maxSafeLag?: bigint
  /** L1 blocks between the L1 head and a new origin; 4. */
  readonly l1Confs?: bigint
  readonly recover?: boolean
  /** 50 ms. */
  readonly sealingDurationMs?: number
  readonly conductor?: Conductor
}

/** Something else that is opened with the node. `signal` aborts when the node is to stop before it has started. */
export type NodeServer = {
  readonly name: string
  open(signal: AbortSignal): Promise<{ close(): Promise<void> | void }>
}

export type RollupNodeOptions = {
  readonly config: RollupConfig
  /** Blob prices of an L1 that is not built in. */
  readonly l1Config?: L1ChainConfig
  readonly l1: { readonly client: L1Client; readonly tracker: L1HeadTracker }
  /** Absent: blobs of the batcher are a critical error. */
  readonly blobs?: BlobProvider
  readonly engine: ExecutionClient
  readonly engineKind?: EngineKind
  readonly syncMode?: SyncMode
  readonly elSafeOffsetSeconds?: bigint
  readonly engineTimeoutMs?: number
  readonly skipSyncStartCheck?: boolean
  /** Takes safe and finalized from another node instead of deriving them. Rejects when it cannot be asked. */
  readonly followStatus?: () => Promise<SyncStatus>
  /** L1 blocks that derivation does not look at yet. */
  readonly verifierL1Confs?: bigint
  readonly finalityLookback?: number
  readonly finalityDelay?: bigint
  /** Makes the P2P network; `null`: none. */
  readonly gossip?: ((parts: GossipParts) => Promise<NodeGossip>) | null
  /** `null`: a verifier. */
  readonly sequencer?: SequencerConfig | null
  /** How often the unsafe block signer is read again; 10 minutes, 0: never. */
  readonly runtimeConfigReloadMs?: number
  /** Folder of the safe head database; absent: none. */
  readonly safeDbPath?: string
  /** File in which `admin_start/stopSequencer` are remembered. */
  readonly adminStatePath?: string
  /** `null`: no RPC server. */
  readonly rpc?: {
    readonly host: string
    readonly port: number
    readonly enableAdmin?: boolean
    readonly portFlag?: string
  } | null
  readonly withdrawalRootFromState?: boolean
  /** Further servers (metrics, profiling), opened after the RPC and closed with the node. */
  readonly servers?: readonly NodeServer[]
  readonly version?: string
  readonly clock?: Clock
  readonly random?: () => number
  readonly log?: Logger | RootLogger
  readonly metrics?: MetricRegistry
  readonly tracers?: readonly Tracer[]
  /** Is told what derivation makes of everything on L1. */
  readonly observer?: DerivationObserver
}
