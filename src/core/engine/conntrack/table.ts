import type { Packet } from "../../packet/packet.js"
import {
  EXPIRES,
  GENERATION,
  HASH,
  KIND,
  MARK,
  PHASE,
  PORTS,
  RECORD,
  SHORT_TUPLE,
  STATE,
  STATE_WORDS,
  STATUS,
  WIDE_RECORD,
  WIDE_WORDS,
} from "./layout.js"
import { NodeIndex } from "./node-index.js"
import { ASSURED, CONFIRMED } from "./status.js"

const FIRST_CAPACITY = 1024
/** How many slots early drop looks at before it gives up: the kernel's eight chains hold as many nodes when its table is full (NF_CT_EVICTION_RANGE). */
const EVICTION_RANGE = 32

/**
 * The connections: a record of each (layout.ts), grown by doubling up to `most`, and one index of both directions of each.
 *
 * An entry is a number. Node 2n is the original direction of entry n, node 2n+1 its reply. An entry that is not confirmed is not in the
 * index: a packet that is dropped on its way leaves no connection. `generation` changes when an entry is freed, so that (entry,
 * generation) names a connection for good.
 */
export class ConnectionTable {
  readonly most: number
  /** What hashes begin with: a number that who sends packets cannot know. */
  readonly seed: number
  /** Entries in the index and the one being made. Expired entries that nobody has met yet are among them, as in the kernel. */
  count = 0
  capacity = 0
  /** The records. Signed, because V8 takes unsigned words for floating-point numbers where it cannot see that they are small. */
  words = new Int32Array(0)
  /** The same memory in numbers of 64 bits. */
  numbers = new Float64Array(0)

  /** What IPv6 has besides; empty until its first connection. */
  private wide = new Int32Array(0)
  private readonly index = new NodeIndex()
  private free = new Int32Array(0)
  private freeCount = 0
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
    into[0] = words[short]!
    into[4] = words[short + 1]!
    into[PORTS] = words[short + 2]!
    const kind = words[short + 3]!
    into[KIND] = kind
    const wide = isSix(kind) ? wideTuple(node) : -1
    for (let word = 0; word < 3; word++) {
      into[1 + word] = wide < 0 ? 0 : this.wide[wide + word]!
      into[5 + word] = wide < 0 ? 0 : this.wide[wide + 3 + word]!
    }
  }

  /** The tuple of a node that is not in the index. */
  writeTuple(node: number, from: Uint32Array): void {
    const { words } = this
    const short = shortTuple(node)
    const kind = from[KIND]!
    words[short] = from[0]!
    words[short + 1] = from[4]!
    words[short + 2] = from[PORTS]!
    words[short + 3] = kind
    words[hashPlace(node)] = hash(from, this.seed)
    if (isSix(kind)) this.writeWide(node, from)
  }

  /** The node of a live connection with this tuple (entry * 2 + direction), or -1. An expired one that it meets is removed. */
  find(tuple: Uint32Array, now: number): number {
    const { slots, mask } = this.index
    const sought = hash(tuple, this.seed)
    for (let at = (sought << 1) & mask; ; at = (at + 2) & mask) {
      const node = slots[at]! - 1
      if (node < 0) return -1
      if (slots[at + 1] !== sought || !this.equals(node, tuple)) continue
      if (this.expiresOf(node >> 1) > now) return node
      this.remove(node >> 1)
      // What lies behind it has moved.
      return this.find(tuple, now)
    }
  }

  /**
   * `find` for a packet of IPv4 with ports; removes nothing, and does not ask whether the connection's time is over. The packet's fields are read here and not handed over: unsigned words are
   * floating-point numbers where V8 hands them over.
   */
  peekFour(packet: Packet, kind: number): number {
    const { slots, mask } = this.index
    const { words } = this
    const source = packet.source0 | 0
    const destination = packet.destination0 | 0
    const ports = (packet.sourcePort << 16) | packet.destinationPort
    const sought = finish(hashFour(source, destination, ports, kind | 0, this.seed | 0))
    for (let at = (sought << 1) & mask; ; at = (at + 2) & mask) {
      const node = slots[at]! - 1
      if (node < 0) return -1
      if (slots[at | 1] !== sought) continue
      const short = shortTuple(node)
      if (
        words[short | 2] === ports &&
        words[short] === source &&
        words[short | 1] === destination &&
        words[short | 3] === kind
      )
        return node
    }
  }

  /** `find`, which removes nothing, and does not ask for the time. */
  peek(tuple: Uint32Array): number {
    const { slots, mask } = this.index
    const sought = hash(tuple, this.seed)
    for (let at = (sought << 1) & mask; ; at = (at + 2) & mask) {
      const node = slots[at]! - 1
      if (node < 0) return -1
      if (slots[at + 1] === sought && this.equals(node, tuple)) return node
    }
  }

  /** A new entry, not in the index yet, its state all zero; -1: the table is full and nothing could be given up. */
  allocate(tuple: Uint32Array, reply: Uint32Array, now: number): number {
    if (this.count >= this.most && !this.makeRoom(tuple, now)) return -1
    if (this.freeCount === 0) this.expand(now)
    const entry = this.free[--this.freeCount]!
    this.count++
    this.writeTuple(entry * 2, tuple)
    this.writeTuple(entry * 2 + 1, reply)
    const { words, numbers } = this
    const at = entry * RECORD
    words[at + STATUS] = 0
    words[at + MARK] = 0
    words[at + PHASE] = 0
    const half = entry * (RECORD / 2)
    numbers[half + EXPIRES] = now
    // A call of fill costs more than these few.
    for (let word = half + STATE / 2; word < half + (STATE + STATE_WORDS) / 2; word++) numbers[word] = 0
    return entry
  }

  /** Puts a new entry into the index. */
  confirm(entry: number): void {
    this.addStatus(entry, CONFIRMED)
    this.link(entry)
  }

  /** Frees an entry, confirmed or not. */
  remove(entry: number): void {
    const { words, index } = this
    const at = entry * RECORD
    if (words[at + STATUS]! & CONFIRMED) {
      index.remove(entry * 2, words[at + HASH]!)
      index.remove(entry * 2 + 1, words[at + HASH + 1]!)
    }
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
    return !isSix(kind) || this.equalsWide(node, tuple)
  }

  private equalsWide(node: number, tuple: Uint32Array): boolean {
    const { wide } = this
    const at = wideTuple(node)
    return (
      wide[at + 2] === (tuple[3]! | 0) &&
      wide[at + 5] === (tuple[7]! | 0) &&
      wide[at + 1] === (tuple[2]! | 0) &&
      wide[at + 4] === (tuple[6]! | 0) &&
      wide[at] === (tuple[1]! | 0) &&
      wide[at + 3] === (tuple[5]! | 0)
    )
  }

  private writeWide(node: number, from: Uint32Array): void {
    if (this.wide.length === 0) this.wide = new Int32Array(this.capacity * WIDE_RECORD)
    const at = wideTuple(node)
    for (let word = 0; word < 3; word++) {
      this.wide[at + word] = from[1 + word]!
      this.wide[at + 3 + word] = from[5 + word]!
    }
  }

  private link(entry: number): void {
    const { words, index } = this
    const at = entry * RECORD
    index.add(entry * 2, words[at + HASH]!)
    index.add(entry * 2 + 1, words[at + HASH + 1]!)
  }

  /**
   * The table is full: expired entries go first (the kernel's garbage collector would have found them by now, at most once a second
   * here), then a connection that is not assured, near the new one's place (early_drop in nf_conntrack_core.c).
   */
  private makeRoom(tuple: Uint32Array, now: number): boolean {
    if (now - this.lastSweep >= 1e9) this.sweep(now)
    if (this.count < this.most) return true
    const { slots, mask } = this.index
    const start = hash(tuple, this.seed) << 1
    for (let slot = 0; slot < EVICTION_RANGE; slot++) {
      const entry = (slots[(start + slot * 2) & mask]! - 1) >> 1
      if (entry < 0 || (this.expiresOf(entry) > now && this.statusOf(entry) & ASSURED)) continue
      this.remove(entry)
      return true
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
    this.words = enlarged(this.words, capacity * RECORD)
    this.numbers = new Float64Array(this.words.buffer)
    if (this.wide.length > 0) this.wide = enlarged(this.wide, capacity * WIDE_RECORD)
    this.free = enlarged(this.free, capacity)
    for (let entry = capacity - 1; entry >= before; entry--) this.free[this.freeCount++] = entry
    this.index.reset(capacity * 2)
    for (let entry = 0; entry < before; entry++) if (this.statusOf(entry) & CONFIRMED) this.link(entry)
  }
}

