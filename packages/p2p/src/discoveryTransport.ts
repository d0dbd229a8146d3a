import type { Socket } from 'node:dgram'
import { UDPTransportService } from '@chainsafe/discv5'
import { errorText, type Logger } from '@keelson/service'

type Init = ConstructorParameters<typeof UDPTransportService>[0]
type WithSockets = { readonly ip4?: { readonly socket?: Socket }; readonly ip6?: { readonly socket?: Socket } }

/**
 * discv5's UDP transport that outlives what it cannot send: without a listener, the error of a socket (no route, a
 * broadcast address in a record) would end the process.
 */
export function createTransport(
  bindAddrs: Init['bindAddrs'],
  nodeId: Init['nodeId'],
  log: Logger,
): UDPTransportService {
  const transport = new UDPTransportService({ bindAddrs, nodeId })
  const note = (err: unknown) => log.debug('Could not send a discovery packet', { reason: errorText(err) })
  const start = transport.start.bind(transport)
  const send = transport.send.bind(transport)
  transport.start = async () => {
    await start()
    const { ip4, ip6 } = transport as unknown as WithSockets
    for (const part of [ip4, ip6]) part?.socket?.on('error', note)
  }
  transport.send = (to, toId, packet) => send(to, toId, packet).catch(note)
  return transport
}
