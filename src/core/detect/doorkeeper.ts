import type { Flow } from "../event/flow.js"

const PLACES = 1 << 15

/**
 * Keeps sources that were seen once out of the table where sources are counted: nearly all of a forged flood comes once. What it did first is kept, so that
 * nothing is lost when it comes again. The latest so many, one at each place.
 */
export class Doorkeeper {
  /** Of the source that has come again: what it did first, and when. */
  firstItem = 0
  firstTime = 0
  private readonly sources = new Uint32Array(PLACES)
  private readonly items = new Uint32Array(PLACES)
  private readonly times = new Float64Array(PLACES).fill(Number.NEGATIVE_INFINITY)
  private readonly life: number

  constructor(life: number) {
    this.life = life
  }

  /** True: it was here before, within the time that things are remembered. */
  knows(flow: Flow, source: number, item: number): boolean {
    const place = source & (PLACES - 1)
    const isKnown = this.sources[place] === source && flow.time - this.times[place]! <= this.life
    if (isKnown) {
      this.firstItem = this.items[place]!
      this.firstTime = this.times[place]!
      this.times[place] = Number.NEGATIVE_INFINITY
      return true
    }
    this.sources[place] = source
    this.items[place] = item
    this.times[place] = flow.time
    return false
  }

  /** What it did is nothing after all. */
  forget(source: number): void {
    const place = source & (PLACES - 1)
    if (this.sources[place] === source) this.times[place] = Number.NEGATIVE_INFINITY
  }
}
