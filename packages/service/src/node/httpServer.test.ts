import { expect, it } from 'vitest'
import { createHttpServer } from './httpServer.ts'

it('goes on when a connection could not be accepted', async () => {
  const { server, url, close } = await createHttpServer({
    host: '127.0.0.1',
    port: 0,
    handle: (_, response) => void response.end('here'),
  })
  // What Node emits when the process has no file descriptor left; without a listener it would be thrown.
  server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  expect(await (await fetch(url)).text()).toBe('here')
  await close()
})
