import type { ClockReading } from "../../core/block/clock.js"
import { readText } from "../host/files.js"

let boot: string | undefined

/** The time of day, and the time since boot that nobody can set. */
export function readClock(): ClockReading {
  boot ??= readText("/proc/sys/kernel/random/boot_id")?.trim() ?? ""
  return { boot, wall: Date.now() / 1000, monotonic: Number(process.hrtime.bigint()) / 1e9 }
}
