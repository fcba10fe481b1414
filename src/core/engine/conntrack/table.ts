import { KIND, PORTS, STATE_WORDS, TUPLE_WORDS } from "./layout.js"
import { ASSURED, CONFIRMED } from "./status.js"

const FIRST_CAPACITY = 1024
/** How many hash chains early drop looks at before it gives up (NF_CT_EVICTION_RANGE). */
const EVICTION_RANGE = 8

/**
 * The connections: typed arrays, grown by doubling up to `most` entries, and one hash table with both directions of each.
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
  tuples = new Uint32Array(0)
  expires = new Float64Array(0)
  status = new Uint32Array(0)
  mark = new Uint32Array(0)
  generation = new Uint32Array(0)
  /** A tracker's own numbers (a TCP state). */
  phase = new Uint8Array(0)
  /** Its other numbers. Signed, because V8 takes unsigned ones for floating-point numbers where it cannot see that they are small. */
  state = new Int32Array(0)
  /** When a UDP flow counts as a stream. */
  streamAfter = new Float64Array(0)

  private heads = new Int32Array(0)
  /** Two words for each node: the next node of its chain, and its hash, so that most others in a chain are told apart without a look at their tuples. */
  private links = new Int32Array(0)
  private free = new Int32Array(0)
  private freeCount = 0
  private readonly seed: number
  private lastSweep = -Infinity

  constructor(most: number, seed: number) {
    this.most = Math.max(1, most)
    this.seed = seed | 0
    this.grow(Math.min(FIRST_CAPACITY, this.most))
  }

  /** The node of a live connection with this tuple (entry * 2 + direction), or -1. An expired one that it meets is removed. */
  find(tuple: Uint32Array, now: number): number {
    const { heads, links } = this
    const sought = hash(tuple, 0, this.seed)
    let node = heads[sought & (heads.length - 1)]!
    while (node >= 0) {
      const following = links[node * 2]!
      if (links[node * 2 + 1] === sought && this.equals(node * TUPLE_WORDS, tuple)) {
        if (this.expires[node >> 1]! > now) return node
        this.remove(node >> 1)
      }
      node = following
    }
    return -1
  }

  /** A new entry, in no hash yet, its state all zero; -1: the table is full and nothing could be given up. */
  allocate(tuple: Uint32Array, reply: Uint32Array, now: number): number {
    if (this.count >= this.most && !this.makeRoom(tuple, now)) return -1
    if (this.freeCount === 0) this.expand(now)
    const entry = this.free[--this.freeCount]!
    this.count++
    const at = entry * 2 * TUPLE_WORDS
    const { tuples } = this
    for (let word = 0; word < TUPLE_WORDS; word++) {
      tuples[at + word] = tuple[word]!
      tuples[at + TUPLE_WORDS + word] = reply[word]!
    }
    this.expires[entry] = now
    this.status[entry] = 0
    this.mark[entry] = 0
    this.phase[entry] = 0
    const { state } = this
    // A call of fill costs more than these few words.
    for (let word = entry * STATE_WORDS; word < (entry + 1) * STATE_WORDS; word++) state[word] = 0
    return entry
  }

  /** Puts a new entry into the hash. */
  confirm(entry: number): void {
    this.status[entry]! |= CONFIRMED
    this.link(entry * 2)
    this.link(entry * 2 + 1)
  }

  /** Frees an entry, confirmed or not. */
  remove(entry: number): void {
    if (this.status[entry]! & CONFIRMED) {
      this.unlink(entry * 2)
      this.unlink(entry * 2 + 1)
    }
    this.status[entry] = 0
    this.generation[entry]!++
    this.expires[entry] = -Infinity
    this.free[this.freeCount++] = entry
    this.count--
  }

  /** Calls back with each live entry. */
  forEach(now: number, visit: (entry: number) => void): void {
    for (let entry = 0; entry < this.capacity; entry++)
      if (this.status[entry]! & CONFIRMED && this.expires[entry]! > now) visit(entry)
  }

  private equals(at: number, tuple: Uint32Array): boolean {
    const { tuples } = this
    return (
      tuples[at + PORTS] === tuple[PORTS] &&
      tuples[at] === tuple[0] &&
      tuples[at + 4] === tuple[4] &&
      tuples[at + KIND] === tuple[KIND] &&
      // The other words of an IPv4 address are zero.
      (!isSix(tuple[KIND]!) ||
        (tuples[at + 3] === tuple[3] &&
          tuples[at + 7] === tuple[7] &&
          tuples[at + 2] === tuple[2] &&
          tuples[at + 6] === tuple[6] &&
          tuples[at + 1] === tuple[1] &&
          tuples[at + 5] === tuple[5]))
    )
  }

  private link(node: number): void {
    this.links[node * 2 + 1] = hash(this.tuples, node * TUPLE_WORDS, this.seed)
    this.chain(node)
  }

  private chain(node: number): void {
    const { heads, links } = this
    const bucket = links[node * 2 + 1]! & (heads.length - 1)
    links[node * 2] = heads[bucket]!
    heads[bucket] = node
  }

  private unlink(node: number): void {
    const { heads, links } = this
    const bucket = links[node * 2 + 1]! & (heads.length - 1)
    let at = heads[bucket]!
    if (at === node) {
      heads[bucket] = links[node * 2]!
      return
    }
    while (at >= 0 && links[at * 2] !== node) at = links[at * 2]!
    if (at >= 0) links[at * 2] = links[node * 2]!
  }

  /**
   * The table is full: expired entries go first (the kernel's garbage collector would have found them by now, at most once a second
   * here), then a connection that is not assured, near the new one's hash chain (early_drop in nf_conntrack_core.c).
   */
  private makeRoom(tuple: Uint32Array, now: number): boolean {
    if (now - this.lastSweep >= 1e9) this.sweep(now)
    if (this.count < this.most) return true
    const mask = this.heads.length - 1
    const start = hash(tuple, 0, this.seed)
    for (let bucket = 0; bucket < EVICTION_RANGE; bucket++) {
      let victim = -1
      for (let node = this.heads[(start + bucket) & mask]!; node >= 0; node = this.links[node * 2]!) {
        const entry = node >> 1
        if (this.expires[entry]! <= now || !(this.status[entry]! & ASSURED)) victim = entry
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
      if (this.status[entry]! & CONFIRMED && this.expires[entry]! <= now) this.remove(entry)
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
    this.tuples = longer(this.tuples, new Uint32Array(capacity * 2 * TUPLE_WORDS))
    this.expires = longer(this.expires, new Float64Array(capacity))
    this.status = longer(this.status, new Uint32Array(capacity))
    this.mark = longer(this.mark, new Uint32Array(capacity))
    this.generation = longer(this.generation, new Uint32Array(capacity))
    this.phase = longer(this.phase, new Uint8Array(capacity))
    this.state = longer(this.state, new Int32Array(capacity * STATE_WORDS))
    this.streamAfter = longer(this.streamAfter, new Float64Array(capacity))
    this.free = longer(this.free, new Int32Array(capacity))
    for (let entry = capacity - 1; entry >= before; entry--) this.free[this.freeCount++] = entry
    this.links = longer(this.links, new Int32Array(capacity * 4))
    let buckets = 64
    while (buckets < capacity * 2) buckets *= 2
    this.heads = new Int32Array(buckets).fill(-1)
    for (let entry = 0; entry < before; entry++)
      if (this.status[entry]! & CONFIRMED) {
        this.chain(entry * 2)
        this.chain(entry * 2 + 1)
      }
  }
}

function longer<Words extends Uint32Array | Int32Array | Uint8Array | Float64Array>(
  from: Words,
  into: Words,
): Words {
  into.set(from)
  return into
}

function isSix(kind: number): boolean {
  return (kind & 0xff00) === 0x600
}

/** Mixes the words of a tuple (the multipliers are MurmurHash3's) to a signed number of 32 bits. */
function hash(words: Uint32Array, at: number, seed: number): number {
  let value = mix(mix(mix(seed, words[at]!), words[at + 4]!), words[at + PORTS]!) ^ words[at + KIND]!
  if (isSix(words[at + KIND]!)) {
    value = mix(mix(mix(value, words[at + 1]!), words[at + 2]!), words[at + 3]!)
    value = mix(mix(mix(value, words[at + 5]!), words[at + 6]!), words[at + 7]!)
  }
  value ^= value >>> 16
  value = Math.imul(value, 0x85ebca6b)
  value ^= value >>> 13
  return value
}

function mix(value: number, word: number): number {
  const mixed = value ^ Math.imul(word, 0xcc9e2d51)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}
