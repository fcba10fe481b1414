import {
  EXPIRES,
  GENERATION,
  HASH,
  KIND,
  MARK,
  NEXT,
  PHASE,
  PORTS,
  RECORD,
  SHORT_TUPLE,
  STATE,
  STATE_WORDS,
  STATUS,
  WIDE_TUPLE,
  WIDE_WORDS,
} from "./layout.js"
import { ASSURED, CONFIRMED } from "./status.js"

const FIRST_CAPACITY = 1024
/** How many hash chains early drop looks at before it gives up (NF_CT_EVICTION_RANGE). */
const EVICTION_RANGE = 8

/**
 * The connections: a record of each (layout.ts), grown by doubling up to `most`, and one hash table with both directions of each.
 *
 * An entry is a number. Node 2n is the original direction of entry n, node 2n+1 its reply. An entry that is not confirmed is not in the
 * hash: a packet that is dropped on its way leaves no connection. `generation` changes when an entry is freed, so that (entry,
 * generation) names a connection for good.
 */
export class ConnectionTable {
  readonly most: number
  /** Entries in the hash and the one being made. Expired entries that nobody has met yet are among them, as in the kernel. */
  count = 0
  capacity = 0
  /** The records. Signed, because V8 takes unsigned words for floating-point numbers where it cannot see that they are small. */
  words = new Int32Array(0)
  /** The same memory in numbers of 64 bits. */
  numbers = new Float64Array(0)

  /** For each bucket the first node of its chain, or -1, and that node's hash: most that is sought is not there, or is the first. */
  private heads = new Int32Array(0)
  private free = new Int32Array(0)
  private freeCount = 0
  private readonly seed: number
  private lastSweep = -Infinity

  constructor(most: number, seed: number) {
    this.most = Math.max(1, most)
    this.seed = seed | 0
    this.grow(Math.min(FIRST_CAPACITY, this.most))
  }

  /** IPS_* bits (status.ts). */
  statusOf(entry: number): number {
    return this.words[entry * RECORD + STATUS]!
  }

  setStatus(entry: number, status: number): void {
    this.words[entry * RECORD + STATUS] = status
  }

  addStatus(entry: number, bits: number): void {
    this.words[entry * RECORD + STATUS]! |= bits
  }

  /** Nanoseconds. */
  expiresOf(entry: number): number {
    return this.numbers[entry * (RECORD / 2) + EXPIRES]!
  }

  setExpires(entry: number, at: number): void {
    this.numbers[entry * (RECORD / 2) + EXPIRES] = at
  }

  generationOf(entry: number): number {
    return this.words[entry * RECORD + GENERATION]!
  }

  phaseOf(entry: number): number {
    return this.words[entry * RECORD + PHASE]!
  }

  setPhase(entry: number, phase: number): void {
    this.words[entry * RECORD + PHASE] = phase
  }

  markOf(entry: number): number {
    return this.words[entry * RECORD + MARK]! >>> 0
  }

  setMark(entry: number, mark: number): void {
    this.words[entry * RECORD + MARK] = mark
  }

  /** A tuple's word of ports, and that of family, protocol and zone. */
  portsOf(node: number): number {
    return this.words[shortTuple(node) + 2]! >>> 0
  }

  kindOf(node: number): number {
    return this.words[shortTuple(node) + 3]! >>> 0
  }

  /** Writes a node's ten words (tuple.ts). */
  readTuple(node: number, into: Uint32Array): void {
    const { words } = this
    const short = shortTuple(node)
    const wide = wideTuple(node)
    into[0] = words[short]!
    into[4] = words[short + 1]!
    into[PORTS] = words[short + 2]!
    into[KIND] = words[short + 3]!
    for (let word = 0; word < 3; word++) {
      into[1 + word] = words[wide + word]!
      into[5 + word] = words[wide + 3 + word]!
    }
  }

  /** The tuple of a node that is in no hash. */
  writeTuple(node: number, from: Uint32Array): void {
    const { words } = this
    const short = shortTuple(node)
    words[short] = from[0]!
    words[short + 1] = from[4]!
    words[short + 2] = from[PORTS]!
    words[short + 3] = from[KIND]!
    const wide = wideTuple(node)
    for (let word = 0; word < 3; word++) {
      words[wide + word] = from[1 + word]!
      words[wide + 3 + word] = from[5 + word]!
    }
  }

