const PLACES = 1 << 15
/** A hash may stand in one of so many places; what was noted longest ago gives way. */
const WAYS = 4

/** When each of the latest 32,768 hashes was noted last: oldest out among four, whatever comes. */
export class RecentHashes {
  readonly hashes = new Uint32Array(PLACES)
  /** -Infinity: nothing stands there. */
  readonly times = new Float64Array(PLACES).fill(Number.NEGATIVE_INFINITY)

  note(hash: number, time: number): void {
    const from = hash & (PLACES - 1) & ~(WAYS - 1)
    let place = from
    for (let at = from; at < from + WAYS; at++) {
      if (this.hashes[at] === hash) {
        this.times[at] = time
        return
      }
      if (this.times[at]! < this.times[place]!) place = at
    }
    this.hashes[place] = hash
    this.times[place] = time
  }

  /** -Infinity: not among the latest. */
  notedAt(hash: number): number {
    const from = hash & (PLACES - 1) & ~(WAYS - 1)
    for (let at = from; at < from + WAYS; at++) if (this.hashes[at] === hash) return this.times[at]!
    return Number.NEGATIVE_INFINITY
  }
}
