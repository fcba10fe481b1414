import { perSecond } from "../base/rate.js"
import type { AnswerEvent } from "../event/answer-event.js"
import type { ConnectionEvent } from "../event/connection-event.js"
import type { CounterEvent } from "../event/counter-event.js"
import { type Flow, FROM_OUTSIDE } from "../event/flow.js"
import type { PacketEvent } from "../event/packet-event.js"
import { ACK, FIN, ICMP, ICMPV6, PSH, RST, SYN, TCP, UDP, URG } from "../packet/packet.js"
import type { DetectorSetting, Limit } from "../policy/policy.js"
import {
  type Detector,
  type DetectorContext,
  type DetectorKind,
  IS_ASKED,
  IS_BEGUN,
  IS_DATAGRAM,
  IS_ENDED,
  IS_ESTABLISHED,
  IS_ICMP,
  IS_ODD,
  IS_OPEN_OTHER,
  IS_STRAY,
  IS_SYN,
  IS_SYN_ACK,
} from "./detector.js"
import { isGroup } from "./group.js"
import { isAmong } from "./port-choice.js"
import type { Sampled } from "./samples.js"
import { type Suspects, SuspectsBySetting } from "./suspects.js"
import { within } from "./words.js"

/** What a flood of one source has in common, whatever it is made of. */
class Flood {
  protected readonly suspects: SuspectsBySetting
  private readonly context: DetectorContext
  private readonly kind: string
  private readonly what: string

  constructor(setting: DetectorSetting, context: DetectorContext, kind: string, what: string) {
    this.suspects = new SuspectsBySetting(context.suspects, setting, "events")
    this.context = context
    this.kind = kind
    this.what = what
  }

  protected count(flow: Flow, note: PacketEvent | null, kind = this.kind): void {
    const own = this.suspects.of(flow)
    if (own === null) return
    const slot = own.count(flow)
    if (slot < 0) return
    if (note !== null) this.context.packets.note(note)
    this.report(flow, own, slot, kind)
  }

  private report(flow: Flow, own: Suspects, slot: number, kind: string): void {
    const { what } = this
    const span = within(flow.time - own.firstOf(slot))
    const sentence = `${what} ${own.totalOf(slot)} times ${span}`
    this.context.report({ kind, sentence, confidence: "medium" }, own, slot, flow)
  }

  /**
   * Shares of what a rule counted. The rule has met them already, and a finding's sources are those that the packets name, forged or not: so it is told, and nobody
   * is blocked for it, whatever the policy says; whom a rule lists it lists by handshakes.
   */
  sampled({ protection, over }: CounterEvent, shares: readonly Sampled[]): number {
    let held = 0
    for (const share of shares) {
      const { flow } = share
      const own = flow.side === FROM_OUTSIDE && this.holds(share) ? this.suspects.of(flow) : null
      if (own === null) continue
      held += share.beyond
      if (share.isAnswer) continue
      const packets = this.amountOf(share, share.beyond)
      const amount = atOnce(own.limit, this.amountOf(share, share.atLeast), over)
      // Several packets were seen of it: it is none that comes once.
      const known = own.count(flow, 0)
      const slot = known >= 0 ? known : own.count(flow, amount)
      if (slot < 0) continue
      this.context.report(
        {
          kind: this.kindOf(share),
          sentence: `${this.what} about ${packets} times ${within(over)}, by samples of what ${protection} counted`,
          confidence: this.context.isProven(flow) ? "medium" : "low",
          count: packets,
          first: flow.time - over,
          onlyNotify: true,
        },
        own,
        slot,
        flow,
      )
    }
    return held
  }

  /** Whether it is this flood's kind of packets. */
  protected holds(_share: Sampled): boolean {
    return false
  }

  protected kindOf(_share: Sampled): string {
    return this.kind
  }

  /** How many packets it counts for that sent so many beyond a limit. */
  protected amountOf({ passed }: Sampled, beyond: number): number {
    return Math.max(0, beyond + passed)
  }
}

/** Of packets that came within `over` seconds, as many as a meter may take at once. */
function atOnce(limit: Limit | undefined, packets: number, over: number): number {
  if (limit?.form === "window") return Math.ceil(packets * Math.min(1, limit.duration / 1e9 / over))
  if (limit?.form === "rate") return Math.max(0, Math.ceil(packets - perSecond(limit.rate) * over))
  return packets
}

/** SYNs without those whose handshake was completed: who reconnects in bursts, as proxies and offices do, completes them. */
class SynFlood extends Flood implements Detector {
  readonly wants = IS_SYN
  readonly connections = IS_ESTABLISHED

  packet(event: PacketEvent): void {
    this.count(event, event)
  }

  connection(event: ConnectionEvent): void {
    if (event.protocol === TCP) this.suspects.of(event)?.discount(event)
  }

  protected override holds({ flow, tcpFlags }: Sampled): boolean {
    return flow.protocol === TCP && isSyn(tcpFlags)
  }

  /** What a limit let pass may be handshakes by now: an office that comes back at once. */
  protected override amountOf(_share: Sampled, beyond: number): number {
    return beyond
  }
}

export const synFlood: DetectorKind = {
  name: "syn-flood",
  create: (setting, context) =>
    new SynFlood(setting, context, "syn-flood", "began connections without completing them"),
}

/**
 * TCP that belongs to no connection, whatever its flags: acknowledgements, resets, SYN-ACKs, contradictions. Each pair of ends counts once for acknowledgements: somebody in the middle of a
 * connection that nobody saw begin is none, and neither is who was called from here.
 */
class TcpFlood extends Flood implements Detector {
  readonly wants = IS_STRAY | IS_ODD | IS_SYN_ACK

