/** Ticks of the kernel's clock in a second: CONFIG_HZ of Debian's kernels. Extensions of xtables count in ticks, where nft counts nanoseconds. */
export const HZ = 250

const TICK_NANOSECONDS = 1e9 / HZ

/**
 * The tick that a time in nanoseconds falls into. When a capture's first packet came between two ticks it does not say: it is taken to have come in the middle, which is
 * never wrong by more than half a tick.
 */
export function jiffiesAt(nanoseconds: number): number {
  return Math.floor(nanoseconds / TICK_NANOSECONDS + 0.5)
}

/** Milliseconds as ticks, rounded up as msecs_to_jiffies does. */
export function jiffiesOfMilliseconds(milliseconds: number): number {
  return Math.ceil((milliseconds * HZ) / 1000)
}
