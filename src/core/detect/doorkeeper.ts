import type { Flow } from "../event/flow.js"

const PLACES = 1 << 15
const FEWEST = 1 << 10

/**
 * Keeps sources that were seen once out of the table where sources are counted: nearly all of a forged flood comes once. What it did first is kept, so that
 * nothing is lost when it comes again. The latest so many, one at each place.
 */
export class Doorkeeper {
  /** Of the source that has come again: what it did first, and when. */
  firstItem = 0
  firstTime = 0
  private readonly sources: Uint32Array
  private readonly items: Uint32Array
  private readonly times: Float64Array
  private readonly life: number
  private readonly mask: number

  /** `share`: of the most places, in halves of halves. */
  constructor(life: number, share: number) {
    this.life = life
    let places = PLACES
    while (places > FEWEST && places > PLACES * share) places /= 2
    this.mask = places - 1
    this.sources = new Uint32Array(places)
    this.items = new Uint32Array(places)
    this.times = new Float64Array(places).fill(Number.NEGATIVE_INFINITY)
  }

  /** True: it was here before, within the time that things are remembered. */
  knows(flow: Flow, source: number, item: number): boolean {
    const place = source & this.mask
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
    const place = source & this.mask
    if (this.sources[place] === source) this.times[place] = Number.NEGATIVE_INFINITY
  }
}
