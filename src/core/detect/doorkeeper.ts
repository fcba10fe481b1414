const PLACES = 1 << 15
const FEWEST = 1 << 10

/**
 * Keeps sources that were seen once from being counted: nearly all of a forged flood comes once. What it did first is kept, so that
 * nothing is lost when it comes again. The latest so many, one at each place: a line of the cache for each that comes. A hash of 0 stands for nobody.
 */
export class Doorkeeper {
  /** Of the source that has come again: what it did first, and when. */
  firstItem = 0
  firstTime = 0
  /** Time, hash and item of each place, in 16 bytes. */
  private readonly times: Float64Array
  private readonly words: Int32Array
  private readonly life: number
  private readonly mask: number

  /** `share`: of the most places, in halves of halves. */
  constructor(life: number, share: number) {
    this.life = life
    let places = PLACES
    while (places > FEWEST && places > PLACES * share) places /= 2
    this.mask = places - 1
    this.times = new Float64Array(places * 2)
    this.words = new Int32Array(this.times.buffer)
  }

  /** True: it was here before, within the time that things are remembered. */
  knows(hash: number, time: number, item: number): boolean {
    const place = hash & this.mask
    const { times, words } = this
    if (words[place * 4 + 2] === hash && time - times[place * 2]! <= this.life) {
      this.firstItem = words[place * 4 + 3]!
      this.firstTime = times[place * 2]!
      words[place * 4 + 2] = 0
      return true
    }
    times[place * 2] = time
    words[place * 4 + 2] = hash
    words[place * 4 + 3] = item
    return false
  }

  /** What it did is nothing after all. */
  forget(hash: number): void {
    const at = (hash & this.mask) * 4 + 2
    if (this.words[at] === hash) this.words[at] = 0
  }
}
