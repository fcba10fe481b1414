import { perSecond } from "../base/rate.js"
import type { Limit } from "../policy/policy.js"

/** Counts for each slot of a source table, and knows when it was too much. Memory is fixed when it is made. */
export interface Meter {
  /** Counts `amount` at `time` (seconds), which may be negative: it was not so many after all. True: over the limit now. */
  add(slot: number, time: number, amount: number): boolean
  /** What is held of the slot now, for comparing. */
  held(slot: number): number
  clear(slot: number): void
}

/** Limits up to this are counted to the packet: the time of each is kept. */
const EXACT = 63
/** Above it, a window is counted in so many parts. */
const PARTS = 8

export function makeMeter(limit: Limit, slots: number): Meter {
  if (limit.form === "rate") return new BucketMeter(perSecond(limit.rate), limit.burst, slots)
  if (limit.form === "count") return new LevelMeter(limit.count, slots)
  // A ramp is no limit of a detector (policy/detectors.ts); its upper end is one.
  if (limit.form === "ramp")
    return new BucketMeter(perSecond({ count: limit.to, unit: limit.unit }), limit.to, slots)
  const window = limit.duration / 1e9
  return limit.count <= EXACT
    ? new TimesMeter(limit.count, window, slots)
    : new PartsMeter(limit.count, window, slots)
}

/** How long something is held of a source, in seconds. */
export function memoryOf(limit: Limit | undefined): number {
  if (limit?.form === "window") return limit.duration / 1e9
  if (limit?.form === "rate") return Math.max(60, limit.burst / perSecond(limit.rate))
  return limit?.form === "count" ? 7 * 86400 : 60
}

/** `more than 5 in 300s`, exactly: the last 6 times. */
class TimesMeter implements Meter {
  private readonly times: Float64Array
  private readonly next: Uint8Array
  private readonly size: number
  private readonly window: number
  private latest = 0

  constructor(count: number, window: number, slots: number) {
    this.size = count + 1
    this.window = window
    this.times = new Float64Array(slots * this.size).fill(Number.NEGATIVE_INFINITY)
    this.next = new Uint8Array(slots)
  }

  add(slot: number, time: number, amount: number): boolean {
    const from = slot * this.size
    this.latest = time
    for (; amount > 0; amount--) {
      this.times[from + this.next[slot]!] = time
      this.next[slot] = (this.next[slot]! + 1) % this.size
    }
    for (; amount < 0; amount++) {
      this.next[slot] = (this.next[slot]! + this.size - 1) % this.size
      this.times[from + this.next[slot]!] = Number.NEGATIVE_INFINITY
    }
    // What comes next overwrites the oldest.
    return time - this.times[from + this.next[slot]!]! <= this.window
  }

  held(slot: number): number {
    const from = slot * this.size
    let held = 0
    for (let at = from; at < from + this.size; at++) if (this.latest - this.times[at]! <= this.window) held++
    return held
  }

  clear(slot: number): void {
    this.times.fill(Number.NEGATIVE_INFINITY, slot * this.size, (slot + 1) * this.size)
  }
}

/** `more than 1000 in 10s` in eight parts: what it counts came within the window, at least of its last seven eighths. */
class PartsMeter implements Meter {
  private readonly counts: Float64Array
  private readonly part: Float64Array
  private readonly limit: number
  private readonly length: number

  constructor(limit: number, window: number, slots: number) {
    this.limit = limit
    this.length = window / PARTS
    this.counts = new Float64Array(slots * PARTS)
    this.part = new Float64Array(slots)
  }

  add(slot: number, time: number, amount: number): boolean {
    const part = Math.floor(time / this.length)
    const from = slot * PARTS
    const passed = part - this.part[slot]!
    if (passed >= PARTS) this.clear(slot)
    else for (let each = 1; each <= passed; each++) this.counts[from + ((part - passed + each) % PARTS)] = 0
    if (passed > 0) this.part[slot] = part
    this.counts[from + (part % PARTS)]! += amount
    return amount > 0 && this.held(slot) > this.limit
  }

  held(slot: number): number {
    const from = slot * PARTS
    let held = 0
    for (let at = from; at < from + PARTS; at++) held += this.counts[at]!
    return held
  }

  clear(slot: number): void {
    this.counts.fill(0, slot * PARTS, (slot + 1) * PARTS)
  }
}

/** `200/second burst 1000`: what is above it drains away. */
class BucketMeter implements Meter {
  private readonly level: Float64Array
  private readonly last: Float64Array
  private readonly rate: number
  private readonly burst: number

  constructor(rate: number, burst: number, slots: number) {
    this.rate = rate
    this.burst = burst
    this.level = new Float64Array(slots)
    this.last = new Float64Array(slots)
  }

  add(slot: number, time: number, amount: number): boolean {
    const drained = Math.max(0, this.level[slot]! - (time - this.last[slot]!) * this.rate)
    this.last[slot] = time
    this.level[slot] = Math.max(0, Math.min(drained + amount, this.burst + 1))
    return amount > 0 && drained + amount > this.burst
  }

  held(slot: number): number {
    return this.level[slot]!
  }

  clear(slot: number): void {
    this.level[slot] = 0
  }
}

/** `300`: how many there are now. */
class LevelMeter implements Meter {
  private readonly level: Float64Array
  private readonly limit: number

  constructor(limit: number, slots: number) {
    this.limit = limit
    this.level = new Float64Array(slots)
  }

  add(slot: number, _time: number, amount: number): boolean {
    this.level[slot] = Math.max(0, this.level[slot]! + amount)
    return amount > 0 && this.level[slot]! > this.limit
  }

  held(slot: number): number {
    return this.level[slot]!
  }

  clear(slot: number): void {
    this.level[slot] = 0
  }
}
