import type { Packet } from "../../packet/packet.js"
import type { ConnectionCounter, Run } from "../../ruleset/runtime.js"
import { isClosed } from "./connection.js"
import type { Conntrack } from "./conntrack.js"
import { TUPLE_WORDS } from "./layout.js"
import { ASSURED, CONFIRMED } from "./status.js"
import { tupleOf } from "./tuple.js"

/** How many dead connections one count removes at most (CONNCOUNT_GC_MAX_NODES in nf_conncount.c); more stay, and count. */
const MOST_REMOVED = 8
/** A list is cleared of the dead once a tick of the kernel's clock: CONFIG_HZ=250, Debian's. */
const TICK = 4_000_000

/**
 * Counts connections as net/netfilter/nf_conncount.c of Linux 6.18 does: a list for a rule, or for each element of a set, to which a
 * connection's packets add it unless it is there. When a list is asked, the dead are dropped from it: those that are gone, and TCP
 * connections in TIME_WAIT or CLOSE. A connection that is assured is never added, so one that is older than the rule stays out; one that is
 * confirmed and not assured is looked for each time, so that the packets of a burst count once; a packet without one (invalid, untracked) is taken
 * for one of the connection that has its addresses and ports, under its own; where there is none it is added too, and stays if there is one by the time of the next look.
 */
export class ConnectionCounts implements ConnectionCounter {
  private readonly conntrack: Conntrack
  /** First node of each element's list; a rule's own list is element 0. */
  private heads = new Int32Array(16).fill(-1)
  /** And the last one: what is new goes behind it, and is looked at last. Says nothing of an empty list. */
  private tails = new Int32Array(16).fill(-1)
  private counts = new Int32Array(16)
  private clearedAt = new Float64Array(16).fill(-1)
  private next = new Int32Array(64)
  private entries = new Int32Array(64)
  private generations = new Uint32Array(64)
  private tuples = new Uint32Array(64 * TUPLE_WORDS)
  private readonly tuple = new Uint32Array(TUPLE_WORDS)
  private readonly sought = new Uint32Array(TUPLE_WORDS)
  private free = -1
  private used = 0

  constructor(conntrack: Conntrack) {
    this.conntrack = conntrack
  }

  /** `isFirst`: an empty list takes an assured connection too. */
  count(packet: Packet, run: Run, isFirst = false): number {
    const list = Math.max(0, run.element)
    if (list >= this.heads.length) this.growLists(list + 1)
    const { table } = this.conntrack
    const { tuple } = this
    let { entry } = this.conntrack
    let status = 0
    if (entry >= 0) {
      status = table.statusOf(entry)
      table.readTuple(entry * 2, tuple)
    } else {
      if (packet.transportOffset < 0) return -1
      tupleOf(packet, tuple)
      const found = table.find(tuple, run.now)
      if (found >= 0) {
        entry = found >> 1
        status = table.statusOf(entry)
      }
    }
    const tick = Math.floor(run.now / TICK)
    const isCleared = this.clearedAt[list] === tick
    if (status & ASSURED && !isFirst) {
      if (!isCleared) {
        this.dropDead(list, run.now, false)
        this.clearedAt[list] = tick
      }
      return this.counts[list]!
    }
    // Within a tick the list is not gone through for a connection that is new.
    const isLookedFor = !isCleared || (status & CONFIRMED) !== 0
    if (isLookedFor && this.dropDead(list, run.now, true)) return this.counts[list]!
    this.clearedAt[list] = tick
    const node = this.take()
    this.entries[node] = entry
    this.generations[node] = entry >= 0 ? table.generationOf(entry) : 0
    this.tuples.set(tuple, node * TUPLE_WORDS)
    this.next[node] = -1
    if (this.heads[list]! < 0) this.heads[list] = node
    else this.next[this.tails[list]!] = node
    this.tails[list] = node
    return ++this.counts[list]!
  }

  giveUp(element: number, now: number): boolean {
    if (element >= this.heads.length) return true
    for (let node = this.heads[element]!; node >= 0; node = this.next[node]!)
      if (this.isThere(node, now) && !isClosed(this.conntrack.table, this.entries[node]!)) return false
    this.clear(element)
    return true
  }

  /** Drops some of the dead. `untilOwn`: the connection in `tuple` ends the search where it is alive, even if it is closed, and the answer is true. */
  private dropDead(list: number, now: number, untilOwn: boolean): boolean {
    let removed = 0
    let previous = -1
    for (let node = this.heads[list]!; node >= 0 && removed <= MOST_REMOVED; ) {
      const following = this.next[node]!
      const isThere = this.isThere(node, now)
      if (isThere && untilOwn && this.isOwn(node)) return true
      if (isThere && !isClosed(this.conntrack.table, this.entries[node]!)) previous = node
      else {
        if (previous < 0) this.heads[list] = following
        else this.next[previous] = following
        if (following < 0) this.tails[list] = previous
        this.put(node)
        this.counts[list]!--
        removed++
      }
      node = following
    }
    return false
  }

  private isOwn(node: number): boolean {
    const at = node * TUPLE_WORDS
    for (let word = 0; word < TUPLE_WORDS; word++)
      if (this.tuples[at + word] !== this.tuple[word]) return false
    return true
  }

  /** Is there a connection with the node's tuple? Mostly it is the one that was counted. */
  private isThere(node: number, now: number): boolean {
    const { table } = this.conntrack
    const entry = this.entries[node]!
    if (entry < 0 || table.generationOf(entry) !== this.generations[node] || table.expiresOf(entry) <= now) {
      const at = node * TUPLE_WORDS
      for (let word = 0; word < TUPLE_WORDS; word++) this.sought[word] = this.tuples[at + word]!
      const found = table.find(this.sought, now)
      if (found < 0) return false
      this.entries[node] = found >> 1
      this.generations[node] = table.generationOf(found >> 1)
    }
    return true
  }

  /** The element is a new one: nothing is counted. */
  clear(element: number): void {
    if (element >= this.heads.length) return
    for (let node = this.heads[element]!; node >= 0; ) {
      const following = this.next[node]!
      this.put(node)
      node = following
    }
    this.heads[element] = -1
    this.counts[element] = 0
    this.clearedAt[element] = -1
  }

  private take(): number {
    if (this.free >= 0) {
      const node = this.free
      this.free = this.next[node]!
      return node
    }
    if (this.used === this.next.length) {
      const size = this.used * 2
      const next = new Int32Array(size)
      next.set(this.next)
      this.next = next
      const entries = new Int32Array(size)
      entries.set(this.entries)
      this.entries = entries
      const generations = new Uint32Array(size)
      generations.set(this.generations)
      this.generations = generations
      const tuples = new Uint32Array(size * TUPLE_WORDS)
      tuples.set(this.tuples)
      this.tuples = tuples
    }
    return this.used++
  }

  private put(node: number): void {
    this.next[node] = this.free
    this.free = node
  }

  private growLists(least: number): void {
    const size = Math.max(least, this.heads.length * 2)
    const heads = new Int32Array(size).fill(-1)
    heads.set(this.heads)
    this.heads = heads
    const tails = new Int32Array(size).fill(-1)
    tails.set(this.tails)
    this.tails = tails
    const counts = new Int32Array(size)
    counts.set(this.counts)
    this.counts = counts
    const clearedAt = new Float64Array(size).fill(-1)
    clearedAt.set(this.clearedAt)
    this.clearedAt = clearedAt
  }
}
