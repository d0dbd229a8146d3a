import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDevnet } from '@keelson/devnet'
import { concatBytes, encodeRlp, hexToBytes, keccak256, setSecp256k1, signHash } from '@keelson/protocol'
import secp256k1 from 'secp256k1'

const GAS_OF_A_TRANSFER = 21_000n
const TIP = 1_000_000_000n
const MAX_FEE = 20_000_000_000n

/** The most that SystemConfig allows: with 60 million, a block every 2 s has no room for 2,000 transfers/s. */
const L2_GAS_LIMIT = 200_000_000n

/** How long sending may keep the process, shared with all that is measured, from its other work. */
const SLICE_MS = 25

/** Seconds between L2 blocks. */
const BLOCK_TIME = 2n

/**
 * Sends plain transfers into the sequencer for `--seconds` (60), and counts what stands in blocks at the end, and that
 * sequencer and verifier agree on it. Signing is done beforehand, so that only the devnet is measured. `--rate` is how many
 * are sent per second (2,200: those of the last block time are not in a block yet when it is counted), `--da calldata`
 * leaves out blob commitments, which take most of the workers' time.
 */
export async function run(argv: readonly string[]): Promise<void> {
  const seconds = Number(argv[argv.indexOf('--seconds') + 1] ?? 60) || 60
  const rate = Number(argv[argv.indexOf('--rate') + 1] ?? 2200) || 2200
  const dataAvailabilityType = argv[argv.indexOf('--da') + 1] === 'calldata' ? 'calldata' : 'blobs'
  const folder = mkdtempSync(join(tmpdir(), 'keelson-load-'))
  const devnet = await startDevnet({
    l1ChainId: 900n,
    l2ChainId: 901n,
    l2BlockTime: BLOCK_TIME,
    l2GasLimit: L2_GAS_LIMIT,
    l1BlockTimeSeconds: 2,
    seqWindowSize: 3600n,
    channelTimeout: 300n,
    maxSequencerDrift: 600n,
    batchInbox: '0xff00000000000000000000000000000000000901',
    forks: new Map(),
    dataAvailabilityType,
    dataDir: folder,
    ports: { l1: 0, sequencer: 0, verifier: 0, explorer: 0 },
  })
  try {
    const keys = devnet.info.accounts.map(({ privateKey }) => hexToBytes(privateKey))
    const total = rate * seconds
    console.log(`signing ${total} transfers …`)
    const signed = signTransfers(keys, total, devnet.info.l2ChainId)
    // Signing kept the sequencer from its work: it catches up with the clock before anything is measured.
    const { l2Time } = devnet.l1.chain.rollup.genesis
    const lagSeconds = () => Date.now() / 1000 - Number(l2Time + devnet.heads().sequencer.unsafe * BLOCK_TIME)
    while (lagSeconds() > 2 * Number(BLOCK_TIME)) await new Promise((done) => setTimeout(done, 100))
    console.log(`sending ${rate} transfers/s for ${seconds} s`)
    const { pool } = devnet.sequencer.engine.engine
    const first = devnet.heads().sequencer.unsafe
    const startedAt = performance.now()
    const cpuAtStart = process.cpuUsage()
    const mainAtStart = process.threadCpuUsage()
    let sent = 0
    let refused = 0
    while (sent < total) {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * rate))
      const sliceEnd = performance.now() + SLICE_MS
      for (; sent < due && performance.now() < sliceEnd; sent++) {
        pool.submit(signed[sent] as Uint8Array).catch(() => {
          refused += 1
        })
      }
      await new Promise((done) => setTimeout(done, 5))
    }
    const elapsed = (performance.now() - startedAt) / 1000
    const { user, system } = process.cpuUsage(cpuAtStart)
    const last = devnet.heads().sequencer.unsafe
    const main = process.threadCpuUsage(mainAtStart)
    const perBlock: number[] = []
    for (let number = first + 1n; number <= last; number++) {
      const block = await devnet.sequencer.engine.engine.getBlock({ number })
      perBlock.push((block?.executionPayload.transactions.length ?? 1) - 1)
    }
    const included = perBlock.reduce((sum, count) => sum + count, 0)
    while (devnet.heads().verifier.unsafe < last) await new Promise((done) => setTimeout(done, 100))
    const [ours, theirs] = await Promise.all(
      [devnet.sequencer, devnet.verifier].map(({ engine }) => engine.engine.getBlock({ number: last })),
    )
    const agree = ours?.executionPayload.blockHash === theirs?.executionPayload.blockHash
    console.log(
      `in blocks                 ${(included / elapsed).toFixed(0)} transfers/s over ${elapsed.toFixed(0)} s (goal 2,000)`,
    )
    const microseconds = main.user + main.system
    const workers = user + system - microseconds
    const share = (value: number) => `${((value / 1e6 / elapsed) * 100).toFixed(0)} % of a core`
    console.log(`main thread, workers      ${share(microseconds)}, ${share(workers)}`)
    console.log(
      `time per transfer         ${(microseconds / sent).toFixed(0)} µs in the main thread, ${(workers / sent).toFixed(0)} µs in workers`,
    )
    console.log(`transfers in each block   ${perBlock.join(' ')}`)
    const { safe } = devnet.heads().verifier
    console.log(`safe on the verifier      block ${safe}, ${last - safe} behind the last`)
    console.log(`sent, refused             ${sent}, ${refused}`)
    console.log(`verifier and sequencer    ${agree ? 'agree' : 'DISAGREE'} on block ${last}`)
  } finally {
    await devnet.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** EIP-1559 transfers of 1 wei, the senders taking turns. */
function signTransfers(keys: readonly Uint8Array[], total: number, chainId: number): Uint8Array[] {
  setSecp256k1({
    recoverPublicKey: (hash, signature, recovery) =>
      secp256k1.ecdsaRecover(signature, recovery, hash, false).subarray(1),
    sign(hash, key) {
      const { signature, recid } = secp256k1.ecdsaSign(hash, key)
      return { signature, recovery: recid === 1 ? 1 : 0 }
    },
  })
  const type = Uint8Array.of(2)
  return Array.from({ length: total }, (_, i) => {
    const nonce = BigInt(Math.floor(i / keys.length))
    const to = hexToBytes(`0x${(i % 100_000).toString(16).padStart(40, '9')}`)
    const fields = [BigInt(chainId), nonce, TIP, MAX_FEE, GAS_OF_A_TRANSFER, to, 1n, new Uint8Array(), []]
    const signature = signHash(keccak256(concatBytes(type, encodeRlp(fields))), keys[i % keys.length] as Uint8Array)
    const [r, s] = [0, 32].map((at) => BigInt(`0x${Buffer.from(signature.subarray(at, at + 32)).toString('hex')}`))
    return concatBytes(type, encodeRlp([...fields, BigInt(signature[64] as number), r as bigint, s as bigint]))
  })
}
