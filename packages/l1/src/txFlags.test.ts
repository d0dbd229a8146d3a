import { parseFlags } from '@keelson/service'
import { describe, expect, it } from 'vitest'
import { ANVIL_KEYS } from '../testing/anvil.ts'
import { signerOfFlags, txManagerFlags, txManagerOptions } from './txFlags.ts'

const parse = (argv: string[], env: Record<string, string> = {}) =>
  parseFlags({ defs: txManagerFlags, argv, env, envPrefix: 'OP_BATCHER' })
const FIRST = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
const MNEMONIC = 'test test test test test test test test test test test junk'

describe("the transaction manager's flags", () => {
  it("have op-batcher's names, environment names and defaults", () => {
    const { values } = parse(['--num-confirmations', '3', '--txmgr.min-tip-cap=0.5'], {
      OP_BATCHER_RESUBMISSION_TIMEOUT: '30s',
      OP_BATCHER_TXMGR_TX_NOT_IN_MEMPOOL_TIMEOUT: '1m',
      OP_BATCHER_TXMGR_RECEIPT_QUERY_INTERVAL: '500ms',
      OP_BATCHER_TXMGR_TX_SEND_TIMEOUT: '5m',
    })
    expect(txManagerOptions(values)).toEqual({
      numConfirmations: 3,
      safeAbortNonceTooLowCount: 3,
      feeLimitMultiplier: 5,
      resubmissionTimeoutMs: 30_000,
      feeLimitThreshold: 100_000_000_000n,
      minTipCap: 500_000_000n,
      minBaseFee: 1_000_000_000n,
      sendTimeoutMs: 300_000,
      notInMempoolTimeoutMs: 60_000,
      receiptQueryIntervalMs: 500,
    })
  })

  it('give a signer from a private key, or from mnemonic and path', () => {
    expect(signerOfFlags(parse(['--private-key', ANVIL_KEYS[0]]).values).address).toBe(FIRST)
    expect(signerOfFlags(parse(['--private-key', ANVIL_KEYS[0].slice(2)]).values).address).toBe(FIRST)
    expect(signerOfFlags(parse(['--mnemonic', MNEMONIC, '--hd-path', "m/44'/60'/0'/0/0"]).values).address).toBe(FIRST)
  })

  it('say what is missing or wrong without telling the secret', () => {
    expect(() => signerOfFlags(parse([]).values)).toThrow('private-key')
    expect(() => signerOfFlags(parse(['--mnemonic', MNEMONIC]).values)).toThrow('hd-path')
    expect(() => signerOfFlags(parse(['--private-key', ANVIL_KEYS[0], '--mnemonic', MNEMONIC]).values)).toThrow(
      'exclude',
    )
    for (const argv of [
      ['--private-key', '0xsecretsecret'],
      ['--mnemonic', 'secretsecret words', '--hd-path', "m/44'/60'/0'/0/0"],
    ]) {
      let message = ''
      try {
        signerOfFlags(parse(argv).values)
      } catch (error) {
        message = String(error)
      }
      expect(message).not.toBe('')
      expect(message).not.toContain('secretsecret')
    }
  })
})
