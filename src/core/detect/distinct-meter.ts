import type { Limit } from "../policy/policy.js"

/** So many different things are told apart; of more, a part is looked at. */
const MOST = 255

/**
 * Counts different things (ports, hosts) for each slot of a table of sources within a window: of each the last time is kept, until there are more than the
 * limit. A limit above 255 is asked of a sample: of those whose number ends so.
 */
export class DistinctMeter {
  readonly size: number
  private readonly limit: number
  private readonly window: number
  private readonly sample: number
  /** Of each slot a ring: where it begins, how many stand in it, what, and when that was last seen, the longest ago first. */
  private readonly heads: Uint16Array
  private readonly items: Int32Array
  private readonly times: Float64Array

  /** Another limit than a window has none here: a minute's. */
  constructor(limit: Limit, slots: number) {
    const count = limit.form === "window" || limit.form === "count" ? limit.count : 20
    this.window = limit.form === "window" ? limit.duration / 1e9 : 60
    this.sample = Math.ceil(count / MOST)
    this.limit = Math.floor(count / this.sample)
    this.size = this.limit + 1
    this.heads = new Uint16Array(slots * 2)
    this.items = new Int32Array(slots * this.size)
    this.times = new Float64Array(slots * this.size)
  }

  /** How many different ones there are within the window, this one among them. `item`: 32 bits. */
  add(slot: number, time: number, item: number): number {
    if (this.sample > 1 && (item >>> 0) % this.sample !== 0) return 0
    const { heads, items, times, size, window } = this
    const from = slot * size
    const own = item | 0
    let head = heads[slot * 2]!
    let count = heads[slot * 2 + 1]!
    while (count > 0 && time - times[from + head]! > window) {
      head = head + 1 === size ? 0 : head + 1
      count--
    }
    let place = head
    let left = count
    while (left > 0 && items[from + place] !== own) {
      place = place + 1 === size ? 0 : place + 1
      left--
    }
    if (left > 0) {
      // Known: those behind it move up, and it comes last.
      for (; left > 1; left--) {
        const next = place + 1 === size ? 0 : place + 1
        items[from + place] = items[from + next]!
        times[from + place] = times[from + next]!
        place = next
      }
    } else if (count < size) count++
    else head = head + 1 === size ? 0 : head + 1
    items[from + place] = own
    times[from + place] = time
    heads[slot * 2] = head
    heads[slot * 2 + 1] = count
    return count
  }

  isOver(count: number): boolean {
    return count > this.limit
  }

  clear(slot: number): void {
    this.heads[slot * 2 + 1] = 0
  }
}
