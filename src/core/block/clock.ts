/**
 * Blocks end at a time of day, and the kernel counts down by itself: so a clock that is set forward or back must neither end blocks nor make them longer.
 * A reading names the boot, the time of day and the time since boot, which nobody can set.
 */
export interface ClockReading {
  /** /proc/sys/kernel/random/boot_id */
  readonly boot: string
  /** Seconds since 1970. */
  readonly wall: number
  /** Seconds since boot, of CLOCK_MONOTONIC. */
  readonly monotonic: number
}

/** A difference below this is how clocks are disciplined, and reading two of them one after the other. */
const slack = 1

/**
 * By how many seconds the clock on the wall was set between two readings, so much are times that were written at the first to be moved. In another boot the
 * clock is believed, unless it stands before what was written last: then it was lost (a machine without a battery begins in 1970), and goes on from there.
 */
export function clockShift(before: ClockReading | undefined, now: ClockReading): number {
  if (before === undefined) return 0
  const shift =
    before.boot === now.boot
      ? now.wall - before.wall - (now.monotonic - before.monotonic)
      : Math.min(0, now.wall - before.wall)
  return Math.abs(shift) < slack ? 0 : shift
}
