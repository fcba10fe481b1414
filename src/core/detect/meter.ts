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
const STRIDE = PARTS + 2

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

/** `more than 5 in 300s`, exactly: the last 6 times, in a ring. */
class TimesMeter implements Meter {
  /** Of each slot: the place in the ring that is written next, how many stand in it, and the ring. */
  private readonly cells: Float64Array
  private readonly size: number
  private readonly stride: number
  private readonly window: number
  private latest = 0

  constructor(count: number, window: number, slots: number) {
    this.size = count + 1
    this.stride = this.size + 2
    this.window = window
    this.cells = new Float64Array(slots * this.stride)
  }

  add(slot: number, time: number, amount: number): boolean {
    const { cells, size } = this
    const at = slot * this.stride
    this.latest = time
    let next = cells[at]! | 0
    let count = cells[at + 1]! | 0
    for (let left = Math.min(amount, size); left > 0; left--) {
      cells[at + 2 + next] = time
      next = next + 1 === size ? 0 : next + 1
      if (count < size) count++
    }
    for (let left = amount; left < 0 && count > 0; left++) {
      next = next === 0 ? size - 1 : next - 1
      count--
    }
    cells[at] = next
    cells[at + 1] = count
    // What comes next overwrites the oldest.
    return count === size && time - cells[at + 2 + next]! <= this.window
  }

  held(slot: number): number {
    const { cells, size } = this
    const at = slot * this.stride
    const count = cells[at + 1]!
    let held = 0
    for (let back = 1; back <= count; back++) {
      const place = (cells[at]! - back + size) % size
      if (this.latest - cells[at + 2 + place]! <= this.window) held++
    }
    return held
  }

  clear(slot: number): void {
    this.cells[slot * this.stride] = 0
    this.cells[slot * this.stride + 1] = 0
  }
}

/** `more than 1000 in 10s` in eight parts: what it counts came within the window, at least of its last seven eighths. */
class PartsMeter implements Meter {
  /** Of each slot: which part is the latest, all together, and the parts. */
  private readonly cells: Float64Array
  private readonly limit: number
  private readonly length: number

  constructor(limit: number, window: number, slots: number) {
    this.limit = limit
    this.length = window / PARTS
    this.cells = new Float64Array(slots * STRIDE)
  }

  add(slot: number, time: number, amount: number): boolean {
    const { cells } = this
    const at = slot * STRIDE
    const part = Math.floor(time / this.length)
    const latest = cells[at]!
    if (part > latest) {
      if (part - latest >= PARTS) this.clear(slot)
      else
        for (let each = latest + 1; each <= part; each++) {
          const passed = at + 2 + (each % PARTS)
          cells[at + 1]! -= cells[passed]!
          cells[passed] = 0
        }
      cells[at] = part
    }
    cells[at + 2 + (part % PARTS)]! += amount
    cells[at + 1]! += amount
    return amount > 0 && cells[at + 1]! > this.limit
  }

  held(slot: number): number {
    return this.cells[slot * STRIDE + 1]!
  }

  clear(slot: number): void {
    this.cells.fill(0, slot * STRIDE + 1, (slot + 1) * STRIDE)
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
