import { TCP } from "../../packet/packet.js"
import type { RunConnection } from "../../ruleset/runtime.js"
import type { Extras } from "./extras.js"
import { KIND, PORTS, TUPLE_WORDS } from "./layout.js"
import { CONFIRMED, HELPER } from "./status.js"
import type { ConnectionTable } from "./table.js"
import { tcpIsClosed } from "./tcp.js"

/** One entry of the table, as rules ask for it. One object for the life of an engine; `entry` moves it. */
export class Connection implements RunConnection {
  entry = -1
  private readonly table: ConnectionTable
  private readonly extras: Extras
  private readonly words = new Uint32Array(16)

  constructor(table: ConnectionTable, extras: Extras) {
    this.table = table
    this.extras = extras
  }

  get family(): number {
    return (this.word(0, KIND) >>> 8) & 0xff
  }

  get protocol(): number {
    return this.word(0, KIND) & 0xff
  }

  get tuples(): Uint32Array {
    const at = this.entry * 2 * TUPLE_WORDS
    for (let word = 0; word < 8; word++) {
      this.words[word] = this.table.tuples[at + word]!
      this.words[8 + word] = this.table.tuples[at + TUPLE_WORDS + word]!
    }
    return this.words
  }

  get originalSourcePort(): number {
    return this.word(0, PORTS) >>> 16
  }

  get originalDestinationPort(): number {
    return this.word(0, PORTS) & 0xffff
  }

  get replySourcePort(): number {
    return this.word(1, PORTS) >>> 16
  }

  get replyDestinationPort(): number {
    return this.word(1, PORTS) & 0xffff
  }

  get status(): number {
    return this.table.status[this.entry]!
  }

  get mark(): number {
    return this.table.mark[this.entry]!
  }

  set mark(value: number) {
    this.table.mark[this.entry] = value
  }

  get id(): number {
    return (Math.imul(this.table.generation[this.entry]!, 0x9e3779b1) ^ (this.entry + 1)) >>> 0
  }

  remaining(now: number): number {
    return Math.max(0, this.table.expires[this.entry]! - now)
  }

  packets(direction: number): number {
    return this.extras.packets(this.entry, direction)
  }

  bytes(direction: number): number {
    return this.extras.bytes(this.entry, direction)
  }

  zone(direction: number): number {
    return this.word(direction, KIND) >>> 16
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
    if (table.status[entry]! & CONFIRMED) return
    this.extras.setHelper(entry, name)
    table.status[entry]! |= HELPER
  }

  private word(direction: number, word: number): number {
    return this.table.tuples[(this.entry * 2 + direction) * TUPLE_WORDS + word]!
  }
}

/** Is it a TCP connection that is over, for those who count (already_closed in nf_conncount.c)? */
export function isClosed(table: ConnectionTable, entry: number): boolean {
  const protocol = table.tuples[entry * 2 * TUPLE_WORDS + KIND]! & 0xff
  return protocol === TCP && tcpIsClosed(table.phase[entry]!)
}
