import { ICMP, ICMPV6, type Packet } from "../../packet/packet.js"
import { DESTINATION, type End, type Rewriter, SOURCE } from "../../packet/rewrite.js"
import type { Hook } from "../../ruleset/hook.js"
import { ACCEPT, DROP, type Outcome, type Run } from "../../ruleset/runtime.js"
import type { NatRequest, Translator } from "../../ruleset/translator.js"
import { type Conntrack, STATE_RELATED } from "../conntrack/conntrack.js"
import { TUPLE_WORDS } from "../conntrack/layout.js"
import {
  CONFIRMED,
  DST_NAT,
  DST_NAT_DONE,
  ORIGINAL,
  REPLY,
  SRC_NAT,
  SRC_NAT_DONE,
} from "../conntrack/status.js"
import { invert } from "../conntrack/tuple.js"
import type { RoutingTable } from "../routes.js"
import { TupleChoice } from "./choose.js"
import { translateError } from "./error.js"
import { Request } from "./request.js"
import { NatSources } from "./sources.js"
import { translatePacket } from "./translate.js"

const LOOPBACK_4 = [0x7f000001]
const LOOPBACK_6 = [0, 0, 0, 1]

/**
 * Network address translation as net/netfilter/nf_nat_core.c does it: the first packet of a connection settles at each hook what becomes of the
 * connection's source or destination, by a rule or (null binding) as they are, another port where two connections would have the same
 * answers; the reply tuple of the entry says it, and every packet is written to fit.
 */
export class Nat implements Translator {
  /** The packet's destination is another one than it arrived with: its way is decided anew. */
  moved = false
  /** A redirect whose address nobody told: the packet is for this host, whatever its destination says. */
  here = false

  private readonly conntrack: Conntrack
  private readonly rewriter: Rewriter
  private readonly routes: RoutingTable
  private readonly request = new Request()
  private readonly sources: NatSources
  private readonly choice: TupleChoice
  private readonly original = new Uint32Array(TUPLE_WORDS)
  private readonly tuple = new Uint32Array(TUPLE_WORDS)
  private readonly reply = new Uint32Array(TUPLE_WORDS)
  private hook: Hook = "prerouting"
  private run: Run | null = null

  constructor(
    conntrack: Conntrack,
    rewriter: Rewriter,
    routes: RoutingTable,
    random: (below: number) => number,
  ) {
    this.conntrack = conntrack
    this.rewriter = rewriter
    this.routes = routes
    this.sources = new NatSources(conntrack.table)
    this.choice = new TupleChoice(conntrack.table, this.sources, random)
  }

  /** Forgets the packet before. */
  begin(): void {
    this.moved = false
    this.here = false
  }

  /** A packet comes to the translation of a hook. True: the connection's fate here is open, and the chains are to be asked. */
  open(hook: Hook, packet: Packet, run: Run): boolean {
    this.hook = hook
    this.run = run
    if (isError(packet, run)) return false
    const status = this.conntrack.table.statusOf(this.conntrack.entry)
    return (status & (CONFIRMED | doneBit(endOf(hook)))) === 0
  }

  /** Has a rule settled it? */
  isSettled(): boolean {
    return (this.conntrack.table.statusOf(this.conntrack.entry) & doneBit(endOf(this.hook))) !== 0
  }

  /** No rule did: the connection stays as it is, but for a port that another connection has. */
  settle(now: number): void {
    const { request, conntrack } = this
    const end = endOf(this.hook)
    conntrack.table.readTuple(conntrack.entry * 2 + REPLY, this.reply)
    request.clear().address(this.reply, end === SOURCE ? 4 : 0)
    this.set(end, now)
  }

