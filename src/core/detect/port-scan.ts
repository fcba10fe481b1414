import type { AnswerEvent, Probe } from "../event/answer-event.js"
import type { ConnectionEvent } from "../event/connection-event.js"
import type { Flow } from "../event/flow.js"
import type { PacketEvent } from "../event/packet-event.js"
import { TCP_TRUNCATED } from "../packet/malformed.js"
import { ACK, FIN, PSH, RST, SYN, TCP, UDP, URG } from "../packet/packet.js"
import type { DetectorSetting, Limit } from "../policy/policy.js"
import {
  type Detector,
  type DetectorContext,
  type DetectorKind,
  IS_ABANDONED,
  IS_MALFORMED,
  IS_ODD,
  IS_OTHER,
  IS_SHUT_OTHER,
  IS_SHUT_TCP,
} from "./detector.js"
import { isGroup } from "./group.js"
import { mixSigned } from "./mix.js"
import { ScanNotes } from "./scan-notes.js"
import { type Suspects, SuspectsBySetting } from "./suspects.js"
import { within } from "./words.js"

const refusedTexts: Readonly<Record<Probe, string>> = {
  syn: "tcp SYN, refused",
  fin: "tcp FIN, refused",
  null: "tcp without flags, refused",
  xmas: "tcp FIN,PSH,URG, refused",
  ack: "tcp ACK, refused",
  maimon: "tcp FIN,ACK, refused",
  odd: "tcp with odd flags, refused",
  udp: "udp, refused",
}

/** What else a port is tried by, and what is told of alone. */
type ScanProbe = Probe | "fragment" | "half-open" | "protocol" | "sctp"
const watched: Partial<Record<ScanProbe, true>> = { "half-open": true, protocol: true, sctp: true }

/** By number, as in IP. */
const SCTP = 132

/** Of the memory of a detector, for what is rare. */
const FEW = 1 / 16

/** Whether only the answer makes it a probe. */
function isByAnswer(probe: Probe): boolean {
  return probe === "syn" || probe === "ack" || probe === "maimon" || probe === "udp"
}

/**
 * Counts closed ports: distinct pairs of host and port that answered with a reset or "port unreachable", that the firewall refused, or that stayed silent. Open ports count for nothing, so
 * whoever uses what is offered is never found, be it with a thousand connections; neither does anything that answers a call from inside.
 *
 * Three things nobody honest does to different ports, so a quarter of the limit is enough: flags that begin no connection and belong to none, and fragments that cut the TCP header. Two things
 * are told and never acted upon, for somebody honest may do them: connections that are reset as soon as they are answered (some load balancers ask so), and one IP protocol after the other.
 */
class PortScan implements Detector {
  readonly wants: number
  readonly answers: number
  readonly connections: number
  private readonly ports: SuspectsBySetting
  private readonly stealthy: SuspectsBySetting
  private readonly halfOpen: SuspectsBySetting
  private readonly protocols: SuspectsBySetting
  private readonly notes = new ScanNotes()
  private readonly context: DetectorContext
  private readonly protocol: number
  private readonly leastSpan: number

  constructor(setting: DetectorSetting, context: DetectorContext, protocol: number, leastSpan: number) {
    this.ports = new SuspectsBySetting(context.suspects, setting, "different")
    this.stealthy = new SuspectsBySetting(context.suspects, partOf(setting, 4), "different", FEW)
    this.halfOpen = new SuspectsBySetting(context.suspects, setting, "different", FEW)
    this.protocols = new SuspectsBySetting(context.suspects, partOf(setting, 2), "different", FEW)
    this.context = context
    this.protocol = protocol
    this.leastSpan = leastSpan
    this.wants = protocol === TCP ? IS_ODD | IS_MALFORMED | IS_OTHER : 0
    this.answers = protocol === TCP ? IS_SHUT_TCP : IS_SHUT_OTHER
    this.connections = protocol === TCP ? IS_ABANDONED : 0
  }

  answer(event: AnswerEvent): void {
    if (event.protocol !== this.protocol) return
    // What has odd flags has counted as it came.
    if (isByAnswer(event.probe)) this.count(event, this.ports, event.probe, refusedTexts[event.probe])
  }

  connection(event: ConnectionEvent): void {
    if (event.protocol === this.protocol)
      this.count(event, this.halfOpen, "half-open", "tcp SYN, answered, reset")
  }

