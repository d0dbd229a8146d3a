import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDevnet } from '@keelson/devnet'
import { type Hex, parseGwei } from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'

const GAS_OF_A_TRANSFER = 21_000n

/**
 * Sends plain transfers into the sequencer as fast as it takes them, for `--seconds` (60), and counts what stands in blocks
 * that sequencer and verifier agree on. Signing is done beforehand, so that only the devnet is measured.
 */
export async function run(argv: readonly string[]): Promise<void> {
  const seconds = Number(argv[argv.indexOf('--seconds') + 1] ?? 60) || 60
  const rate = Number(argv[argv.indexOf('--rate') + 1] ?? 2000) || 2000
  const folder = mkdtempSync(join(tmpdir(), 'keelson-load-'))
  const devnet = await startDevnet({
    l1ChainId: 900n,
    l2ChainId: 901n,
    l2BlockTime: 2n,
    l1BlockTimeSeconds: 4,
    seqWindowSize: 3600n,
    channelTimeout: 300n,
    maxSequencerDrift: 600n,
    batchInbox: '0xff00000000000000000000000000000000000901',
    forks: new Map(),
    dataAvailabilityType: 'blobs',
    dataDir: folder,
    ports: { l1: 0, sequencer: 0, verifier: 0, explorer: 0 },
  })
  try {
    const senders = devnet.info.accounts.map(({ privateKey }) => privateKeyToAccount(privateKey))
    const total = rate * seconds
    console.log(`signing ${total} transfers …`)
    const signed = await signTransfers(senders, total, devnet.info.l2ChainId)
    console.log(`sending ${rate} transfers/s for ${seconds} s`)
    const { pool } = devnet.sequencer.engine.engine
    const first = devnet.heads().sequencer.unsafe
    const startedAt = performance.now()
    let sent = 0
    let refused = 0
    while (sent < total) {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * rate))
      for (; sent < due; sent++) {
        try {
          pool.add(signed[sent] as Uint8Array)
        } catch {
          refused += 1
        }
      }
      await new Promise((done) => setTimeout(done, 20))
    }
    const elapsed = (performance.now() - startedAt) / 1000
    const last = devnet.heads().sequencer.unsafe
    let included = 0
    for (let number = first + 1n; number <= last; number++) {
      const block = await devnet.sequencer.engine.engine.getBlock({ number })
      included += (block?.executionPayload.transactions.length ?? 1) - 1
    }
    while (devnet.heads().verifier.unsafe < last) await new Promise((done) => setTimeout(done, 100))
    const [ours, theirs] = await Promise.all(
      [devnet.sequencer, devnet.verifier].map(({ engine }) => engine.engine.getBlock({ number: last })),
    )
    const agree = ours?.executionPayload.blockHash === theirs?.executionPayload.blockHash
    console.log(
      `in blocks                 ${(included / elapsed).toFixed(0)} transfers/s over ${elapsed.toFixed(0)} s (goal 2,000)`,
    )
    console.log(`sent, refused             ${sent}, ${refused}`)
    console.log(`verifier and sequencer    ${agree ? 'agree' : 'DISAGREE'} on block ${last}`)
  } finally {
    await devnet.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function signTransfers(
  senders: readonly PrivateKeyAccount[],
  total: number,
  chainId: number,
): Promise<Uint8Array[]> {
  const signed: Uint8Array[] = []
  for (let i = 0; i < total; i++) {
    const sender = senders[i % senders.length] as PrivateKeyAccount
    const raw = await sender.signTransaction({
      type: 'eip1559',
      chainId,
      nonce: Math.floor(i / senders.length),
      to: `0x${(i % 100_000).toString(16).padStart(40, '9')}`,
      value: 1n,
      gas: GAS_OF_A_TRANSFER,
      maxFeePerGas: parseGwei('20'),
      maxPriorityFeePerGas: parseGwei('1'),
    })
    signed.push(Uint8Array.from(Buffer.from((raw as Hex).slice(2), 'hex')))
  }
  return signed
}
