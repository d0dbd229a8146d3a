import { explorerPage, type WatchedNode } from '@keelson/explorer'
import { createHttpServer } from '@keelson/service/node'

export type ExplorerServer = { readonly url: string; close(): Promise<void> }

/** Serves the explorer page on loopback. */
export async function startExplorer(nodes: readonly WatchedNode[], port: number): Promise<ExplorerServer> {
  const page = explorerPage(nodes)
  const server = await createHttpServer({
    host: '127.0.0.1',
    port,
    what: 'the explorer',
    portFlag: 'explorer.port',
    handle: (request, response) => {
      if (request.url === '/') response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
      else response.writeHead(404).end()
    },
  })
  return { url: server.url, close: () => server.close() }
}
