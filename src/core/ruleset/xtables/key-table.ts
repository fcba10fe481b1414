/**
 * Keys of a fixed number of words, numbered: who keeps something for each key keeps it in arrays of its own, indexed by the number. A number is used again
 * once its key was removed. The order of use can be asked: `touch` puts a key last, `oldest` is the first.
 */
export class KeyTable {
  /** Keys that are there. */
  count = 0
  /** Numbers are below this. */
  capacity = 0
  private readonly words: number
  private keys = new Uint32Array(0)
  private heads = new Int32Array(0)
  private next = new Int32Array(0)
  private newer = new Int32Array(0)
  private older = new Int32Array(0)
  private free = -1
  private first = -1
  private last = -1

  constructor(words: number) {
    this.words = words
    this.grow(64)
  }

  /** The first in the order of use, or -1. */
  get oldest(): number {
    return this.first
  }

  /** The one used after `entry`, or -1. */
  after(entry: number): number {
    return this.newer[entry]!
  }

  /** The number of the key whose words stand in `key`, or -1. */
  find(key: Uint32Array): number {
    for (let entry = this.heads[this.bucket(key, 0)]!; entry >= 0; entry = this.next[entry]!) {
      const at = entry * this.words
      let word = 0
      while (word < this.words && this.keys[at + word] === key[word]) word++
      if (word === this.words) return entry
    }
    return -1
  }

  /** Adds a key that is not there. `capacity` may have grown afterwards. */
  add(key: Uint32Array): number {
    if (this.free < 0) this.grow(this.capacity * 2)
    const entry = this.free
    this.free = this.next[entry]!
    this.keys.set(key.subarray(0, this.words), entry * this.words)
    this.link(entry)
    this.append(entry)
    this.count++
    return entry
  }

  remove(entry: number): void {
    const bucket = this.bucket(this.keys, entry * this.words)
    let at = this.heads[bucket]!
    if (at === entry) this.heads[bucket] = this.next[entry]!
    else {
      while (this.next[at] !== entry) at = this.next[at]!
      this.next[at] = this.next[entry]!
    }
    this.unchain(entry)
    this.next[entry] = this.free
    this.free = entry
    this.count--
  }

  /** It was used just now. */
  touch(entry: number): void {
    this.unchain(entry)
    this.append(entry)
  }

  clear(): void {
    while (this.first >= 0) this.remove(this.first)
  }

  private append(entry: number): void {
    this.older[entry] = this.last
    this.newer[entry] = -1
    if (this.last < 0) this.first = entry
    else this.newer[this.last] = entry
    this.last = entry
  }

  private unchain(entry: number): void {
    const before = this.older[entry]!
    const behind = this.newer[entry]!
    if (before < 0) this.first = behind
    else this.newer[before] = behind
    if (behind < 0) this.last = before
    else this.older[behind] = before
  }

  private link(entry: number): void {
    const bucket = this.bucket(this.keys, entry * this.words)
    this.next[entry] = this.heads[bucket]!
    this.heads[bucket] = entry
  }

  /** Multiplier and shifts are MurmurHash3's. */
  private bucket(words: Uint32Array, at: number): number {
    let value = 0x9747b28c
    for (let word = 0; word < this.words; word++) {
      value = Math.imul(value ^ words[at + word]!, 0xcc9e2d51)
      value ^= value >>> 15
    }
    return (value >>> 0) & (this.heads.length - 1)
  }

  private grow(capacity: number): void {
    const before = this.capacity
    this.capacity = capacity
    const keys = new Uint32Array(capacity * this.words)
    keys.set(this.keys)
    this.keys = keys
    this.newer = longer(this.newer, capacity)
    this.older = longer(this.older, capacity)
    this.next = longer(this.next, capacity)
    this.heads = new Int32Array(capacity * 2).fill(-1)
    // All numbers below `before` are in use, else there would have been a free one.
    for (let entry = 0; entry < before; entry++) this.link(entry)
    for (let entry = capacity - 1; entry >= before; entry--) {
      this.next[entry] = this.free
      this.free = entry
    }
  }
}

function longer(from: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const into = new Int32Array(capacity)
  into.set(from)
  return into
}
