import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { DEFAULT_CONFIG } from '../testing/index.ts'
import { createBlockValidator } from './blockValidator.ts'
import { tryDecodeOpStackEntry } from './enr.ts'
import { messageId } from './messageId.ts'
import { readResponse } from './payloadByNumber.ts'
import { encodeSnappy, tryDecodeSnappy } from './snappyBlock.ts'
import { encodeSnappyFrames, tryDecodeSnappyFrames } from './snappyFrames.ts'

const bytes = fc.uint8Array({ maxLength: 2000 })
/** Takes any signature, so that decoding is reached. */
const signer = { judge: () => 'current' as const }
const judge = createBlockValidator({ config: DEFAULT_CONFIG, version: 2, signer, clock: { now: () => 0 } })

it('no bytes of a peer make a decoder throw', async () => {
  await fc.assert(
    fc.property(bytes, (data) => {
      tryDecodeSnappy(data)
      tryDecodeSnappyFrames(data, 1 << 20)
      tryDecodeOpStackEntry(data)
      readResponse(DEFAULT_CONFIG, 1n, data)
      expect(messageId('t', data).length).toBe(20)
      expect(['reject', 'ignore']).toContain(judge(data).verdict)
      expect(judge(encodeSnappy(data)).reason).not.toBe('crashed')
    }),
    { numRuns: 300 },
  )
})

it('what is encoded is decoded again', async () => {
  await fc.assert(
    fc.property(bytes, (data) => {
      expect(tryDecodeSnappy(encodeSnappy(data))).toEqual(data)
      expect(tryDecodeSnappyFrames(encodeSnappyFrames(data), 1 << 20)).toEqual(data)
    }),
    { numRuns: 200 },
  )
})
