import type { ExecutionPayloadEnvelope } from '@keelson/protocol'
import { type Logger, parseLogLevel, type RootLogger } from '@keelson/service'
import type { RpcMethods } from '@keelson/service/node'
import type { NodeParts } from '../nodeParts.ts'
import { adminApi } from './admin.ts'
import { keelsonApi } from './keelson.ts'
import { optimismApi } from './optimism.ts'

/** All that the node answers, with what the P2P network adds once it is open. */
export function nodeMethods(
  parts: NodeParts,
  version: string,
  receive: (envelope: ExecutionPayloadEnvelope, source: 'admin') => void,
): RpcMethods {
  const { options, driver, engine, sequencer, conductor, status, journal, opened, log } = parts
  return {
    ...optimismApi({
      config: options.config,
      engine: options.engine,
      driver,
      status: status.status,
      safeDb: opened.safeDb,
      version,
      withdrawalRootFromState: options.withdrawalRootFromState ?? false,
    }),
    ...keelsonApi({ explain: () => journal.explain(), engine, sequencer, status: status.status }),
    ...(opened.gossip?.rpcMethods ?? {}),
    ...adminApi({
      driver,
      sequencer,
      conductor,
      resetDerivation: () => {
        log.warn('Derivation is reset by the operator')
        driver.emit({ type: 'reset-event', error: new Error('reset by the operator') })
      },
      postUnsafePayload: (envelope) => receive(envelope, 'admin'),
      setLogLevel: (text) => {
        const level = parseLogLevel(text)
        if (level && isRootLogger(log)) log.setLevel(level)
        return level !== null
      },
    }),
  }
}

/** What is served to whoever can reach the port. */
export function servedMethods(methods: RpcMethods, enableAdmin: boolean): RpcMethods {
  if (enableAdmin) return methods
  return Object.fromEntries(Object.entries(methods).filter(([name]) => !name.startsWith('admin_')))
}

function isRootLogger(log: Logger | RootLogger): log is RootLogger {
  return 'setLevel' in log
}
