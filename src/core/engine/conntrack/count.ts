import type { Packet } from "../../packet/packet.js"
import type { ConnectionCounter, Run } from "../../ruleset/runtime.js"
import { isAlive } from "./connection.js"
import type { Conntrack } from "./conntrack.js"

/** How many dead connections one count removes at most (CONNCOUNT_GC_MAX_NODES in nf_conncount.c); more stay, and count. */
const MOST_REMOVED = 8

/**
 * Counts connections as net/netfilter/nf_conncount.c does: a list for a rule, or for each element of a set. It is looked through when
 * it is asked, and then the dead are dropped: those that are gone, and TCP connections in TIME_WAIT or CLOSE.
 */
export class ConnectionCounts implements ConnectionCounter {
  private readonly conntrack: Conntrack
  /** First node of each element's list; a rule's own list is element 0. */
  private heads = new Int32Array(16).fill(-1)
  private counts = new Int32Array(16)
  private next = new Int32Array(64)
  private entries = new Int32Array(64)
  private generations = new Uint32Array(64)
  private free = -1
  private used = 0

  constructor(conntrack: Conntrack) {
    this.conntrack = conntrack
  }

  count(_packet: Packet, run: Run): number {
    const list = Math.max(run.element, 0)
    if (list >= this.heads.length) this.growLists(list + 1)
    const { table, entry } = this.conntrack
    if (entry < 0) return this.counts[list]!
    const generation = table.generation[entry]!
    let removed = 0
    let previous = -1
    for (let node = this.heads[list]!; node >= 0; ) {
      if (removed > MOST_REMOVED) break
      const following = this.next[node]!
      const same = this.entries[node] === entry && this.generations[node] === generation
      if (same) return this.counts[list]!
      if (!isAlive(table, this.entries[node]!, this.generations[node]!, run.now)) {
        if (previous < 0) this.heads[list] = following
        else this.next[previous] = following
        this.put(node)
        this.counts[list]!--
        removed++
      } else previous = node
      node = following
    }
    const node = this.take()
    this.entries[node] = entry
    this.generations[node] = generation
    this.next[node] = this.heads[list]!
    this.heads[list] = node
    return ++this.counts[list]!
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
    const counts = new Int32Array(size)
    counts.set(this.counts)
    this.counts = counts
  }
}
