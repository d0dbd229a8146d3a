/** Up to so many bytes a loop is faster than what the platform has. */
const SHORT = 32

/**
 * Repeats `count` bytes of a ring from `distance` before `at`, to `at`. The bytes may be among those repeated.
 *
 * `count` reaches no further than the end of the ring, `distance` no further than its size.
 */
export function copyBack(ring: Uint8Array, size: number, at: number, distance: number, count: number): void {
  const end = at + count
  let to = at
  let from = at - distance
  if (from < 0) {
    from += size
    const tail = Math.min(count, size - from)
    ring.copyWithin(to, from, from + tail)
    to += tail
    from = 0
  }
  if (end - to <= SHORT) while (to < end) ring[to++] = ring[from++] as number
  else if (distance === 1) ring.fill(ring[from] as number, to, end)
  else {
    // What is repeated repeats itself: each piece may be as long as all before it.
    while (to < end) {
      const piece = Math.min(to - from, end - to)
      ring.copyWithin(to, from, from + piece)
      to += piece
    }
  }
}