  /** The node of a live connection with this tuple (entry * 2 + direction), or -1. An expired one that it meets is removed. */
  find(tuple: Uint32Array, now: number): number {
    const { heads, words } = this
    const sought = hash(tuple, this.seed)
    const bucket = (sought << 1) & (heads.length - 1)
    let node = heads[bucket]!
    if (node < 0) return -1
    let found = heads[bucket + 1]!
    for (;;) {
      const link = (node >> 1) * RECORD + (node & 1)
      const following = words[link + NEXT]!
      if (found === sought && this.equals(node, tuple)) {
        if (this.expiresOf(node >> 1) > now) return node
        this.remove(node >> 1)
      }
      if (following < 0) return -1
      node = following
      found = words[(node >> 1) * RECORD + (node & 1) + HASH]!
    }
  }

  /** A new entry, in no hash yet, its state all zero; -1: the table is full and nothing could be given up. */
  allocate(tuple: Uint32Array, reply: Uint32Array, now: number): number {
    if (this.count >= this.most && !this.makeRoom(tuple, now)) return -1
    if (this.freeCount === 0) this.expand(now)
    const entry = this.free[--this.freeCount]!
    this.count++
    this.writeTuple(entry * 2, tuple)
    this.writeTuple(entry * 2 + 1, reply)
    this.setExpires(entry, now)
    const { words } = this
    const at = entry * RECORD
    words[at + STATUS] = 0
    words[at + MARK] = 0
    words[at + PHASE] = 0
    // A call of fill costs more than these few words.
    for (let word = at + STATE; word < at + STATE + STATE_WORDS; word++) words[word] = 0
    return entry
  }

  /** Puts a new entry into the hash. */
  confirm(entry: number): void {
    this.addStatus(entry, CONFIRMED)
    this.link(entry * 2)
    this.link(entry * 2 + 1)
  }

  /** Frees an entry, confirmed or not. */
  remove(entry: number): void {
    if (this.statusOf(entry) & CONFIRMED) {
      this.unlink(entry * 2)
      this.unlink(entry * 2 + 1)
    }
    const { words } = this
    const at = entry * RECORD
    words[at + STATUS] = 0
    words[at + GENERATION] = (words[at + GENERATION]! + 1) & 0x7fffffff
    this.setExpires(entry, -Infinity)
    this.free[this.freeCount++] = entry
    this.count--
  }

  /** Calls back with each live entry. */
  forEach(now: number, visit: (entry: number) => void): void {
    for (let entry = 0; entry < this.capacity; entry++)
      if (this.statusOf(entry) & CONFIRMED && this.expiresOf(entry) > now) visit(entry)
  }

  private equals(node: number, tuple: Uint32Array): boolean {
    const { words } = this
    const at = shortTuple(node)
    const kind = tuple[KIND]! | 0
    if (
      words[at + 2] !== (tuple[PORTS]! | 0) ||
      words[at] !== (tuple[0]! | 0) ||
      words[at + 1] !== (tuple[4]! | 0) ||
      words[at + 3] !== kind
    )
      return false
    // The other words of an IPv4 address are zero.
    if (!isSix(kind)) return true
    const wide = wideTuple(node)
    return (
      words[wide + 2] === (tuple[3]! | 0) &&
      words[wide + 5] === (tuple[7]! | 0) &&
      words[wide + 1] === (tuple[2]! | 0) &&
      words[wide + 4] === (tuple[6]! | 0) &&
      words[wide] === (tuple[1]! | 0) &&
      words[wide + 3] === (tuple[5]! | 0)
    )
  }

  private link(node: number): void {
    this.words[linkOf(node) + HASH] = this.hashOf(node)
    this.chain(node)
  }

  private hashOf(node: number): number {
    const { words } = this
    const at = shortTuple(node)
    const kind = words[at + 3]!
    let value = mix(mix(mix(this.seed, words[at]!), words[at + 1]!), words[at + 2]!) ^ kind
    if (isSix(kind)) {
      const wide = wideTuple(node)
      for (let word = 0; word < WIDE_WORDS; word++) value = mix(value, words[wide + word]!)
    }
    return finish(value)
  }

  private chain(node: number): void {
    const { heads, words } = this
    const at = linkOf(node)
    const bucket = (words[at + HASH]! << 1) & (heads.length - 1)
    words[at + NEXT] = heads[bucket]!
    heads[bucket] = node
    heads[bucket + 1] = words[at + HASH]!
  }