function enlarged(words: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length)
  larger.set(words)
  return larger
}

/** Where a node's four short words stand. */
function shortTuple(node: number): number {
  return (node >> 1) * RECORD + (node & 1) * SHORT_TUPLE
}

function hashPlace(node: number): number {
  return (node >> 1) * RECORD + HASH + (node & 1)
}

function wideTuple(node: number): number {
  return (node >> 1) * WIDE_RECORD + (node & 1) * WIDE_WORDS
}

function isSix(kind: number): boolean {
  return (kind & 0xff00) === 0x600
}

/** Mixes the words of a tuple to a signed number of 32 bits. The multipliers are MurmurHash3's. */
function hash(words: Uint32Array, seed: number): number {
  const kind = words[KIND]! | 0
  let value = hashFour(words[0]! | 0, words[4]! | 0, words[PORTS]! | 0, kind, seed)
  if (isSix(kind)) {
    value = mix(mix(mix(value, words[1]! | 0), words[2]! | 0), words[3]! | 0)
    value = mix(mix(mix(value, words[5]! | 0), words[6]! | 0), words[7]! | 0)
  }
  return finish(value)
}

/** Three turns of `mix`, written out: V8 copies only so many functions into one. */
function hashFour(source: number, destination: number, ports: number, kind: number, seed: number): number {
  let value = seed ^ Math.imul(source, 0xcc9e2d51)
  value = (Math.imul((value << 13) | (value >>> 19), 5) + 0xe6546b64) ^ Math.imul(destination, 0xcc9e2d51)
  value = (Math.imul((value << 13) | (value >>> 19), 5) + 0xe6546b64) ^ Math.imul(ports, 0xcc9e2d51)
  return (Math.imul((value << 13) | (value >>> 19), 5) + 0xe6546b64) ^ kind
}

function finish(value: number): number {
  const mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}

function mix(value: number, word: number): number {
  const mixed = value ^ Math.imul(word, 0xcc9e2d51)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}
