import type { AnswerEvent, Probe } from "../event/answer-event.js"
import { type Flow, FROM_OUTSIDE } from "../event/flow.js"
import type { PacketEvent } from "../event/packet-event.js"
import { ACK, FIN, PSH, RST, SYN, TCP, UDP, URG } from "../packet/packet.js"
import type { DetectorSetting } from "../policy/policy.js"
import { type Detector, type DetectorContext, type DetectorKind, IS_ODD } from "./detector.js"
import { ScanNotes } from "./scan-notes.js"
import { mix } from "./source-table.js"
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

/** Probes that only their answer makes one. */
const answered: Partial<Record<Probe, true>> = { syn: true, ack: true, maimon: true, udp: true }

/**
 * Counts closed ports: distinct pairs of host and port that answered with a reset or "port unreachable", that the firewall refused, or (SYN) that stayed silent.
 * Open ports count for nothing, so whoever uses what is offered is never found, be it with a thousand connections; neither does anything that answers a call
 * from inside. Flags that begin no connection and belong to none count at once: only scanners send them.
 */
class PortScan implements Detector {
  readonly wants: number
  private readonly suspects: SuspectsBySetting
  private readonly notes = new ScanNotes()
  private readonly context: DetectorContext
  private readonly protocol: number
  private readonly leastSpan: number

  constructor(setting: DetectorSetting, context: DetectorContext, protocol: number, leastSpan: number) {
    this.suspects = new SuspectsBySetting(setting, "different")
    this.context = context
    this.protocol = protocol
    this.leastSpan = leastSpan
    this.wants = protocol === TCP ? IS_ODD : 0
  }

  answer(event: AnswerEvent): void {
    if (event.answer === "open" || event.protocol !== this.protocol || event.side !== FROM_OUTSIDE) return
    // What has odd flags has counted as it came.
    if (event.probe in answered) this.count(event, event.probe, refusedTexts[event.probe])
  }

  packet(event: PacketEvent): void {
    if (event.isRepeated || event.side !== FROM_OUTSIDE || event.protocol !== this.protocol) return
    const flags = event.tcpFlags & (FIN | SYN | RST | PSH | ACK | URG)
    const probe = flags === 0 ? "null" : flags === FIN ? "fin" : flags === (FIN | PSH | URG) ? "xmas" : "odd"
    this.count(event, probe, refusedTexts[probe])
  }

  private count(flow: Flow, probe: Probe, text: string): void {
    const suspects = this.suspects.of(flow)
    if (suspects === null) return
    const item = mix(
      flow.destination0 ^ flow.destination1,
      flow.destination2,
      flow.destination3,
      flow.destinationPort | 0x10000,
    )
    const slot = suspects.countDifferent(flow, item, this.leastSpan)
    if (suspects.latest < 0) return
    this.context.packets.noteFlow(flow, text)
    this.notes.note(suspects, flow)
    if (slot >= 0) this.report(flow, probe, suspects, slot)
  }

  private report(flow: Flow, probe: Probe, suspects: Suspects, slot: number): void {
    const { ports, hosts, shape } = this.notes.of(suspects, slot)
    const different = suspects.different(slot)
    const protocol = this.protocol === UDP ? "UDP" : "TCP"
    const span = within(flow.time - suspects.first[slot]!)
    this.context.report(
      {
        kind: this.protocol === UDP ? `${shape}-udp-scan` : `${shape}-${probe}-scan`,
        sentence:
          shape === "horizontal"
            ? `tried ${protocol} port ${ports[0]} of ${different} or more hosts, where it is closed, ${span}`
            : `tried ${different} or more closed ${protocol} ports ${span}`,
        confidence: this.protocol === UDP ? "medium" : "high",
        target: {
          ...(hosts > 1 ? { address: null } : {}),
          addressCount: hosts,
          ports,
          portCount: shape === "horizontal" ? 1 : Math.max(ports.length, hosts > 1 ? 1 : different),
        },
      },
      suspects,
      slot,
      flow,
    )
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
