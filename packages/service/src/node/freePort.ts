import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below the range that systems take the ports of outgoing connections from, so that none of those is in the way. */
const FIRST_PORT = 20_000
const LAST_PORT = 32_000

/** A TCP port on loopback that was free a moment ago, and that no outgoing connection will take. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT)
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}
