import type { ClockReading } from "../../core/block/clock.js"
import { readText } from "../host/files.js"

let boot: string | undefined

/** The time of day, and the time since boot that nobody can set. */
export function readClock(): ClockReading {
  boot ??= readText("/proc/sys/kernel/random/boot_id")?.trim() ?? ""
  return { boot, wall: Date.now() / 1000, monotonic: Number(process.hrtime.bigint()) / 1e9 }
}

/**
 * Seconds since 1970 as the clock stood when this was called, and from then on by the time since boot. Detectors count in this time: for them a clock that is set back would stand still, and
 * what an honest host does in hours would have been done in a moment.
 */
export function steadyClock(): () => number {
  const begun = Date.now() - performance.now()
  return () => (begun + performance.now()) / 1000
}
