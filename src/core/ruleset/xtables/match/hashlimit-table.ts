import { jiffiesOfMilliseconds } from "../jiffies.js"
import { KeyTable } from "../key-table.js"
import { HASHLIMIT_WORDS, type HashlimitRate } from "./hashlimit-rate.js"

export interface HashlimitTableSettings {
  readonly rate: HashlimitRate
  /** How many words a key has. */
  readonly keyWords: number
  /** `--hashlimit-htable-size` and `-max`; 0 where left out. */
  readonly size: number
  readonly most: number
  /** Milliseconds. */
  readonly expire: number
  readonly collectEvery: number
}

/** What the kernel makes of a machine with more than a gigabyte. */
const DEFAULT_SIZE = 8192

/**
 * The entries of one `--hashlimit-name`. An entry ends when the collector, which comes every `--hashlimit-htable-gcinterval`, finds it unused for
 * `--hashlimit-htable-expire`; until then it is there, however old. A full table: the packet is dropped.
 */
export class HashlimitTable {
  readonly key: Uint32Array
  private readonly rate: HashlimitRate
  private readonly keys: KeyTable
  private readonly most: number
  private readonly expire: number
  private readonly collectEvery: number
  private expires = new Float64Array(0)
  private state = new Float64Array(0)

  constructor(settings: HashlimitTableSettings) {
    this.rate = settings.rate
    this.key = new Uint32Array(settings.keyWords)
    this.keys = new KeyTable(settings.keyWords)
    const size = settings.size === 0 ? DEFAULT_SIZE : settings.size
    this.most = settings.most === 0 ? 8 * size : Math.max(settings.most, size)
    this.expire = jiffiesOfMilliseconds(settings.expire)
    this.collectEvery = Math.max(1, jiffiesOfMilliseconds(settings.collectEvery))
  }

  get count(): number {
    return this.keys.count
  }

  /** Counts a packet of the key in `key`: 1 within the limit, 0 above it, -1: there is no room. `now` in ticks. */
  take(length: number, now: number): number {
    let entry = this.keys.find(this.key)
    if (entry >= 0 && this.isCollected(entry, now)) {
      this.keys.remove(entry)
      entry = -1
    }
    if (entry < 0) {
      if (this.keys.count >= this.most) this.collect(now)
      if (this.keys.count >= this.most) return -1
      entry = this.keys.add(this.key)
      if (this.expires.length < this.keys.capacity) this.grow()
      this.rate.begin(this.state, entry * HASHLIMIT_WORDS, now)
    } else {
      this.keys.touch(entry)
      this.rate.refill(this.state, entry * HASHLIMIT_WORDS, now)
    }
    this.expires[entry] = now + this.expire
    return this.rate.take(this.state, entry * HASHLIMIT_WORDS, length) ? 1 : 0
  }

  /** Was the collector there since the entry ended? */
  private isCollected(entry: number, now: number): boolean {
    return this.expires[entry]! <= Math.floor(now / this.collectEvery) * this.collectEvery
  }

  /** Entries end in the order in which they were used. */
  private collect(now: number): void {
    for (let entry = this.keys.oldest; entry >= 0 && this.isCollected(entry, now); entry = this.keys.oldest)
      this.keys.remove(entry)
  }

  private grow(): void {
    const expires = new Float64Array(this.keys.capacity)
    expires.set(this.expires)
    this.expires = expires
    const state = new Float64Array(this.keys.capacity * HASHLIMIT_WORDS)
    state.set(this.state)
    this.state = state
  }
}
