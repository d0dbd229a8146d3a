import { describe, expect, it } from 'vitest'
import { testAddress, testDepositLog, testHash, testRollupConfig } from '../testing/index.ts'
import { bytesToHex, hexToBytes, utf8Bytes } from './bytes.ts'
import { CodecError } from './codecError.ts'
import {
  applyL1ToL2Alias,
  DEPOSIT_EVENT_TOPIC,
  decodeDepositLog,
  depositsFromReceipts,
  undoL1ToL2Alias,
} from './depositLog.ts'
import { encodeDepositTx } from './depositTx.ts'
import { keccak256Hex } from './keccak.ts'
import type { Log } from './l1Types.ts'
import { userDepositSourceHash } from './sourceHash.ts'

const config = testRollupConfig()
const from = testAddress(0xaa)
const to = testAddress(0xbb)
const hash = testHash(0x77)
const log = (gas: bigint, data?: `0x${string}`) => testDepositLog(config, { from, to, gas, ...(data && { data }) })
const other: Log = { address: testAddress(1), topics: [testHash(2)], data: '0x' }
const deposits = (...receipts: { status: boolean; logs: Log[] }[]) =>
  depositsFromReceipts(receipts, config.depositContractAddress, hash)

describe('user deposits', () => {
  it('[DER-267] come from logs of the portal with the event TransactionDeposited', () => {
    expect(keccak256Hex(utf8Bytes('TransactionDeposited(address,address,uint256,bytes)'))).toBe(DEPOSIT_EVENT_TOPIC)
    const foreign = { ...log(1n), address: testAddress(9) }
    const otherEvent = { ...log(1n), topics: [testHash(3), ...log(1n).topics.slice(1)] }
    const noTopics = { ...log(1n), topics: [] }
    expect(deposits({ status: true, logs: [foreign, otherEvent, noTopics] })).toEqual([])
    expect(deposits({ status: true, logs: [log(5n)] }).map(({ gas }) => gas)).toEqual([5n])
  })

  it('[DER-267] are found whatever the letter case of the portal address is', () => {
    const receipts = [{ status: true, logs: [log(5n)] }]
    const checksummed = config.depositContractAddress.toUpperCase().replace('0X', '0x') as `0x${string}`
    expect(depositsFromReceipts(receipts, checksummed, hash).length).toBe(1)
  })

  it('[DER-268] count only in receipts with status 1, whose logs still number the later ones', () => {
    const found = deposits({ status: false, logs: [log(1n), other] }, { status: true, logs: [other, log(2n)] })
    expect(found.map(({ gas, sourceHash }) => [gas, sourceHash])).toEqual([[2n, userDepositSourceHash(hash, 3)]])
  })

  it('[DER-227] stand in log order over all receipts of the block', () => {
    const found = deposits({ status: true, logs: [log(1n), log(2n)] }, { status: true, logs: [log(3n)] })
    expect(found.map(({ gas }) => gas)).toEqual([1n, 2n, 3n])
  })

  it('[DER-274] have a source hash of the block and the index over all its logs', () => {
    const found = deposits({ status: true, logs: [other, other] }, { status: true, logs: [other, log(1n)] })
    expect(found[0]?.sourceHash).toBe(userDepositSourceHash(hash, 3))
  })

  it('[DER-269] need exactly four topics and version 0', () => {
    const good = log(1n)
    const topics = [good.topics.slice(0, 3), [...good.topics, testHash(0)], good.topics.with(3, testHash(1))]
    for (const bad of topics) expect(() => decodeDepositLog({ ...good, topics: bad }, hash, 0)).toThrow(CodecError)
    expect(decodeDepositLog(good, hash, 0).gas).toBe(1n)
  })

  it('[DER-247] are never skipped: one log of the portal that cannot be read fails the block', () => {
    const bad = { ...log(1n), data: '0x' as const }
    expect(() => deposits({ status: true, logs: [log(1n), bad] })).toThrow(CodecError)
    try {
      deposits({ status: true, logs: [bad] })
    } catch (err) {
      expect((err as CodecError).severity).toBe('critical')
    }
  })

  it('[DER-270] need offset 32, a length that is there, and zeros up to a whole word', () => {
    const good = hexToBytes(log(1n, '0x0102').data)
    const changed = (change: (data: Uint8Array) => Uint8Array) => ({
      ...log(1n),
      data: bytesToHex(change(good.slice())),
    })
    const set = (at: number, byte: number) => (data: Uint8Array) => {
      data[at] = byte
      return data
    }
    const bad = [
      changed(set(31, 33)),
      changed(set(0, 1)),
      changed(set(63, 0xff)),
      changed(set(40, 1)),
      changed(set(good.length - 1, 1)),
      changed((data) => data.subarray(0, -1)),
      changed((data) => new Uint8Array([...data, ...new Uint8Array(32)])),
      changed((data) => data.subarray(0, 63)),
    ]
    for (const entry of bad) expect(() => decodeDepositLog(entry, hash, 0)).toThrow(CodecError)
    expect(bytesToHex(decodeDepositLog({ ...log(1n), data: bytesToHex(good) }, hash, 0).data)).toBe('0x0102')
  })

  it('[DER-270] have no padding after whole words, and up to 31 bytes of it otherwise', () => {
    // With the 73 bytes before it: 95, 96, 97 and 128 bytes.
    for (const length of [22, 23, 24, 55]) {
      const data = `0x${'ab'.repeat(length)}` as const
      const entry = log(1n, data)
      expect(hexToBytes(entry.data).length % 32).toBe(0)
      expect(bytesToHex(decodeDepositLog(entry, hash, 0).data)).toBe(data)
    }
  })

  it('[DER-269] need addresses in the topics of sender and recipient', () => {
    const good = log(1n)
    for (const index of [1, 2]) {
      const topic = good.topics[index] as `0x${string}`
      const bad = [
        `0x01${topic.slice(4)}`,
        `${topic.slice(0, 25)}1${topic.slice(26)}`,
        `${topic}00`,
        topic.slice(0, -2),
      ]
      for (const wrong of bad)
        expect(() =>
          decodeDepositLog({ ...good, topics: good.topics.with(index, wrong as `0x${string}`) }, hash, 0),
        ).toThrow(CodecError)
    }
  })

  it('[DER-271] need 73 bytes of opaque data', () => {
    const data = hexToBytes(log(1n).data)
    data[63] = 72
    expect(() => decodeDepositLog({ ...log(1n), data: bytesToHex(data) }, hash, 0)).toThrow('72 bytes')
  })

  it('[DER-271][DER-273] take from, mint, value, gas and data unchanged', () => {
    const fields = { from, to, mint: 2n ** 255n, value: 7n, gas: 2n ** 64n - 1n, data: '0xdeadbeef' as const }
    expect(decodeDepositLog(testDepositLog(config, fields), hash, 4)).toEqual({
      ...fields,
      data: hexToBytes(fields.data),
      isSystemTx: false,
      sourceHash: userDepositSourceHash(hash, 4),
    })
  })

  it('[DER-272] write a mint of 0 as 0x80, and a creation with an empty recipient', () => {
    const creation = decodeDepositLog(testDepositLog(config, { from, to: null }), hash, 0)
    expect(creation.to).toBeNull()
    const encoded = bytesToHex(encodeDepositTx(creation))
    expect(encoded).toContain(`94${from.slice(2)}808080830186a0`)
    const flagged = hexToBytes(log(1n).data)
    flagged[64 + 72] = 2
    expect(decodeDepositLog({ ...log(1n), data: bytesToHex(flagged) }, hash, 0).to).toBeNull()
  })

  it('[DER-275] keep the sender as the log has it: it is aliased on L1 already', () => {
    const contract = '0x8697faf1e7a1bd8d1bd8d29b6e10d7a52bf8ed56'
    const alias = '0x97a8faf1e7a1bd8d1bd8d29b6e10d7a52bf8fe67'
    expect(undoL1ToL2Alias(applyL1ToL2Alias(contract))).toBe(contract)
    expect(applyL1ToL2Alias(contract)).toBe(alias)
    expect(applyL1ToL2Alias('0xffffffffffffffffffffffffffffffffffffffff')).toBe(
      '0x1111000000000000000000000000000000001110',
    )
    expect(decodeDepositLog(testDepositLog(config, { from: applyL1ToL2Alias(contract), to }), hash, 0).from).toBe(
      applyL1ToL2Alias(contract),
    )
  })

  it('[DER-276] are not judged by their gas', () => {
    expect(decodeDepositLog(log(0n), hash, 0).gas).toBe(0n)
  })
})
