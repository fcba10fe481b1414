import { ICMP, ICMPV6, type Packet, RST, TCP, UDP } from "../packet/packet.js"
import type { Run } from "../ruleset/runtime.js"
import type { Conntrack } from "./conntrack/conntrack.js"
import { DetachedConnection } from "./conntrack/detached.js"

/** Errors that a host says of a packet by itself: destination unreachable, time exceeded, and of ICMP a parameter problem. */
const errorTypes: ReadonlySet<number> = new Set([3, 11, 12])
const errorTypes6: ReadonlySet<number> = new Set([1, 3])
/** An answer leaves at once, or not at all: its rate is limited, or there is no way back. */
const PATIENCE_NANOSECONDS = 100e6
const ROOM = 16

/** A packet that a rule rejected, or this host itself, and to whom the answer goes. */
class Rejected {
  time = -Infinity
  family = 0
  protocol = 0
  readonly source = new Uint32Array(4)
  ports = 0
  /** Of a rule, which may have sent a reset. What the host refuses by itself is answered with errors only. */
  byRule = false
  /** The connection in the table, or -1 where it was not confirmed. */
  entry = -1
  generation = 0
  /** What it was. */
  detached: DetachedConnection | null = null
  direction = 0
}

/**
 * The answers of `reject`, as they leave: the kernel gives them the connection of the packet that they answer, as related to it and in the other direction, before
 * conntrack sees them (nf_reject_ipv4.c, nf_ct_attach). So a reset by a rule meets no tracker of TCP, and an error about a packet that no connection
 * was confirmed for is related all the same, be it a rule's or a router's about a packet without a hop left (Linux 6.18, looked at).
 */
export class Answers {
  private readonly ring = Array.from({ length: ROOM }, () => new Rejected())
  private next = 0
  /** False: nothing was rejected lately, and nobody needs to look. */
  private some = false

  /** A rule rejected this packet, or this host itself. */
  note(packet: Packet, run: Run, conntrack: Conntrack, byRule: boolean): void {
    if (!run.connection) return
    this.some = true
    const rejected = this.ring[this.next]!
    this.next = (this.next + 1) % ROOM
    rejected.time = run.now
    rejected.byRule = byRule
    rejected.family = packet.family
    rejected.protocol = packet.protocol
    rejected.source[0] = packet.source0
    rejected.source[1] = packet.source1
    rejected.source[2] = packet.source2
    rejected.source[3] = packet.source3
    rejected.ports = portsOf(packet.sourcePort, packet.destinationPort)
    rejected.entry = conntrack.confirmedEntry
    rejected.generation = rejected.entry < 0 ? 0 : conntrack.table.generationOf(rejected.entry)
    rejected.detached = new DetachedConnection(run.connection)
    rejected.direction = run.ctDirection
  }

  /** A rule has rejected packets lately: the next one that leaves may be an answer. */
  get areDue(): boolean {
    return this.some
  }

  /** Is this packet, which leaves, such an answer? Then it has its state, and conntrack leaves it alone. */
  take(packet: Packet, run: Run, conntrack: Conntrack): boolean {
    if (!this.some) return false
    let alive = false
    for (const rejected of this.ring) {
      if (run.now - rejected.time > PATIENCE_NANOSECONDS) continue
      alive = true
      if (!answers(packet, rejected)) continue
      rejected.time = -Infinity
      conntrack.attach(run, rejected.entry, rejected.generation, 1 - rejected.direction, rejected.detached!)
      return true
    }
    this.some = alive
    return false
  }
}

function answers(packet: Packet, rejected: Rejected): boolean {
  const { source } = rejected
  if (
    packet.family !== rejected.family ||
    packet.destination0 !== source[0] ||
    packet.destination1 !== source[1] ||
    packet.destination2 !== source[2] ||
    packet.destination3 !== source[3]
  )
    return false
  if (packet.protocol === TCP)
    return (
      rejected.byRule &&
      rejected.protocol === TCP &&
      (packet.tcpFlags & RST) !== 0 &&
      portsOf(packet.destinationPort, packet.sourcePort) === rejected.ports
    )
  return isError(packet) && quotes(packet, rejected)
}

function isError({ family, protocol, icmpType }: Packet): boolean {
  return family === 4
    ? protocol === ICMP && errorTypes.has(icmpType)
    : protocol === ICMPV6 && errorTypes6.has(icmpType)
}

/** Some rejected packets get no answer: the protocol and the ports that are quoted say whose this is. Behind IPv6 extension headers nobody looks. */
function quotes(packet: Packet, { protocol, ports }: Rejected): boolean {
  const { view } = packet
  const at = packet.transportOffset + 8
  const isFour = packet.family === 4
  if (packet.transportOffset < 0 || at + (isFour ? 20 : 40) > view.byteLength) return false
  const quoted = view.getUint8(at + (isFour ? 9 : 6))
  if (quoted !== protocol) return !isFour && isExtension(quoted)
  if (protocol !== TCP && protocol !== UDP) return true
  const transport = at + (isFour ? (view.getUint8(at) & 15) * 4 : 40)
  return (
    transport + 4 <= view.byteLength &&
    portsOf(view.getUint16(transport), view.getUint16(transport + 2)) === ports
  )
}

function isExtension(header: number): boolean {
  return header === 0 || header === 43 || header === 44 || header === 51 || header === 60
}

function portsOf(source: number, destination: number): number {
  return source * 65536 + destination
}
