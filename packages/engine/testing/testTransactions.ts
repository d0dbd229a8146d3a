import { encodeRlp, hexToBytes } from '@keelson/protocol'

/** One signed transaction of each type, with lists that are not empty. The signatures are only numbers. */
export function serializeTestTransactions(): Uint8Array[] {
  const to = hexToBytes(`0x${'ab'.repeat(20)}`)
  const word = hexToBytes(`0x${'cd'.repeat(32)}`)
  const accessList = [[to, [word, word]]]
  const [r, s] = [2n ** 255n - 19n, 2n ** 254n + 3n]
  const none = new Uint8Array(0)
  return [
    encodeRlp([1n, 5n, 21_000n, to, 7n, none, 901n * 2n + 36n, r, s]),
    encodeRlp([1n, 5n, 21_000n, none, 0n, word, 28n, r, s]),
    encodeRlp([901n, 2n, 5n, 30_000n, to, 0n, word, accessList, 1n, r, s], 1),
    encodeRlp([901n, 0n, 1n, 9n, 30_000n, none, 1n, word, [], 0n, r, s], 2),
    encodeRlp(
      [
        901n,
        4n,
        1n,
        9n,
        30_000n,
        to,
        1n,
        none,
        accessList,
        [
          [901n, to, 0n, 1n, r, s],
          [0n, to, 3n, 0n, s, r],
        ],
        1n,
        r,
        s,
      ],
      4,
    ),
  ]
}
