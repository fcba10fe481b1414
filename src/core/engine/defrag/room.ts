/** The smallest arrays have 64 bytes; each size is twice the one before. */
const SMALLEST = 6
const SIZES = 32 - SMALLEST
/** So many bytes of each size are kept for the next who needs them. */
const MOST_KEPT = 1 << 18

/**
 * Arrays of bytes that are used again: what one fragment gives back the next one takes, so that a stream of fragments makes no garbage, and a flood that
 * is over leaves little behind.
 */
export class ByteRoom {
  private readonly free: Uint8Array[][] = Array.from({ length: SIZES }, () => [])

  /** At least `length` bytes, whatever stands in them. */
  take(length: number): Uint8Array {
    const size = sizeOf(length)
    return this.free[size]!.pop() ?? new Uint8Array(1 << (size + SMALLEST))
  }

  give(bytes: Uint8Array): void {
    const free = this.free[sizeOf(bytes.length)]!
    if (free.length * bytes.length < MOST_KEPT) free.push(bytes)
  }
}

function sizeOf(length: number): number {
  return length <= 1 << SMALLEST ? 0 : 32 - Math.clz32(length - 1) - SMALLEST
}