  packet(event: PacketEvent): void {
    if (event.isRepeated) return
    if (event.protocol !== TCP) {
      // What routers and members of groups say to each other (IGMP, OSPF, VRRP) goes to as many addresses as there are groups.
      if (isGroup(event)) return
      const hasPorts = event.protocol === SCTP && event.destinationPort !== 0
      if (event.malformed === 0)
        this.count(event, this.protocols, hasPorts ? "sctp" : "protocol", hasPorts ? "sctp" : "ip")
      return
    }
    if (event.malformed === 0) {
      const flags = event.tcpFlags & (FIN | SYN | RST | PSH | ACK | URG)
      const probe =
        flags === 0 ? "null" : flags === FIN ? "fin" : flags === (FIN | PSH | URG) ? "xmas" : "odd"
      this.count(event, this.stealthy, probe, refusedTexts[probe])
    } else if (event.malformed === TCP_TRUNCATED && event.isFragment && event.destinationPort !== 0)
      this.count(event, this.stealthy, "fragment", "tcp, in a fragment that cuts its header")
  }

  private count(flow: Flow, counted: SuspectsBySetting, probe: ScanProbe, text: string): void {
    const suspects = counted.of(flow)
    if (suspects === null) return
    const item = mixSigned(
      flow.destination0 ^ flow.destination1,
      flow.destination2,
      flow.destination3,
      probe === "protocol" ? flow.protocol : flow.destinationPort | 0x10000,
    )
    const slot = suspects.countDifferent(flow, item, this.leastSpan)
    if (suspects.latest < 0) return
    this.context.packets.noteFlow(flow, text)
    this.notes.note(suspects, flow)
    if (suspects.isOverNow) this.context.scanners.add(flow)
    if (slot >= 0) this.report(flow, probe, suspects, slot)
  }

  private report(flow: Flow, probe: ScanProbe, suspects: Suspects, slot: number): void {
    const { ports, hosts, shape } = this.notes.of(suspects, slot)
    const different = suspects.different(slot)
    const span = within(flow.time - suspects.firstOf(slot))
    const isOfPorts = probe !== "protocol"
    this.context.report(
      {
        kind: isOfPorts ? `${shape}-${probe}-scan` : "protocol-scan",
        sentence: isOfPorts
          ? sentenceOf(flow.protocol, probe, shape, ports[0], different, span)
          : `tried ${different} or more IP protocols ${span}`,
        confidence: this.protocol === UDP || probe in watched ? "medium" : "high",
        target: {
          ...(hosts > 1 ? { address: null } : {}),
          addressCount: hosts,
          ports: isOfPorts ? ports : [],
          portCount: !isOfPorts
            ? 0
            : shape === "horizontal"
              ? 1
              : Math.max(ports.length, hosts > 1 ? 1 : different),
        },
        onlyNotify: probe in watched,
      },
      suspects,
      slot,
      flow,
    )
  }
}

function sentenceOf(
  protocol: number,
  probe: ScanProbe,
  shape: string,
  port: number | undefined,
  different: number,
  span: string,
): string {
  const name = protocol === UDP ? "UDP" : protocol === SCTP ? "SCTP" : "TCP"
  const how = probe === "half-open" ? "and hung up as soon as it was answered, " : ""
  const where = probe === "half-open" ? "" : "where it is closed, "
  return shape === "horizontal"
    ? `tried ${name} port ${port} of ${different} or more hosts, ${how}${where}${span}`
    : `tried ${different} or more ${probe === "half-open" ? "" : "closed "}${name} ports ${how}${span}`
}

/** A limit that so much more suspicious things come to sooner. */
function partOf(setting: DetectorSetting, parts: number): DetectorSetting {
  const part = (limit: Limit): Limit =>
    limit.form === "window" ? { ...limit, count: Math.max(2, Math.floor(limit.count / parts)) } : limit
  return {
    ...setting,
    ...(setting.limit && { limit: part(setting.limit) }),
    exceptions: setting.exceptions.map((exception) => ({
      ...exception,
      limit: exception.limit === "off" ? "off" : part(exception.limit),
    })),
  }
}

export const portScan: DetectorKind = {
  name: "port-scan",
  create: (setting, context) => new PortScan(setting, context, TCP, 0),
}

/** Forty within two minutes would be twenty within one: the quick scan's. */
export const slowPortScan: DetectorKind = {
  name: "slow-port-scan",
  create: (setting, context) => new PortScan(setting, context, TCP, 120),
}

export const udpPortScan: DetectorKind = {
  name: "udp-port-scan",
  create: (setting, context) => new PortScan(setting, context, UDP, 0),
}
