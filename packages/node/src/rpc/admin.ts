import { type ExecutionPayloadEnvelope, envelopeFromJson, payloadBlockHash } from '@keelson/protocol'
import { errorText } from '@keelson/service'
import { invalidParams, type RpcMethods } from '@keelson/service/node'
import type { Conductor } from '../conductor.ts'
import type { Driver } from '../driver.ts'
import type { Sequencer } from '../sequencer.ts'
import { SequencerError } from '../sequencerError.ts'
import { readParams } from './params.ts'

export type AdminApiParts = {
  readonly driver: Pick<Driver, 'run'>
  readonly sequencer: Sequencer | null
  readonly conductor: Conductor
  /** Resets derivation as if L1 had been reorged. In a turn of the driver loop. */
  readonly resetDerivation: () => void
  /** Takes an unsafe block from the operator. In a turn of the driver loop. */
  readonly postUnsafePayload: (envelope: ExecutionPayloadEnvelope) => void
  /** `false`: no such level. */
  readonly setLogLevel: (level: string) => boolean
}

/** The `admin_` namespace, wire-compatible with op-node. Only served when asked for. */
export function adminApi(parts: AdminApiParts): RpcMethods {
  const { driver, sequencer, conductor } = parts
  const enabled = (): Sequencer => {
    if (!sequencer) throw new SequencerError('notEnabled', {})
    return sequencer
  }
  return {
    admin_resetDerivationPipeline: async (params) => {
      readParams(params, 0)
      await driver.run(() => parts.resetDerivation())
      return null
    },
    admin_startSequencer: async (params) => {
      const head = readParams(params, 1).hash(0)
      await driver.run(() => enabled().start(head))
      return null
    },
    admin_stopSequencer: async (params) => {
      readParams(params, 0)
      const { done } = await driver.run(() => enabled().stop())
      return done
    },
    admin_sequencerActive: (params) => {
      readParams(params, 0)
      return sequencer?.active ?? false
    },
    admin_overrideLeader: (params) => {
      readParams(params, 0)
      enabled()
      conductor.overrideLeader()
      return null
    },
    admin_conductorEnabled: (params) => {
      readParams(params, 0)
      return conductor.enabled
    },
    admin_setRecoverMode: async (params) => {
      const on = readParams(params, 1).boolean(0)
      await driver.run(() => enabled().setRecoverMode(on))
      return null
    },
    admin_postUnsafePayload: async (params) => {
      const envelope = readEnvelope(readParams(params, 1).any(0))
      const { blockHash } = envelope.executionPayload
      const actual = payloadBlockHash(envelope)
      if (actual !== blockHash) {
        throw new Error(`payload has bad block hash: ${blockHash}, actual block hash is: ${actual}`)
      }
      await driver.run(() => parts.postUnsafePayload(envelope))
      return null
    },
    admin_setLogLevel: (params) => {
      const level = readParams(params, 1).text(0)
      if (!parts.setLogLevel(level)) throw new Error(`unknown level: ${level}`)
      return null
    },
  }
}

function readEnvelope(json: unknown): ExecutionPayloadEnvelope {
  try {
    return envelopeFromJson(json)
  } catch (error) {
    throw invalidParams(`invalid argument 0: ${errorText(error)}`)
  }
}
