import { TCP } from "../../packet/packet.js"
import type { RunConnection } from "../../ruleset/runtime.js"
import type { ConnectionTable } from "./table.js"
import { tcpIsClosed } from "./tcp.js"
import { KIND, PORTS, TUPLE_WORDS } from "./tuple.js"

/** One entry of the table, as rules ask for it. One object for the life of an engine; `entry` moves it. */
export class Connection implements RunConnection {
  entry = -1
  private readonly table: ConnectionTable
  private readonly words = new Uint32Array(16)

  constructor(table: ConnectionTable) {
    this.table = table
  }

  get family(): number {
    return this.word(0, KIND) >>> 8
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

  private word(direction: number, word: number): number {
    return this.table.tuples[(this.entry * 2 + direction) * TUPLE_WORDS + word]!
  }
}

/** Is it a TCP connection that is over, for those who count (already_closed in nf_conncount.c)? */
export function isClosed(table: ConnectionTable, entry: number): boolean {
  const protocol = table.tuples[entry * 2 * TUPLE_WORDS + KIND]! & 0xff
  return protocol === TCP && tcpIsClosed(table.phase[entry]!)
}
