import {
  type Address,
  bigintToBytes,
  concatBytes,
  hexToBytes,
  keccak256,
  privateKeyToAddress,
  signHash,
} from '@keelson/protocol'
import type { RpcClient } from '@keelson/service'
import { P2PError } from './errors.ts'

/** What a signature covers: keccak256(domain ‖ chain id ‖ payload hash). */
export type SigningRequest = {
  /** 32 bytes; zero for blocks. */
  readonly domain: Uint8Array
  readonly chainId: bigint
  /** keccak256 of everything after the signature. */
  readonly payloadHash: Uint8Array
}

/** Signs blocks for gossip: r ‖ s ‖ y parity (0 or 1), 65 bytes. A remote one is asked the same. */
export interface BlockSigner {
  readonly address: Address
  sign(request: SigningRequest): Promise<Uint8Array>
}

/** Domain of block signatures. */
export const BLOCK_SIGNING_DOMAIN = new Uint8Array(32)

/**
 * The hash that is signed, for any domain; for blocks it is what `payloadSigningHash` of the protocol gives.
 *
 * @see specs/protocol/rollup-node-p2p.md#block-signatures
 */
export function signingHash({ domain, chainId, payloadHash }: SigningRequest): Uint8Array {
  return keccak256(concatBytes(domain, bigintToBytes(chainId, 32), payloadHash))
}

/** @param privateKey - 32 bytes */
export function createLocalSigner(privateKey: Uint8Array): BlockSigner {
  return {
    address: privateKeyToAddress(privateKey),
    sign: async (request) => signHash(signingHash(request), privateKey),
  }
}

/**
 * Asks a signing service, with op-node's request. Rejects when it cannot be asked, or answers with something else than
 * a signature.
 */
export function createRemoteSigner(rpc: RpcClient, address: Address): BlockSigner {
  return {
    address,
    async sign({ domain, chainId, payloadHash }) {
      const request = {
        domain: [...domain],
        chainId: Number(chainId),
        payloadHash: Buffer.from(payloadHash).toString('base64'),
        senderAddress: address,
      }
      const signature = hexToBytes(await rpc.request<string>('opsigner_signBlockPayload', [request]))
      if (signature.length !== 65) throw new P2PError('badSignature', { length: signature.length })
      return signature
    },
  }
}
