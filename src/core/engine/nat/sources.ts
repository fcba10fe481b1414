import { KIND, PORTS, TUPLE_WORDS } from "../conntrack/layout.js"
import { CONFIRMED, SRC_NAT_DONE } from "../conntrack/status.js"
import type { ConnectionTable } from "../conntrack/table.js"

const FIRST_CAPACITY = 256

/**
 * Connections by the source that began them, so that one source keeps the address and port that it was translated to (the bysource hash of
 * nf_nat_core.c). One node for an entry of the table: what a given-up entry leaves behind is known by its generation, and goes when the
 * entry is used again.
 */
export class NatSources {
  private readonly table: ConnectionTable
  private heads = new Int32Array(FIRST_CAPACITY).fill(-1)
  private next = new Int32Array(FIRST_CAPACITY)
  private previous = new Int32Array(FIRST_CAPACITY)
  /** Bucket and generation that an entry was put in with; -1: in none. */
  private buckets = new Int32Array(FIRST_CAPACITY).fill(-1)
  private generations = new Uint32Array(FIRST_CAPACITY)
  private readonly known = new Uint32Array(TUPLE_WORDS)

  constructor(table: ConnectionTable) {
    this.table = table
  }

  add(entry: number): void {
    if (entry >= this.buckets.length) this.grow(entry + 1)
    if (this.buckets[entry]! >= 0) this.unlink(entry)
    this.generations[entry] = this.table.generationOf(entry)
    this.link(entry, this.bucketOfEntry(entry))
  }

  /** Calls back with each translated connection of the tuple's source, newest first, until the answer is true. */
  some(tuple: Uint32Array, visit: (entry: number) => boolean): boolean {
    const { table } = this
    for (let entry = this.heads[this.bucketOf(tuple)]!; entry >= 0; entry = this.next[entry]!) {
      if (this.generations[entry] !== table.generationOf(entry)) continue
      if ((table.statusOf(entry) & SRC_NAT_DONE) === 0) continue
      table.readTuple(entry * 2, this.known)
      if (!isSameSource(this.known, tuple)) continue
      if (visit(entry)) return true
    }
    return false
  }

  private bucketOfEntry(entry: number): number {
    this.table.readTuple(entry * 2, this.known)
    return this.bucketOf(this.known)
  }

  private bucketOf(tuple: Uint32Array): number {
    let value = tuple[0]! ^ Math.imul(tuple[3]!, 0x9e3779b1) ^ (tuple[PORTS]! >>> 16)
    value = Math.imul(value ^ (value >>> 15) ^ tuple[1]! ^ tuple[2]!, 0x85ebca6b)
    return (value ^ (value >>> 13)) & (this.heads.length - 1)
  }

  private link(entry: number, bucket: number): void {
    const head = this.heads[bucket]!
    this.buckets[entry] = bucket
    this.next[entry] = head
    this.previous[entry] = -1
    if (head >= 0) this.previous[head] = entry
    this.heads[bucket] = entry
  }

  private unlink(entry: number): void {
    const next = this.next[entry]!
    const previous = this.previous[entry]!
    if (next >= 0) this.previous[next] = previous
    if (previous >= 0) this.next[previous] = next
    else this.heads[this.buckets[entry]!] = next
    this.buckets[entry] = -1
  }

  private grow(least: number): void {
    let size = this.buckets.length
    while (size < least) size *= 2
    const { buckets, table } = this
    const generations = new Uint32Array(size)
    generations.set(this.generations)
    this.generations = generations
    this.next = new Int32Array(size)
    this.previous = new Int32Array(size)
    this.buckets = new Int32Array(size).fill(-1)
    this.heads = new Int32Array(size).fill(-1)
    for (let entry = 0; entry < buckets.length; entry++)
      if (
        buckets[entry]! >= 0 &&
        generations[entry] === table.generationOf(entry) &&
        table.statusOf(entry) & (CONFIRMED | SRC_NAT_DONE)
      )
        this.link(entry, this.bucketOfEntry(entry))
  }
}

/** Address, port and protocol of the source. */
function isSameSource(known: Uint32Array, tuple: Uint32Array): boolean {
  return (
    known[0] === tuple[0] &&
    known[1] === tuple[1] &&
    known[2] === tuple[2] &&
    known[3] === tuple[3] &&
    known[KIND] === tuple[KIND] &&
    known[PORTS]! >>> 16 === tuple[PORTS]! >>> 16
  )
}
