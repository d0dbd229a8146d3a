import { createServer, type Server } from 'node:net'
import { ListenError } from '@keelson/service/node'
import type { DevnetOptions } from './devnet.ts'

/**
 * Makes sure that the devnet can listen where it is told to, before anything is started.
 *
 * @throws {ListenError} names the port, what it is for and the devnet's flag that changes it
 */
export async function requireFreePorts(ports: DevnetOptions['ports']): Promise<void> {
  const node = (name: 'sequencer' | 'verifier', first: number) => [
    { what: `the ${name}'s eth RPC`, port: first, flag: `${name}.port` },
    { what: `the ${name}'s rollup RPC`, port: first && first + 2, flag: `${name}.port` },
    { what: `the ${name}'s Engine API`, port: first && first + 3, flag: `${name}.port` },
    { what: `the ${name}'s metrics`, port: first && first + 4, flag: `${name}.port` },
  ]
  const wanted = [
    { what: 'L1', port: ports.l1, flag: 'l1.port' },
    ...node('sequencer', ports.sequencer),
    ...node('verifier', ports.verifier),
    { what: 'the explorer', port: ports.explorer, flag: 'explorer.port' },
  ]
  // All are held until the last one is checked, so that two parts on one port are found as well.
  const held: Server[] = []
  try {
    for (const { what, port, flag } of wanted) if (port !== 0) held.push(await listen(what, port, flag))
  } finally {
    await Promise.all(held.map((server) => new Promise((closed) => server.close(closed))))
  }
}

function listen(what: string, port: number, flag: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (cause) => reject(new ListenError(what, '127.0.0.1', port, flag, cause)))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
