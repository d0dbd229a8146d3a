import { concatBytes, type ExecutionPayloadEnvelope, encodePayloadSsz, payloadHash } from '@keelson/protocol'
import { BLOCK_SIGNING_DOMAIN, createLocalSigner, signingHash } from '../src/blockSigner.ts'
import { encodeSnappy } from '../src/snappyBlock.ts'

/** The key that test sequencers sign with. */
export const TEST_KEY = new Uint8Array(32).fill(3)
export const TEST_SIGNER = createLocalSigner(TEST_KEY)

/** Signs what stands after the signature and puts it together, uncompressed. */
export async function signedBody(body: Uint8Array, chainId = 901n, signer = TEST_SIGNER): Promise<Uint8Array> {
  const request = { domain: BLOCK_SIGNING_DOMAIN, chainId, payloadHash: payloadHash(body) }
  return concatBytes(await signer.sign(request), body)
}

/** A gossip message of a block, as its sequencer sends it. */
export const testMessage = async (envelope: ExecutionPayloadEnvelope, chainId = 901n, signer = TEST_SIGNER) =>
  encodeSnappy(await signedBody(encodePayloadSsz(envelope), chainId, signer))

export { signingHash }