  /** Writes the packet as its connection wants it at this hook. DROP: it is an error message that cannot be translated. */
  write(packet: Packet, run: Run): Outcome {
    const { conntrack, hook } = this
    const end = endOf(hook)
    const direction = run.ctDirection
    const status = conntrack.table.statusOf(conntrack.entry)
    const bit = (end === SOURCE) === (direction === ORIGINAL) ? SRC_NAT : DST_NAT
    if (isError(packet, run)) {
      if (
        !translateError(
          packet,
          this.rewriter,
          conntrack.table,
          conntrack.entry,
          direction,
          end,
          bit,
          this.tuple,
        )
      )
        return DROP
      if (status & bit && end === DESTINATION) this.moved = true
      return ACCEPT
    }
    if ((status & bit) === 0) return ACCEPT
    this.target(direction)
    const moves = translatePacket(packet, this.rewriter, this.tuple, end)
    if (moves && end === DESTINATION) this.moved = true
    return ACCEPT
  }

  get end(): End {
    return endOf(this.hook)
  }

  ask(): NatRequest {
    return this.request.clear()
  }

  translate(_packet: Packet, end: End): Outcome {
    if (this.run === null || this.run.connection === null) return ACCEPT
    this.set(end, this.run.now)
    return ACCEPT
  }

  masquerade(packet: Packet): Outcome {
    const { run, request } = this
    if (run === null || run.connection === null) return ACCEPT
    if (packet.family === 4 && packet.source0 === 0) return ACCEPT
    const address = this.routes.addressOf(run.outputInterface, packet.family)
    // Nobody told the interface's address: the source keeps its own, so that the capture's answers find the connection.
    this.conntrack.table.readTuple(this.conntrack.entry * 2 + REPLY, this.reply)
    if (address === null) request.address(this.reply, 4)
    else request.address(address, 0)
    this.set(SOURCE, run.now)
    return ACCEPT
  }

  redirect(packet: Packet): Outcome {
    const { run, request } = this
    if (run === null || run.connection === null) return ACCEPT
    if (this.hook === "output") request.address(packet.family === 4 ? LOOPBACK_4 : LOOPBACK_6, 0)
    else {
      const address = this.routes.addressOf(run.inputInterface, packet.family)
      if (address === null) {
        this.conntrack.table.readTuple(this.conntrack.entry * 2 + REPLY, this.reply)
        request.address(this.reply, 0)
        this.here = true
        this.moved = true
      } else request.address(address, 0)
    }
    this.set(DESTINATION, run.now)
    return ACCEPT
  }

  /** nf_nat_setup_info: once for each end of a connection, before it is confirmed. */
  private set(end: End, now: number): void {
    const { conntrack, original, tuple, reply } = this
    const { table, entry } = conntrack
    if (table.statusOf(entry) & (CONFIRMED | doneBit(end))) return
    table.readTuple(entry * 2 + REPLY, reply)
    if (!invert(reply, original)) return
    this.choice.choose(original, tuple, this.request, end, now)
    if (!isSame(original, tuple) && invert(tuple, reply)) {
      table.writeTuple(entry * 2 + REPLY, reply)
      table.addStatus(entry, end === SOURCE ? SRC_NAT : DST_NAT)
    }
    table.addStatus(entry, doneBit(end))
    if (end === SOURCE) this.sources.add(entry)
  }

  /** What a packet of this direction looks like once it is translated: the inverse of the other direction's tuple. */
  private target(direction: number): void {
    const { table, entry } = this.conntrack
    table.readTuple(entry * 2 + (1 - direction), this.original)
    invert(this.original, this.tuple)
  }
}

/** Destinations at prerouting and output, sources at input and postrouting. */
function endOf(hook: Hook): End {
  return hook === "prerouting" || hook === "output" ? DESTINATION : SOURCE
}

function doneBit(end: End): number {
  return end === SOURCE ? SRC_NAT_DONE : DST_NAT_DONE
}

function isError(packet: Packet, run: Run): boolean {
  return run.ctState === STATE_RELATED && (packet.protocol === ICMP || packet.protocol === ICMPV6)
}

function isSame(left: Uint32Array, right: Uint32Array): boolean {
  for (let word = 0; word < TUPLE_WORDS; word++) if (left[word] !== right[word]) return false
  return true
}
