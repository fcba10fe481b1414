import type { Packet } from "../../packet/packet.js"
import type { ConnectionCounter, Run } from "../../ruleset/runtime.js"
import { isClosed } from "./connection.js"
import type { Conntrack } from "./conntrack.js"
import { PORTS, TUPLE_WORDS } from "./layout.js"
import { ASSURED, CONFIRMED } from "./status.js"
import { tupleOf } from "./tuple.js"

/** How many dead connections one count removes at most (CONNCOUNT_GC_MAX_NODES in nf_conncount.c); more stay, and count. */
const MOST_REMOVED = 8
/** A list is cleared of the dead once a tick of the kernel's clock: CONFIG_HZ=250, Debian's. */
const TICK = 4_000_000

/** A node's record, so that who goes through a list of hundreds fetches one line of memory for four of them: the node behind it, its connection, and the ports of what was counted. */
const NODE = 4
const NEXT = 0
const ENTRY = 1
const GENERATION = 2
const ENDS = 3

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
  private nodes = new Int32Array(64 * NODE)
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
    const { nodes, tuples } = this
    const at = node * NODE
    nodes[at + NEXT] = -1
    nodes[at + ENTRY] = entry
    nodes[at + GENERATION] = entry >= 0 ? table.generationOf(entry) : 0
    nodes[at + ENDS] = tuple[PORTS]!
    // A call of set costs more than these few.
    for (let word = 0; word < TUPLE_WORDS; word++) tuples[node * TUPLE_WORDS + word] = tuple[word]!
    if (this.heads[list]! < 0) this.heads[list] = node
    else nodes[this.tails[list]! * NODE + NEXT] = node
    this.tails[list] = node
    return ++this.counts[list]!
  }

  giveUp(element: number, now: number): boolean {
    if (element >= this.heads.length) return true
    const { nodes } = this
    for (let node = this.heads[element]!; node >= 0; node = nodes[node * NODE + NEXT]!)
      if (this.isThere(node, now) && !isClosed(this.conntrack.table, nodes[node * NODE + ENTRY]!))
        return false
    this.clear(element)
    return true
  }

  /** Drops some of the dead. `untilOwn`: the connection in `tuple` ends the search where it is alive, even if it is closed, and the answer is true. */
  private dropDead(list: number, now: number, untilOwn: boolean): boolean {
    const { nodes } = this
    const { table } = this.conntrack
    const ends = this.tuple[PORTS]! | 0
    let removed = 0
    let previous = -1
    for (let node = this.heads[list]!; node >= 0 && removed <= MOST_REMOVED; ) {
      const at = node * NODE
      const following = nodes[at + NEXT]!
      const isThere = this.isThere(node, now)
      if (isThere && untilOwn && nodes[at + ENDS] === ends && this.isOwn(node)) return true
      if (isThere && !isClosed(table, nodes[at + ENTRY]!)) previous = node
      else {
        if (previous < 0) this.heads[list] = following
        else nodes[previous * NODE + NEXT] = following
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
    const { nodes } = this
    const { table } = this.conntrack
    const at = node * NODE
    const entry = nodes[at + ENTRY]!
    if (entry >= 0 && table.generationOf(entry) === nodes[at + GENERATION] && table.expiresOf(entry) > now)
      return true
    return this.isThereAgain(node, now)
  }

  /** The connection that was counted is gone: is there another with its addresses and ports? */
  private isThereAgain(node: number, now: number): boolean {
    const { table } = this.conntrack
    const from = node * TUPLE_WORDS
    for (let word = 0; word < TUPLE_WORDS; word++) this.sought[word] = this.tuples[from + word]!
    const found = table.find(this.sought, now)
    if (found < 0) return false
    this.nodes[node * NODE + ENTRY] = found >> 1
    this.nodes[node * NODE + GENERATION] = table.generationOf(found >> 1)
    return true
  }

  /** The element is a new one: nothing is counted. */
  clear(element: number): void {
    if (element >= this.heads.length) return
    for (let node = this.heads[element]!; node >= 0; ) {
      const following = this.nodes[node * NODE + NEXT]!
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
      this.free = this.nodes[node * NODE + NEXT]!
      return node
    }
    if (this.used * NODE === this.nodes.length) {
      const size = this.used * 2
      const nodes = new Int32Array(size * NODE)
      nodes.set(this.nodes)
      this.nodes = nodes
      const tuples = new Uint32Array(size * TUPLE_WORDS)
      tuples.set(this.tuples)
      this.tuples = tuples
    }
    return this.used++
  }

  private put(node: number): void {
    this.nodes[node * NODE + NEXT] = this.free
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
