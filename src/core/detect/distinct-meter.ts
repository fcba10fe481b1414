import type { Limit } from "../policy/policy.js"

/** So many different things are told apart; of more, a part is looked at. */
const MOST = 255

/**
 * Counts different things (ports, hosts) for each slot of a source table within a window: of each the last time is kept, until there are more than the
 * limit. A limit above 255 is asked of a sample: of those whose number ends so.
 */
export class DistinctMeter {
  readonly size: number
  private readonly limit: number
  private readonly window: number
  private readonly sample: number
  private readonly items: Uint32Array
  private readonly times: Float64Array

  /** Another limit than a window has none here: a minute's. */
  constructor(limit: Limit, slots: number) {
    const count = limit.form === "window" || limit.form === "count" ? limit.count : 20
    this.window = limit.form === "window" ? limit.duration / 1e9 : 60
    this.sample = Math.ceil(count / MOST)
    this.limit = Math.floor(count / this.sample)
    this.size = this.limit + 1
    this.items = new Uint32Array(slots * this.size)
    this.times = new Float64Array(slots * this.size).fill(Number.NEGATIVE_INFINITY)
  }

  /** How many different ones there are within the window, this one among them. */
  add(slot: number, time: number, item: number): number {
    if (this.sample > 1 && item % this.sample !== 0) return 0
    const { items, times, window } = this
    const from = slot * this.size
    let place = from
    let live = 1
    let isKnown = false
    for (let at = from; at < from + this.size; at++) {
      if (times[at]! < times[place]! && !isKnown) place = at
      if (time - times[at]! > window) continue
      if (items[at] === item) {
        place = at
        isKnown = true
      } else live++
    }
    items[place] = item
    times[place] = time
    return Math.min(live, this.size)
  }

  isOver(count: number): boolean {
    return count > this.limit
  }

  clear(slot: number): void {
    this.times.fill(Number.NEGATIVE_INFINITY, slot * this.size, (slot + 1) * this.size)
  }
}
