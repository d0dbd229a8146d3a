import { type Address, concatBytes, encodeRlp, type Hash } from '@keelson/protocol'
import { expect, it } from 'vitest'
import { decodeBlockReceipt } from './receipt.ts'

const log = {
  address: `0x${'11'.repeat(20)}` as Address,
  topics: [`0x${'22'.repeat(32)}` as Hash],
  data: '0x0102' as const,
}
const fields = [1n, 21_000n, new Uint8Array(256), [[log.address, log.topics, log.data]]]

it.each([0x01, 0x02, 0x03, 0x04, 0x7e])('[DER-280] reads receipts of the known type %i', (type) => {
  expect(decodeBlockReceipt(encodeRlp(fields, type))).toEqual({ status: true, logs: [log] })
})

it('[DER-280] reads legacy receipts', () => {
  expect(decodeBlockReceipt(encodeRlp(fields))).toEqual({ status: true, logs: [log] })
})

it('[DER-280] takes a known type that cannot be read as an error', () => {
  expect(() => decodeBlockReceipt(concatBytes(Uint8Array.of(0x02), Uint8Array.of(0xc1, 0x01)))).toThrow()
})

it.each([0x05, 0x42, 0x7d])('[DER-279] reads receipts of the unknown type %i like the others', (type) => {
  expect(decodeBlockReceipt(encodeRlp(fields, type))).toEqual({ status: true, logs: [log] })
})

it.each([0x05, 0x7d])('[DER-279] leaves out what cannot be read of the unknown type %i', (type) => {
  expect(decodeBlockReceipt(Uint8Array.of(type, 0xc1, 0x01))).toEqual({ status: false, logs: [] })
  expect(decodeBlockReceipt(Uint8Array.of(type))).toEqual({ status: false, logs: [] })
})