  private unlink(node: number): void {
    const { heads, words } = this
    const link = linkOf(node)
    const bucket = (words[link + HASH]! << 1) & (heads.length - 1)
    const following = words[link + NEXT]!
    let at = heads[bucket]!
    if (at === node) {
      heads[bucket] = following
      if (following >= 0) heads[bucket + 1] = words[linkOf(following) + HASH]!
      return
    }
    while (at >= 0 && words[linkOf(at) + NEXT] !== node) at = words[linkOf(at) + NEXT]!
    if (at >= 0) words[linkOf(at) + NEXT] = following
  }

  /**
   * The table is full: expired entries go first (the kernel's garbage collector would have found them by now, at most once a second
   * here), then a connection that is not assured, near the new one's hash chain (early_drop in nf_conntrack_core.c).
   */
  private makeRoom(tuple: Uint32Array, now: number): boolean {
    if (now - this.lastSweep >= 1e9) this.sweep(now)
    if (this.count < this.most) return true
    const start = hash(tuple, this.seed) << 1
    for (let bucket = 0; bucket < EVICTION_RANGE; bucket++) {
      let victim = -1
      let node = this.heads[(start + bucket * 2) & (this.heads.length - 1)]!
      for (; node >= 0; node = this.words[linkOf(node) + NEXT]!) {
        const entry = node >> 1
        if (this.expiresOf(entry) <= now || !(this.statusOf(entry) & ASSURED)) victim = entry
      }
      if (victim >= 0) {
        this.remove(victim)
        return true
      }
    }
    return false
  }

  private sweep(now: number): void {
    this.lastSweep = now
    for (let entry = 0; entry < this.capacity; entry++)
      if (this.statusOf(entry) & CONFIRMED && this.expiresOf(entry) <= now) this.remove(entry)
  }

  /** No free entry: what has expired is used again; if that is little, the arrays double. */
  private expand(now: number): void {
    this.sweep(now)
    if (this.freeCount > this.capacity >> 2 || this.capacity >= this.most) return
    this.grow(Math.min(this.capacity * 2, this.most))
  }

  private grow(capacity: number): void {
    const before = this.capacity
    this.capacity = capacity
    const words = new Int32Array(capacity * RECORD)
    words.set(this.words)
    this.words = words
    this.numbers = new Float64Array(words.buffer)
    const free = new Int32Array(capacity)
    free.set(this.free)
    this.free = free
    for (let entry = capacity - 1; entry >= before; entry--) this.free[this.freeCount++] = entry
    let buckets = 64
    while (buckets < capacity * 2) buckets *= 2
    this.heads = new Int32Array(buckets * 2).fill(-1)
    for (let entry = 0; entry < before; entry++)
      if (this.statusOf(entry) & CONFIRMED) {
        this.chain(entry * 2)
        this.chain(entry * 2 + 1)
      }
  }
}

/** Where a node's four short words stand. */
function shortTuple(node: number): number {
  return (node >> 1) * RECORD + (node & 1) * SHORT_TUPLE
}

function wideTuple(node: number): number {
  return (node >> 1) * RECORD + WIDE_TUPLE + (node & 1) * WIDE_WORDS
}

/** What NEXT and HASH count from. */
function linkOf(node: number): number {
  return (node >> 1) * RECORD + (node & 1)
}

function isSix(kind: number): boolean {
  return (kind & 0xff00) === 0x600
}

/** Mixes the words of a tuple (the multipliers are MurmurHash3's) to a signed number of 32 bits: `hashOf` of one that is in no record. */
function hash(words: Uint32Array, seed: number): number {
  const kind = words[KIND]! | 0
  let value = mix(mix(mix(seed, words[0]! | 0), words[4]! | 0), words[PORTS]! | 0) ^ kind
  if (isSix(kind)) {
    value = mix(mix(mix(value, words[1]! | 0), words[2]! | 0), words[3]! | 0)
    value = mix(mix(mix(value, words[5]! | 0), words[6]! | 0), words[7]! | 0)
  }
  return finish(value)
}

function mix(value: number, word: number): number {
  const mixed = value ^ Math.imul(word, 0xcc9e2d51)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function finish(mixed: number): number {
  let value = mixed ^ (mixed >>> 16)
  value = Math.imul(value, 0x85ebca6b)
  return value ^ (value >>> 13)
}
