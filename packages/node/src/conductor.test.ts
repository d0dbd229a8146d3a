import { fakeChain } from '@keelson/engine/testing'
import { createRpcServer } from '@keelson/service/node'
import { expect, it, onTestFinished } from 'vitest'
import { createConductorClient } from './conductor.ts'

it('asks the conductor for the lead and commits blocks, until it is overridden', async () => {
  const committed: unknown[] = []
  let failures = 1
  const server = await createRpcServer({
    host: '127.0.0.1',
    port: 0,
    methods: {
      conductor_leader: () => {
        if (failures-- > 0) throw new Error('not yet')
        return false
      },
      conductor_commitUnsafePayload: ([envelope]) => {
        committed.push(envelope)
        return null
      },
    },
  })
  onTestFinished(() => server.close())
  const conductor = createConductorClient({ url: server.url })
  expect(await conductor.leader()).toBe(false)
  const { genesis } = fakeChain()
  await conductor.commitUnsafePayload(genesis)
  expect(committed).toMatchObject([
    { executionPayload: { blockHash: genesis.executionPayload.blockHash, blockNumber: '0x0' } },
  ])
  conductor.overrideLeader()
  expect(await conductor.leader()).toBe(true)
  await conductor.commitUnsafePayload(genesis)
  expect(committed).toHaveLength(1)
})
