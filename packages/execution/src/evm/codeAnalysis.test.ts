import { bytesToHex, concatBytes } from '@keelson/protocol'
import { describe, expect, it } from 'vitest'
import { ALICE, code, executorChain } from '../../testing/executorChain.ts'
import { simulateCall } from '../index.ts'
import { analyzeCode, pushValue } from './codeAnalysis.ts'

const PUSHES = 65_536
/** One push more than 16 bits count, each of 1 but for the last, whose value is returned. */
const LONG = concatBytes(...Array.from({ length: PUSHES }, () => code('6001 50')), code('602a 6000 52 6020 6000 f3'))

describe('analyzeCode', () => {
  it('finds jump destinations, but not in push data', () => {
    const { jumpDests } = analyzeCode(code('5b 605b 5b 615b5b 7f'))
    expect([...jumpDests]).toEqual([1, 0, 0, 1, 0, 0, 0, 0])
  })

  it('numbers the pushes of code of any length', () => {
    const { pushIndex } = analyzeCode(LONG)
    expect(pushIndex[0]).toBe(0)
    expect(pushIndex[3 * PUSHES]).toBe(PUSHES)
  })

  it('reads push data that the code ends in as zeros', () => {
    expect(pushValue(code('63 0102'), 0, 4)).toBe(0x01020000n)
  })

  it('has each push of very long code give its own value', async () => {
    const { spec, header, state: reader } = executorChain('regolith')
    const to = `0x${'77'.repeat(20)}` as const
    const call = { from: ALICE, to, stateOverrides: { [to]: { code: LONG } } }
    const { returnValue } = await simulateCall({ spec, header, reader, call, getBlockHash: () => null })
    expect(bytesToHex(returnValue)).toBe(`0x${'2a'.padStart(64, '0')}`)
  })
})
