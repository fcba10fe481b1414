import { TCP } from "../../packet/packet.js"
import type { RunConnection } from "../../ruleset/runtime.js"
import type { Extras } from "./extras.js"
import { TUPLE_WORDS } from "./layout.js"
import { CONFIRMED, HELPER } from "./status.js"
import type { ConnectionTable } from "./table.js"
import { tcpIsClosed } from "./tcp.js"

/** One entry of the table, as rules ask for it. One object for the life of an engine; `entry` moves it. */
export class Connection implements RunConnection {
  entry = -1
  private readonly table: ConnectionTable
  private readonly extras: Extras
  private readonly words = new Uint32Array(16)
  private readonly tuple = new Uint32Array(TUPLE_WORDS)

  constructor(table: ConnectionTable, extras: Extras) {
    this.table = table
    this.extras = extras
  }

  get family(): number {
    return (this.kind(0) >>> 8) & 0xff
  }

  get protocol(): number {
    return this.kind(0) & 0xff
  }

  get tuples(): Uint32Array {
    const { table, words, tuple } = this
    for (let direction = 0; direction < 2; direction++) {
      table.readTuple(this.entry * 2 + direction, tuple)
      for (let word = 0; word < 8; word++) words[direction * 8 + word] = tuple[word]!
    }
    return words
  }

  get originalSourcePort(): number {
    return this.ports(0) >>> 16
  }

  get originalDestinationPort(): number {
    return this.ports(0) & 0xffff
  }

  get replySourcePort(): number {
    return this.ports(1) >>> 16
  }

  get replyDestinationPort(): number {
    return this.ports(1) & 0xffff
  }

  get status(): number {
    return this.table.statusOf(this.entry)
  }

  get mark(): number {
    return this.table.markOf(this.entry)
  }

  set mark(value: number) {
    this.table.setMark(this.entry, value)
  }

  get id(): number {
    return (Math.imul(this.table.generationOf(this.entry), 0x9e3779b1) ^ (this.entry + 1)) >>> 0
  }

  /** Of a connection that is not confirmed yet the kernel reads its timeout as a point in time long gone (nf_ct_expires; looked at on Linux 6.18). */
  remaining(now: number): number {
    return (this.status & CONFIRMED) === 0 ? 0 : Math.max(0, this.table.expiresOf(this.entry) - now)
  }

  packets(direction: number): number {
    return this.extras.packets(this.entry, direction)
  }

  bytes(direction: number): number {
    return this.extras.bytes(this.entry, direction)
  }

  zone(direction: number): number {
    return this.kind(direction) >>> 16
  }

  hasLabel(bit: number): boolean {
    return (this.extras.labels(this.entry, bit >>> 5) & (1 << (bit & 31))) !== 0
  }

  setLabel(bit: number): void {
    this.extras.setLabel(this.entry, bit)
  }

  labels(word: number): number {
    return this.extras.labels(this.entry, word)
  }

  get helper(): string {
    return this.extras.helper(this.entry)
  }

  /** nft's `ct helper set`, and iptables' CT target, on a connection's first packet. */
  set helper(name: string) {
    const { table, entry } = this
    if (table.statusOf(entry) & CONFIRMED) return
    this.extras.setHelper(entry, name)
    table.addStatus(entry, HELPER)
  }

  private ports(direction: number): number {
    return this.table.portsOf(this.entry * 2 + direction)
  }

  private kind(direction: number): number {
    return this.table.kindOf(this.entry * 2 + direction)
  }
}

/** Is it a TCP connection that is over, for those who count (already_closed in nf_conncount.c)? */
export function isClosed(table: ConnectionTable, entry: number): boolean {
  const protocol = table.kindOf(entry * 2) & 0xff
  return protocol === TCP && tcpIsClosed(table.phaseOf(entry))
}
