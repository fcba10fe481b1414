import { type Address, printAddress } from "../base/address.js"

/** How many are kept when it gets narrow. */
const KEPT = 2048
const ROOM = 2 * KEPT
const BUCKETS = 2 * ROOM
const WORDS = 4
/** Counts below this are told apart one by one where the least of the kept is sought. */
const SMALL = 256

/**
 * Counts addresses in bounded memory: those that make up a large part of all are surely kept (Misra and Gries' summary; a count may be too
 * low by total / 2048, never too high). A hash table in typed arrays, because most packets of a replay come by: a Map took four times as long.
 */
export class FrequentAddresses {
  total = 0
  private size = 0
  private readonly words = new Int32Array((ROOM + 1) * WORDS)
  private readonly families = new Uint8Array(ROOM + 1)
  private readonly counts = new Float64Array(ROOM + 1)
  private readonly next = new Int16Array(ROOM + 1)
  private readonly heads = new Int16Array(BUCKETS).fill(-1)

  /** An address as words of 32 bits; of IPv4 the first one counts. */
  add(family: number, word0: number, word1: number, word2: number, word3: number): void {
    this.total++
    if (family === 4) this.count(family, word0 | 0, 0, 0, 0)
    else this.count(family, word0 | 0, word1 | 0, word2 | 0, word3 | 0)
  }

  /** The most frequent ones, the first first. */
  top(length: number): { readonly address: string; readonly count: number }[] {
    const places = Array.from({ length: this.size }, (_, place) => place)
    return places
      .sort((left, right) => this.counts[right]! - this.counts[left]! || left - right)
      .slice(0, length)
      .map((place) => ({ address: printAddress(this.addressAt(place)), count: this.counts[place]! }))
  }

  private count(family: number, word0: number, word1: number, word2: number, word3: number): void {
    const { words, heads, next, counts } = this
    const bucket = bucketOf(word0, word1, word2, word3)
    for (let place = heads[bucket]!; place >= 0; place = next[place]!) {
      const at = place * WORDS
      if (words[at] !== word0 || this.families[place] !== family) continue
      if (family === 4 || (words[at + 3] === word3 && words[at + 2] === word2 && words[at + 1] === word1)) {
        counts[place]! += 1
        return
      }
    }
    const place = this.size++
    const at = place * WORDS
    words[at] = word0
    words[at + 1] = word1
    words[at + 2] = word2
    words[at + 3] = word3
    this.families[place] = family
    counts[place] = 1
    next[place] = heads[bucket]!
    heads[bucket] = place
    if (this.size > ROOM) this.cut()
  }

  /** Takes so much off every count that at most `KEPT` are left. */
  private cut(): void {
    const less = this.countBehindKept()
    const { words, heads, next, counts, families } = this
    heads.fill(-1)
    let kept = 0
    for (let place = 0; place < this.size; place++) {
      if (counts[place]! <= less) continue
      counts[kept] = counts[place]! - less
      families[kept] = families[place]!
      const from = place * WORDS
      const at = kept * WORDS
      // Written out: a call of copyWithin costs more than all else of this turn.
      words[at] = words[from]!
      words[at + 1] = words[from + 1]!
      words[at + 2] = words[from + 2]!
      words[at + 3] = words[from + 3]!
      const bucket = bucketOf(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
      next[kept] = heads[bucket]!
      heads[bucket] = kept
      kept++
    }
    this.size = kept
  }

  /** The largest count behind the first `KEPT`. Mostly it is 1: a flood from forged sources. */
  private countBehindKept(): number {
    const { counts, size } = this
    const having = new Int32Array(SMALL + 1)
    for (let place = 0; place < size; place++) having[Math.min(counts[place]!, SMALL)]!++
    let above = 0
    for (let count = SMALL; count > 0; count--) {
      above += having[count]!
      if (above <= KEPT) continue
      if (count < SMALL) return count
      return counts.slice(0, size).sort()[size - 1 - KEPT]!
    }
    return 0
  }

  private addressAt(place: number): Address {
    const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = Array.from(
      this.words.subarray(place * WORDS, (place + 1) * WORDS),
      (word) => word >>> 0,
    )
    return this.families[place] === 4
      ? { family: 4, words: [word0] }
      : { family: 6, words: [word0, word1, word2, word3] }
  }
}

function bucketOf(word0: number, word1: number, word2: number, word3: number): number {
  let hash = Math.imul(word0, 0x9e3779b1) ^ Math.imul(word1, 0x85ebca6b)
  hash ^= Math.imul(word2, 0xc2b2ae35) ^ Math.imul(word3, 0x27d4eb2f)
  hash ^= hash >>> 15
  return (Math.imul(hash, 0x85ebca6b) >>> 16) & (BUCKETS - 1)
}
