import {
  createBlockValidator,
  encodeOpStackEntry,
  encodeResponse,
  encodeSnappy,
  encodeSnappyFrames,
  messageId,
  parseBootnode,
  readResponse,
  tryDecodeOpStackEntry,
  tryDecodePayload,
  tryDecodeRequest,
  tryDecodeSnappy,
  tryDecodeSnappyFrames,
} from '../../packages/p2p/src/index.ts'
import { DEFAULT_CONFIG, GRANITE, testBlock, testConfig, testMessage } from '../../packages/p2p/testing/index.ts'
import { encodePayloadSsz } from '../../packages/protocol/src/index.ts'
import { bytesTarget, codedErrors, type FuzzTarget, noErrors } from './target.ts'

const LIMIT = 1 << 20

/** Everything that reads what a peer sends. */
export async function p2pTargets(): Promise<FuzzTarget[]> {
  const isthmus = testConfig({ ...GRANITE, holocene: 0n, isthmus: 0n })
  const blocks = [testBlock(), testBlock({ config: isthmus }), testBlock({ config: testConfig({ regolith: 0n }) })]
  const bodies = blocks.map(encodePayloadSsz)
  const messages = await Promise.all(blocks.map((block) => testMessage(block)))
  // Takes any signature, so that the rules behind it are reached.
  const signer = { judge: () => 'current' as const }
  const judges = ([0, 1, 2, 3] as const).map((version) =>
    createBlockValidator({ config: isthmus, version, signer, clock: { now: () => 0 } }),
  )
  const safe = { expects: noErrors }
  return [
    bytesTarget('p2p.snappy', messages, (bytes) => tryDecodeSnappy(bytes, LIMIT), safe),
    bytesTarget(
      'p2p.snappyFrames',
      bodies.map(encodeSnappyFrames),
      (bytes) => tryDecodeSnappyFrames(bytes, LIMIT),
      safe,
    ),
    bytesTarget('p2p.messageId', messages, (bytes) => messageId('/optimism/901/2/blocks', bytes), safe),
    bytesTarget(
      'p2p.blockValidator',
      messages,
      (bytes) => {
        for (const judge of judges) if (judge(bytes).reason === 'crashed') throw new Error('a rule crashed')
      },
      safe,
    ),
    bytesTarget('p2p.payload', bodies, (bytes) => ([0, 1, 2, 3] as const).map((v) => tryDecodePayload(bytes, v)), safe),
    bytesTarget(
      'p2p.signedPayload',
      bodies,
      (bytes) => {
        // Compressed after the change: the decoder behind the compression is what is attacked.
        const message = encodeSnappy(bytes)
        for (const judge of judges) if (judge(message).reason === 'crashed') throw new Error('a rule crashed')
      },
      safe,
    ),
    bytesTarget('p2p.response', blocks.map(encodeResponse), (bytes) => readResponse(DEFAULT_CONFIG, 1n, bytes), safe),
    bytesTarget('p2p.request', [new Uint8Array(8)], tryDecodeRequest, safe),
    bytesTarget('p2p.opStackEntry', [encodeOpStackEntry({ chainId: 8453n, version: 0n })], tryDecodeOpStackEntry, safe),
    bytesTarget(
      'p2p.bootnode',
      [new TextEncoder().encode(`enode://${'ab'.repeat(64)}@127.0.0.1:30303?discport=30301`)],
      (bytes) => parseBootnode(new TextDecoder().decode(bytes)),
      { expects: codedErrors },
    ),
  ]
}
