import { afterEach, describe, expect, it } from 'vitest'
import { createLifecycle } from '../lifecycle.ts'
import { nullLogger } from '../log.ts'
import { createRpcClient } from '../rpcClient.ts'
import { type AdminRpcOptions, adminOrder, openAdminServer } from './adminServer.ts'

const life = createLifecycle(nullLogger)
afterEach(() => life.close())

describe('the admin server of a service', () => {
  it('answers orders only where they are enabled, and ends with the service', async () => {
    let orders = 0
    const methods = { admin_start: adminOrder(() => void orders++) }
    const open = (rpc?: AdminRpcOptions) => openAdminServer(life, rpc, methods, { version: 'v1' })
    expect(await open()).toBeNull()

    const closed = createRpcClient({ url: (await open({ host: '127.0.0.1', port: 0, enableAdmin: false })) ?? '' })
    await expect(closed.request('admin_start')).rejects.toThrow('admin_start')
    expect(await closed.request('health_status')).toBe('v1')

    const enabled = createRpcClient({ url: (await open({ host: '127.0.0.1', port: 0, enableAdmin: true })) ?? '' })
    expect(await enabled.request('admin_start')).toBeNull()
    expect(orders).toBe(1)
    await life.close()
    await expect(enabled.request('admin_start')).rejects.toThrow('cannot reach')
  })
})
