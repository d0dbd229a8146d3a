import {
  attributesFromJson,
  bytesToHex,
  compareProtocolVersions,
  decodeProtocolVersion,
  ENGINE_ERROR,
  EngineApiError,
  type ExecutionPayload,
  encodeProtocolVersion,
  type Fork,
  forkchoiceStateFromJson,
  forkchoiceUpdatedToJson,
  type Hash,
  isForkActive,
  type JsonNode,
  type ProtocolVersion,
  payloadFromJson,
  payloadStatusToJson,
  payloadToJson,
  quantityToHex,
} from '@keelson/protocol'
import { type Logger, RpcMethodError } from '@keelson/service'
import type { ExecutionEngine } from '../engine/executionEngine.ts'
import { invalid } from '../engine/payloadStatus.ts'
import { Params, readHash } from './params.ts'
import type { RpcMethod, RpcMethodTable } from './rpcMethod.ts'

/** Bodies in one answer of `engine_getPayloadBodies…`. */
const MAX_BODIES = 1024

/** The OP Stack protocol version that this engine implements: Karst. */
export const ENGINE_PROTOCOL_VERSION: ProtocolVersion = {
  build: '0x0000000000000000',
  major: 9,
  minor: 0,
  patch: 0,
  preRelease: 0,
}

const refuse = (code: number, message: string): never => {
  throw new RpcMethodError(code, message)
}
const unsupported = (method: string, forks: string): never =>
  refuse(ENGINE_ERROR.unsupportedFork, `Unsupported fork: ${method} must only be called for ${forks} payloads`)

/** Runs a method so that errors of the Engine API keep their code. */
const coded =
  (method: RpcMethod): RpcMethod =>
  async (params, context) => {
    try {
      return await method(params, context)
    } catch (error) {
      if (error instanceof EngineApiError) throw new RpcMethodError(error.code, error.message)
      throw error
    }
  }

/**
 * The Engine API by version, as op-geth checks them: fields that the version does not know, forks it is not for.
 *
 * @see specs/protocol/exec-engine.md#engine-api
 */
