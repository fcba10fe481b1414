import { HZ } from "../jiffies.js"
import { KeyTable } from "../key-table.js"

/** Module parameters of xt_recent as they are by default: how many addresses a list holds, and how many times where no rule asks for more. */
const MOST_ADDRESSES = 100
const LEAST_STAMPS = 32

/** Four words of the address, and the family. */
const KEY_WORDS = 5

/**
 * One list of `-m recent`, shared by all rules and both families that name it: addresses with the ticks of their last packets, the least recently stamped first. A full list
 * gives up that one. Each address keeps a ring of 32 stamps, or of the highest `--hitcount` of the list's rules, rounded up to a power of two.
 */
export class RecentTable {
  readonly key = new Uint32Array(KEY_WORDS)
  private readonly keys = new KeyTable(KEY_WORDS)
  private ring = 0
  private stamps = new Float64Array(0)
  private stampCount = new Int32Array(0)
  private nextStamp = new Int32Array(0)
  private ttl = new Uint8Array(0)

  get count(): number {
    return this.keys.count
  }

  /** Room for the stamps that a rule with this hit count needs (0: none); called for each rule before packets come. */
  reserve(hitCount: number): void {
    let stamps = hitCount === 0 ? LEAST_STAMPS : 1
    while (stamps < hitCount) stamps *= 2
    if (stamps <= this.ring) return
    this.keys.clear()
    this.ring = stamps
    this.stamps = new Float64Array(0)
    this.grow()
  }

  /** The entry of the address in `key`, or -1. With `ttl` above 0 it must have been seen with that one. */
  find(ttl: number): number {
    const entry = this.keys.find(this.key)
    if (entry < 0 || ttl === 0) return entry
    const seen = this.ttl[entry]!
    return seen === 0 || seen === ttl ? entry : -1
  }

  /** A new entry for the address in `key`, stamped. */
  add(ttl: number, now: number): void {
    // One that is there, seen with another time to live, is found before the new one would be: the kernel has both, of which only the older is ever used.
    const known = this.keys.find(this.key)
    if (known >= 0) return
    if (this.keys.count >= MOST_ADDRESSES) this.keys.remove(this.keys.oldest)
    const entry = this.keys.add(this.key)
    if (this.keys.capacity > this.ttl.length) this.grow()
    this.ttl[entry] = ttl
    this.stamps[entry * this.ring] = now
    this.stampCount[entry] = 1
    this.nextStamp[entry] = 1
  }

  stamp(entry: number, ttl: number, now: number): void {
    const at = this.nextStamp[entry]! & (this.ring - 1)
    this.stamps[entry * this.ring + at] = now
    this.nextStamp[entry] = at + 1
    if (at + 1 > this.stampCount[entry]!) this.stampCount[entry] = at + 1
    this.ttl[entry] = ttl
    this.keys.touch(entry)
  }

  remove(entry: number): void {
    this.keys.remove(entry)
  }

  /** Are there `hits` stamps (one, where 0 is asked) of the last `seconds` (0: of whenever)? */
  hasHits(entry: number, hits: number, seconds: number, now: number): boolean {
    const since = now - seconds * HZ
    const from = entry * this.ring
    let found = 0
    for (let index = 0; index < this.stampCount[entry]!; index++) {
      if (seconds > 0 && this.stamps[from + index]! < since) continue
      if (++found >= hits) return true
    }
    return false
  }

  /** `--reap`: the list's oldest address goes, if its last stamp is older than that; not the one that is being updated. */
  reap(seconds: number, now: number, updated: number): void {
    const { oldest } = this.keys
    if (oldest < 0 || oldest === updated) return
    const lastStamp = this.stamps[oldest * this.ring + this.nextStamp[oldest]! - 1]!
    if (lastStamp < now - seconds * HZ) this.keys.remove(oldest)
  }

  private grow(): void {
    const { capacity } = this.keys
    const stamps = new Float64Array(capacity * this.ring)
    stamps.set(this.stamps)
    this.stamps = stamps
    const stampCount = new Int32Array(capacity)
    stampCount.set(this.stampCount)
    this.stampCount = stampCount
    const nextStamp = new Int32Array(capacity)
    nextStamp.set(this.nextStamp)
    this.nextStamp = nextStamp
    const ttl = new Uint8Array(capacity)
    ttl.set(this.ttl)
    this.ttl = ttl
  }
}