  packet(event: PacketEvent): void {
    if (event.isRepeated) return
    this.count(event, event, kindOfFlood(event.tcpFlags))
  }

  protected override holds({ flow, tcpFlags }: Sampled): boolean {
    return flow.protocol === TCP && !isSyn(tcpFlags)
  }

  protected override kindOf({ tcpFlags }: Sampled): string {
    return kindOfFlood(tcpFlags)
  }

  protected override amountOf({ tcpFlags, hasManyEnds }: Sampled, beyond: number): number {
    return mayContinue(tcpFlags) && !hasManyEnds ? Math.round(beyond * WITHIN) : beyond
  }
}

/** Of acknowledgements between a few ends: a connection that nobody saw begin, and that is cut off, sends a window's worth before it notices. */
const WITHIN = 0.1

function isSyn(tcpFlags: number): boolean {
  return (tcpFlags & (FIN | SYN | RST | ACK)) === SYN
}

function mayContinue(tcpFlags: number): boolean {
  const core = tcpFlags & (FIN | SYN | RST | ACK)
  return core === ACK || core === (FIN | ACK)
}

function kindOfFlood(tcpFlags: number): string {
  const flags = tcpFlags & (FIN | SYN | RST | PSH | ACK | URG)
  if (flags & RST && !(flags & (SYN | FIN))) return "rst-flood"
  if (flags === (SYN | ACK)) return "syn-ack-flood"
  if (flags & SYN) return "odd-flood"
  if (flags & FIN) return (flags & (PSH | URG)) === (PSH | URG) ? "xmas-flood" : "fin-flood"
  if (flags & ACK) return "ack-flood"
  return flags === 0 ? "null-flood" : "odd-flood"
}

export const tcpFlood: DetectorKind = {
  name: "tcp-flood",
  create: (setting, context) =>
    new TcpFlood(setting, context, "tcp-flood", "sent TCP packets of no connection"),
}

/** Datagrams to one host that nobody answers. Groups and broadcasts have no one to answer. */
class UdpFlood extends Flood implements Detector {
  readonly wants = IS_DATAGRAM
  readonly answers: number
  private readonly ports: NonNullable<DetectorSetting["ports"]>

  constructor(setting: DetectorSetting, context: DetectorContext) {
    super(setting, context, "udp-flood", "sent datagrams without an answer")
    // Where a few packets stand for all, answers are taken off what they stand for.
    this.answers = context.seesAll ? IS_OPEN_OTHER : 0
    this.ports = setting.ports ?? []
  }

  packet(event: PacketEvent): void {
    if (event.isBroadcast || isGroup(event)) return
    if (isAmong(this.ports, event.protocol, event.destinationPort)) this.count(event, event)
  }

  /** The first datagram comes before its answer. */
  answer(event: AnswerEvent): void {
    if (event.protocol !== UDP) return
    if (isAmong(this.ports, event.protocol, event.destinationPort)) this.suspects.of(event)?.discount(event)
  }

  protected override holds({ flow }: Sampled): boolean {
    return flow.protocol === UDP && isAmong(this.ports, flow.protocol, flow.destinationPort)
  }
}

export const udpFlood: DetectorKind = {
  name: "udp-flood",
  create: (setting, context) => new UdpFlood(setting, context),
}

class IcmpFlood extends Flood implements Detector {
  readonly wants = IS_ICMP

  packet(event: PacketEvent): void {
    if (isEchoRequest(event)) this.count(event, event)
  }

  protected override holds({ flow }: Sampled): boolean {
    return flow.protocol === ICMP || flow.protocol === ICMPV6
  }
}

export const icmpFlood: DetectorKind = {
  name: "icmp-flood",
  create: (setting, context) => new IcmpFlood(setting, context, "icmp-flood", "sent echo requests"),
}

/** Connections that were answered. Those whose end nobody can see any more count as ended. */
class ConnectionFlood extends Flood implements Detector {
  readonly connections = IS_ESTABLISHED | IS_ENDED
  private readonly ports: NonNullable<DetectorSetting["ports"]>

  constructor(setting: DetectorSetting, context: DetectorContext) {
    super(setting, context, "connection-flood", "opened connections that are open together,")
    this.ports = setting.ports ?? []
  }

  connection(event: ConnectionEvent): void {
    if (event.protocol !== TCP || !isAmong(this.ports, event.protocol, event.destinationPort)) return
    if (event.phase === "established") this.count(event, null)
    else if (event.wasEstablished) this.suspects.of(event)?.discount(event)
  }
}

export const connectionFlood: DetectorKind = {
  name: "connection-flood",
  create: (setting, context) => new ConnectionFlood(setting, context),
}

/** Connections that are begun to the ports that the policy names, whatever comes of them: CSF's PORTFLOOD. */
class PortFlood extends Flood implements Detector {
  readonly connections = IS_BEGUN | IS_ASKED
  private readonly ports: NonNullable<DetectorSetting["ports"]>

  constructor(setting: DetectorSetting, context: DetectorContext) {
    super(setting, context, "port-flood", "began connections")
    this.ports = setting.ports ?? []
  }

  connection(event: ConnectionEvent): void {
    if (isAmong(this.ports, event.protocol, event.destinationPort)) this.count(event, null)
  }
}

export const portFlood: DetectorKind = {
  name: "port-flood",
  create: (setting, context) => new PortFlood(setting, context),
}

/** Of both IP versions. */
export function isEchoRequest({ protocol, icmpType }: PacketEvent): boolean {
  return protocol === ICMP ? icmpType === 8 : icmpType === 128
}
