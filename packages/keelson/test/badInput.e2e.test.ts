import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DEV_ACCOUNT_COUNT,
  devAccount,
  type L1Chain,
  privateKeyOf,
  roleAccount,
  startAnvil,
  startL1Chain,
} from '@keelson/devnet'
import { bytesToHex, type Hash } from '@keelson/protocol'
import { createRpcClient } from '@keelson/service'
import { freePort } from '@keelson/service/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type KeelsonProcess, keelson, runKeelson, takenPort } from './keelsonProcess.ts'

/** What an operator can get wrong, tried on the real commands over a real L1. */
describe('bad input', () => {
  let folder: string
  let l1: L1Chain
  let engine: KeelsonProcess
  let engineApi: string
  const running: KeelsonProcess[] = []

  const run = (...args: readonly string[]) => {
    const process = runKeelson(args)
    running.push(process)
    return process
  }
  const engineArgs = (...more: readonly string[]) => [
    ...['engine', '--genesis', l1.files.genesis, '--authrpc.jwtsecret', join(folder, 'jwt.txt')],
    ...['--authrpc.port', '0', '--http.port', '0', ...more],
  ]
  /** Flags that come later win. */
  const nodeArgs = (...more: readonly string[]) => [
    ...['node', '--rollup.config', l1.files.rollup, '--rollup.l1-chain-config', l1.files.l1],
    ...['--l1', l1.anvil.url, '--l1.beacon', l1.anvil.beaconUrl, '--l1.http-poll-interval', '250ms'],
    ...['--l2', engineApi, '--l2.jwt-secret', join(folder, 'jwt.txt'), '--rpc.port', '0', '--p2p.disable', ...more],
  ]
  const batcherArgs = (...more: readonly string[]) => [
    ...['batcher', '--l2-eth-rpc', 'http://127.0.0.1:1', '--private-key', `0x${'11'.repeat(32)}`, ...more],
  ]
  const proposerArgs = (...more: readonly string[]) => [
    ...['proposer', '--l2oo-address', `0x${'22'.repeat(20)}`, '--private-key', `0x${'11'.repeat(32)}`, ...more],
  ]
  /** A file of the chain with some fields changed: `{'genesis.l2.hash': '0x…'}`. */
  const changed = async (file: string, fields: Readonly<Record<string, unknown>>) => {
    const json = JSON.parse(await readFile(file, 'utf8'))
    for (const [path, value] of Object.entries(fields)) {
      const keys = path.split('.')
      const last = keys.pop() as string
      keys.reduce((at, key) => at[key], json)[last] = value
    }
    const copy = join(folder, `changed-${Math.random().toString(36).slice(2)}.json`)
    await writeFile(copy, JSON.stringify(json))
    return copy
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keelson-bad-'))
    l1 = await startL1Chain({
      l1ChainId: 900n,
      l2ChainId: 901n,
      l2BlockTime: 1n,
      l1BlockTimeSeconds: 1,
      l1Port: 0,
      seqWindowSize: 3600n,
      channelTimeout: 300n,
      maxSequencerDrift: 600n,
      batchInbox: '0xff00000000000000000000000000000000000901',
      forks: new Map(),
      dataDir: folder,
    })
    await l1.anvil.startMining()
    engine = run(...engineArgs('--log.level', 'debug'))
    engineApi = (await engine.printed(/Engine API served.*url=(\S+)/))[1] as string
    await engine.printed(/JSON-RPC served/)
  })
  afterAll(async () => {
    await Promise.all(running.map((process) => process.stop()))
    await l1?.anvil.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('a wrong JWT secret: 401, and one log line on either side that says so', async () => {
    const wrong = join(folder, 'wrong-jwt.txt')
    await writeFile(wrong, 'ab'.repeat(32))
    const node = run(...nodeArgs('--l2.jwt-secret', wrong))
    await node.printed(/refuses our JWT/)
    // The engine tells of the later ones at debug level: the node has tried again, and has not said it again.
    await engine.printed(/lvl=debug msg="Refused an unauthenticated request"/)
    expect(await node.stop()).toBe(0)
    expect(node.lines(/refuses our JWT/)).toEqual([expect.stringMatching(/lvl=error.*same secret.*HTTP 401/)])
    expect(engine.lines(/lvl=warn msg="Refused an unauthenticated request"/)).toHaveLength(1)

    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] })
    const answer = await fetch(engineApi, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect([answer.status, (await answer.text()).trim()]).toEqual([401, 'missing token'])
  })

  it.each([
    ['l2_chain_id', 77, { expected: '77', found: '901' }],
    ['genesis.l2.hash', `0x${'ab'.repeat(32)}`, { expected: `0x${'ab'.repeat(32)}`, found: /0x[0-9a-f]{64}/.source }],
    ['genesis.l1.hash', `0x${'cd'.repeat(32)}`, { expected: `0x${'cd'.repeat(32)}`, found: /0x[0-9a-f]{64}/.source }],
  ])(
    'a rollup.json with another %s: refuses to start, naming what was expected and found',
    async (field, value, text) => {
      const rollup = await changed(l1.files.rollup, { [field]: value })
      const { code, output } = await keelson(nodeArgs('--rollup.config', rollup))
      expect(output).toMatch(
        new RegExp(`rollup config field ${field} .*expected ${text.expected}, found ${text.found}`),
      )
      expect(code).toBe(1)
    },
  )

  it('a rollup.json for another L1: refuses to start, naming both chain ids', async () => {
    const rollup = await changed(l1.files.rollup, { l1_chain_id: 5 })
    const l1Config = await changed(l1.files.l1, { chainId: 5 })
    const refused = await keelson(nodeArgs('--rollup.config', rollup, '--rollup.l1-chain-config', l1Config))
    expect(refused.output).toMatch(/rollup config field l1_chain_id does not match the L1 RPC: expected 5, found 900/)
    expect(refused.code).toBe(1)
    const mixed = await keelson(nodeArgs('--rollup.config', rollup))
    expect(mixed.output).toMatch(/--rollup.l1-chain-config is of chain 900, but l1_chain_id is 5/)
    expect(mixed.code).toBe(1)
  })

  it.each([
    ['a text for a number', { block_time: 'two' }, /--rollup\.config .*\$\.block_time: not an unsigned integer/],
    ['a hash that is cut short', { 'genesis.l1.hash': '0x1234' }, /genesis\.l1\.hash\b.*32 bytes/],
    ['a block time of zero', { block_time: 0 }, /block_time\b.*0/],
    ['forks out of order', { fjord_time: 99, granite_time: 1 }, /(granite|fjord)/i],
  ])('a rollup.json with %s: path and rule', async (_, fields, message) => {
    const rollup = await changed(l1.files.rollup, fields)
    const { code, output } = await keelson(nodeArgs('--rollup.config', rollup))
    expect(output).toMatch(message)
    expect(output).not.toMatch(/\n\s+at /)
    expect(code).toBe(1)
  })

  it('files that cannot be read: which one, and why', async () => {
    const broken = join(folder, 'broken.json')
    await writeFile(broken, '{"genesis": ')
    const missing = join(folder, 'missing.json')
    const said = async (args: readonly string[]) => {
      const { code, output } = await keelson(args)
      expect(code).toBe(1)
      return output
    }
    expect(await said(nodeArgs('--rollup.config', missing))).toMatch(/--rollup\.config .*missing\.json: ENOENT/)
    expect(await said(nodeArgs('--rollup.config', broken))).toMatch(/--rollup\.config .*broken\.json is not JSON: /)
    const l1Config = await changed(l1.files.l1, { chainId: 'x' })
    expect(await said(nodeArgs('--rollup.l1-chain-config', l1Config))).toMatch(/--rollup\.l1-chain-config .*chainId/)
    expect(await said(engineArgs('--genesis', missing))).toMatch(/genesis .*missing\.json: ENOENT/)
    expect(await said(engineArgs('--genesis', broken))).toMatch(/genesis .*broken\.json is no JSON: /)
    await writeFile(join(folder, 'short-jwt.txt'), 'abcd')
    expect(await said(engineArgs('--authrpc.jwtsecret', join(folder, 'short-jwt.txt')))).toMatch(/short-jwt\.txt.*32/)
  })

  it('a genesis.json that breaks a rule, or is not of the chain on disk: refuses to start, naming both', async () => {
    const noLimit = await keelson(engineArgs('--genesis', await changed(l1.files.genesis, { gasLimit: 'much' })))
    expect(noLimit.output).toMatch(/genesis: \S*gasLimit/)
    expect(noLimit.code).toBe(1)

    const datadir = join(folder, 'engine')
    const first = run(...engineArgs('--datadir', datadir))
    const [, hash] = await first.printed(/Execution engine opened.*genesis=(0x[0-9a-f]{64})/)
    expect(await first.stop()).toBe(0)
    const other = await changed(l1.files.genesis, { gasLimit: '0x1000000' })
    const { code, output } = await keelson(engineArgs('--datadir', datadir, '--genesis', other))
    expect(output).toMatch(new RegExp(`begins with genesis ${hash}, the genesis given is 0x[0-9a-f]{64}`))
    expect(code).toBe(1)
  })

  it('a port in use: which one, and the flag that changes it', async () => {
    const taken = await takenPort()
    const port = String(taken.port)
    const p2p = ['--p2p.disable=false', '--p2p.listen.ip', '127.0.0.1', '--p2p.priv.path', join(folder, 'p2p.txt')]
    const attempts: readonly (readonly [flag: string, args: readonly string[]])[] = [
      ['authrpc.port', engineArgs('--authrpc.port', port)],
      ['http.port', engineArgs('--http.port', port)],
      ['ws.port', engineArgs('--ws.port', port)],
      ['metrics.port', engineArgs('--metrics.enabled', '--metrics.port', port)],
      ['rpc.port', nodeArgs('--rpc.port', port)],
      ['metrics.port', nodeArgs('--metrics.enabled', '--metrics.port', port)],
      ['p2p.listen.tcp', nodeArgs(...p2p, '--p2p.no-discovery', '--p2p.listen.tcp', port)],
      ['p2p.listen.udp', nodeArgs(...p2p, '--p2p.listen.tcp', '0', '--p2p.listen.udp', port)],
      ['l1.port', ['devnet', '--l1.port', port, '--datadir', join(folder, 'devnet')]],
      [
        'metrics.port',
        batcherArgs(
          '--l1-eth-rpc',
          l1.anvil.url,
          '--rollup-rpc',
          'http://127.0.0.1:1',
          '--metrics.enabled',
          '--metrics.port',
          port,
        ),
      ],
    ]
    for (const [flag, args] of attempts) {
      const { code, output } = await keelson(args)
      expect(output, args.join(' ')).toMatch(
        new RegExp(`port ${port} is already in use.*--${flag.replaceAll('.', '\\.')}`),
      )
      expect(code, args.join(' ')).toBe(1)
    }
    taken.close()
  }, 240_000)

  it('an L1 that is not there: each service says what it waits for, the node goes on when it comes, a wrong one is refused', async () => {
    const port = await freePort()
    const node = run(...nodeArgs('--l1', `http://127.0.0.1:${port}`))
    await node.printed(/lvl=warn msg="Waiting for the L1 RPC".*127\.0\.0\.1:\d+/)
    const l1Port = Number(new URL(l1.anvil.url).port)
    const door = createServer((socket) => {
      const there = connect(l1Port, '127.0.0.1')
      for (const end of [socket, there]) end.on('error', () => {})
      socket.pipe(there).pipe(socket)
    })
    await new Promise<void>((done) => door.listen(port, '127.0.0.1', done))
    const rollupRpc = (await node.printed(/RPC is open.*url=(\S+)/))[1] as string
    await node.printed(/the L1 RPC is there/)
    expect(await createRpcClient({ url: rollupRpc }).request('optimism_syncStatus')).toMatchObject({
      unsafe_l2: { number: 0 },
    })

    const nowhere = `http://127.0.0.1:${await freePort()}`
    const others = [
      run(...batcherArgs('--l1-eth-rpc', nowhere, '--rollup-rpc', rollupRpc)),
      run(...proposerArgs('--l1-eth-rpc', nowhere, '--rollup-rpc', rollupRpc)),
    ]
    for (const other of others) {
      await other.printed(/lvl=warn msg="Waiting for L1 to answer/)
      expect(await other.stop()).toBe(0)
    }
    const otherL1 = await startAnvil({ chainId: 77n, slotTimeSeconds: 1 })
    for (const args of [batcherArgs, proposerArgs]) {
      const { code, output } = await keelson(args('--l1-eth-rpc', otherL1.url, '--rollup-rpc', rollupRpc))
      expect(output).toMatch(/the L1 RPC serves chain 77, but l1_chain_id is 900/)
      expect(code).toBe(1)
    }
    await otherL1.close()
    expect(await node.stop()).toBe(0)
    door.close()
  }, 120_000)

  it('transactions with bad signature, nonce, or too little for L2 and L1 fee: the errors that other clients give', async () => {
    const own = run(...engineArgs())
    const [, ownApi] = await own.printed(/Engine API served.*url=(\S+)/)
    const [, url] = await own.printed(/JSON-RPC served.*? url=(\S+)/)
    const signer = bytesToHex(privateKeyOf(roleAccount('sequencer'))).slice(2)
    const args = ['--l2', ownApi as string, '--sequencer.enabled', '--sequencer.l1-confs', '0']
    const sequencer = run(...nodeArgs(...args, '--p2p.sequencer.key', signer))
    const rpc = createRpcClient({ url: url as string })

    const rich = devAccount(0)
    const poor = devAccount(DEV_ACCOUNT_COUNT + 20)
    const transfer = {
      chainId: 901,
      type: 'eip1559',
      gas: 21_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
    } as const
    const send = (raw: string) => rpc.request<Hash>('eth_sendRawTransaction', [raw])
    const mined = async (hash: Hash) => {
      const receipt = async () => await rpc.request<{ status: string } | null>('eth_getTransactionReceipt', [hash])
      await expect.poll(receipt, { timeout: 60_000 }).toMatchObject({ status: '0x1' })
    }
    const refused = async (raw: string, message: RegExp) =>
      expect(await send(raw).catch((error) => error)).toMatchObject({
        code: -32000,
        message: expect.stringMatching(message),
      })

    // The exact price of the gas on L2, and nothing for L1.
    const l2Fee = transfer.gas * transfer.maxFeePerGas
    const funding = await rich.signTransaction({ ...transfer, nonce: 0, to: poor.address, value: l2Fee })
    await mined(await send(funding))

    await refused(funding, /^nonce too low: next nonce 1, tx nonce 0$/)
    const good = await rich.signTransaction({ ...transfer, nonce: 1, to: poor.address, value: 10n ** 18n })
    await refused(`${good.slice(0, -64)}${'ff'.repeat(32)}`, /^invalid sender/)
    await refused(
      await rich.signTransaction({ ...transfer, chainId: 1, nonce: 1, to: poor.address }),
      /^invalid (sender|chain id)/,
    )
    await refused('0x02c0', /^rlp: /)
    const broke = devAccount(DEV_ACCOUNT_COUNT + 21)
    const unfunded = await broke.signTransaction({ ...transfer, nonce: 0, to: rich.address, value: 5n })
    await refused(unfunded, /^insufficient funds for gas \* price \+ value: balance 0, tx cost \d+, overshot \d+$/)
    const onlyL2Fee = await poor.signTransaction({ ...transfer, nonce: 0, to: rich.address })
    await refused(
      onlyL2Fee,
      new RegExp(`^insufficient funds for gas \\* price \\+ value: balance ${l2Fee}, tx cost (?!${l2Fee},)\\d+`),
    )

    await mined(await send(good))
    await mined(await send(onlyL2Fee))
    expect(await sequencer.stop()).toBe(0)
    expect(await own.stop()).toBe(0)
  }, 120_000)
})