export function engineMethods(engine: ExecutionEngine, log: Logger): RpcMethodTable {
  const { spec } = engine.chain
  const active = (fork: Fork, timestamp: bigint) => isForkActive(spec, fork, timestamp)

  const forkchoiceUpdated = (version: 1 | 2 | 3): RpcMethod =>
    coded(async (values) => {
      const params = new Params(values, 2)
      const state = params.required(0, forkchoiceStateFromJson)
      const attributes = params.optional(1, (node) => readAttributes(node, version), null)
      return forkchoiceUpdatedToJson(await engine.forkchoiceUpdated(state, attributes))
    })

  /** The parts of the check that must come before the fields are read. */
  function checkAttributesVersion(node: JsonNode, version: 1 | 2 | 3): void {
    const timestamp = node.get('timestamp').quantity()
    const has = (key: string) => node.get(key).exists
    const bad = (reason: string) =>
      refuse(ENGINE_ERROR.invalidPayloadAttributes, `Invalid payload attributes: ${reason}`)
    const canyon = active('canyon', timestamp)
    const ecotone = active('ecotone', timestamp)
    if (version === 1) {
      if (has('withdrawals') || has('parentBeaconBlockRoot')) {
        refuse(ENGINE_ERROR.invalidParams, 'withdrawals and beacon root not supported in V1')
      }
      if (canyon) refuse(ENGINE_ERROR.invalidParams, 'forkChoiceUpdateV1 called post-shanghai')
    }
    if (version === 2) {
      if (has('parentBeaconBlockRoot')) bad('unexpected beacon root')
      if (ecotone) unsupported('forkchoiceUpdatedV2', 'paris or shanghai')
      if (canyon !== has('withdrawals')) bad(canyon ? 'missing withdrawals' : 'withdrawals before Canyon')
    }
    if (version === 3) {
      if (!has('withdrawals')) bad('missing withdrawals')
      if (!has('parentBeaconBlockRoot')) bad('missing beacon root')
      if (!ecotone) unsupported('forkchoiceUpdatedV3', 'cancun or later')
    }
    if (!has('gasLimit')) bad('gasLimit parameter is required')
  }

  function readAttributes(node: JsonNode, version: 1 | 2 | 3) {
    checkAttributesVersion(node, version)
    const params = node.get('eip1559Params')
    if (params.exists && params.hex().length !== 18) {
      refuse(ENGINE_ERROR.invalidPayloadAttributes, 'Invalid payload attributes: eip1559Params must have 8 bytes')
    }
    return attributesFromJson(node)
  }

  const newPayload = (version: 1 | 2 | 3 | 4): RpcMethod =>
    coded(async (values) => {
      const params = new Params(values, 4)
      const payload = params.required(0, payloadFromJson)
      const reason = payloadVersionProblem(payload, version)
      if (reason) refuse(ENGINE_ERROR.invalidParams, `Invalid parameters: ${reason}`)
      const { timestamp } = payload
      if (version < 3) return payloadStatusToJson(await engine.newPayload({ executionPayload: payload }))
      const hashes = params.optional(1, (node) => node.items().map((item) => item.hash()), null)
      const parentBeaconBlockRoot = params.optional(2, readHash, null)
      if (!hashes) return refuse(ENGINE_ERROR.invalidParams, 'Invalid parameters: nil versionedHashes post-cancun')
      if (!parentBeaconBlockRoot)
        return refuse(ENGINE_ERROR.invalidParams, 'Invalid parameters: nil beaconRoot post-cancun')
      const isthmus = active('isthmus', timestamp)
      if (version === 3 && (isthmus || !active('ecotone', timestamp))) unsupported('newPayloadV3', 'cancun')
      if (version === 4) {
        const requests = params.optional(3, (node) => node.items().map((item) => item.hex()), null)
        if (!requests)
          return refuse(ENGINE_ERROR.invalidParams, 'Invalid parameters: nil executionRequests post-prague')
        if (!isthmus) unsupported('newPayloadV4', 'prague or later')
        if (requests.length > 0) return payloadStatusToJson(invalid('execution requests must be empty', null))
      }
      if (hashes.length > 0) return payloadStatusToJson(invalid('invalid number of versionedHashes', null))
      return payloadStatusToJson(await engine.newPayload({ executionPayload: payload, parentBeaconBlockRoot }))
    })

  /** What of the payload does not fit the version of the call. */
  function payloadVersionProblem(payload: ExecutionPayload, version: 1 | 2 | 3 | 4): string | null {
    const { timestamp, withdrawals, blobGasUsed, excessBlobGas, withdrawalsRoot } = payload
    if (version === 1) return withdrawals ? 'withdrawals not supported in V1' : null
    if (version === 2) {
      if (active('ecotone', timestamp)) return "can't use newPayloadV2 post-cancun"
      if (active('canyon', timestamp) && !withdrawals) return 'nil withdrawals post-shanghai'
      if (!active('canyon', timestamp) && withdrawals) return 'non-nil withdrawals pre-shanghai'
      if (excessBlobGas !== undefined) return 'non-nil excessBlobGas pre-cancun'
      return blobGasUsed === undefined ? null : 'non-nil blobGasUsed pre-cancun'
    }
    if (!withdrawals) return 'nil withdrawals post-shanghai'
    if (excessBlobGas === undefined) return 'nil excessBlobGas post-cancun'
    if (blobGasUsed === undefined) return 'nil blobGasUsed post-cancun'
    if (version === 4 && withdrawalsRoot === undefined) return 'nil withdrawalsRoot post-isthmus'
    return null
  }

  const getPayload = (version: 1 | 2 | 3 | 4 | 5): RpcMethod =>
    coded(async (values) => {
      const id = new Params(values, 1).required(0, (node) => node.hex(8))
      const job = engine.builder.get(id)
      if (!job) refuse(ENGINE_ERROR.unknownPayload, 'Unknown payload')
      const { timestamp } = job as NonNullable<typeof job>
      if (versionOfGetPayload(timestamp) !== version && !(version === 1 && !active('canyon', timestamp))) {
        refuse(ENGINE_ERROR.unsupportedFork, 'Unsupported fork')
      }
      const { envelope, blockValue } = await engine.getBuiltPayload(id)
      const executionPayload = payloadToJson(envelope.executionPayload)
      if (version === 1) return executionPayload
      return {
        executionPayload,
        blockValue: quantityToHex(blockValue),
        ...(version >= 3 && {
          blobsBundle: { commitments: [], proofs: [], blobs: [] },
          shouldOverrideBuilder: false,
          parentBeaconBlockRoot: envelope.parentBeaconBlockRoot,
        }),
        ...(version >= 4 && { executionRequests: [] }),
      }
    })

  function versionOfGetPayload(timestamp: bigint): 2 | 3 | 4 | 5 {
    if (active('karst', timestamp)) return 5
    if (active('isthmus', timestamp)) return 4
    return active('ecotone', timestamp) ? 3 : 2
  }

  const bodyOf = (hash: Hash | null) => {
    const block = hash && engine.chain.store.block(hash)
    if (!block) return null
    return {
      transactions: block.transactions.map(bytesToHex),
      withdrawals: block.header.withdrawalsRoot === undefined ? null : [],
    }
  }

  const methods: RpcMethodTable = {
    engine_forkchoiceUpdatedV1: forkchoiceUpdated(1),
    engine_forkchoiceUpdatedV2: forkchoiceUpdated(2),
    engine_forkchoiceUpdatedV3: forkchoiceUpdated(3),
    engine_newPayloadV1: newPayload(1),
    engine_newPayloadV2: newPayload(2),
    engine_newPayloadV3: newPayload(3),
    engine_newPayloadV4: newPayload(4),
    engine_getPayloadV1: getPayload(1),
    engine_getPayloadV2: getPayload(2),
    engine_getPayloadV3: getPayload(3),
    engine_getPayloadV4: getPayload(4),
    engine_getPayloadV5: getPayload(5),
    engine_getPayloadBodiesByHashV1: coded((values) => {
      const hashes = new Params(values, 1).required(0, (node) => node.items().map((item) => item.hash()))
      if (hashes.length > MAX_BODIES) refuse(ENGINE_ERROR.tooLargeRequest, `Too large request: ${hashes.length} bodies`)
      return hashes.map(bodyOf)
    }),
    engine_getPayloadBodiesByRangeV1: coded((values) => {
      const params = new Params(values, 2)
      const start = params.required(0, (node) => node.quantity())
      const count = params.required(1, (node) => node.quantity())
      if (start === 0n || count === 0n) {
        refuse(ENGINE_ERROR.invalidParams, `invalid start or count, start: ${start} count: ${count}`)
      }
      if (count > BigInt(MAX_BODIES)) refuse(ENGINE_ERROR.tooLargeRequest, `Too large request: ${count} bodies`)
      const head = engine.chain.head.header.number
      const last = start + count - 1n > head ? head : start + count - 1n
      const bodies: unknown[] = []
      for (let number = start; number <= last; number++) bodies.push(bodyOf(engine.chain.store.canonicalHash(number)))
      return bodies
    }),
    engine_exchangeCapabilities: () => Object.keys(methods).filter((name) => name !== 'engine_exchangeCapabilities'),
    engine_signalSuperchainV1: coded((values) => {
      const signal = new Params(values, 1).optional(
        0,
        (node) => ({ recommended: node.get('recommended').hash(), required: node.get('required').hash() }),
        null,
      )
      if (signal) warnOfVersions(signal, log)
      return encodeProtocolVersion(ENGINE_PROTOCOL_VERSION)
    }),
    engine_getClientVersionV1: () => [{ code: 'KE', name: 'keelson', version: 'v0.1.0', commit: '0x00000000' }],
  }
  return methods
}

function warnOfVersions(signal: { readonly recommended: Hash; readonly required: Hash }, log: Logger): void {
  for (const [level, encoded] of Object.entries(signal)) {
    const version = decodeProtocolVersion(encoded)
    if (!version || compareProtocolVersions(version, ENGINE_PROTOCOL_VERSION) <= 0) continue
    const fields = { [level]: encoded, own: encodeProtocolVersion(ENGINE_PROTOCOL_VERSION) }
    if (level === 'required') log.error('The superchain requires a newer protocol version', fields)
    else log.warn('The superchain recommends a newer protocol version', fields)
  }
}
