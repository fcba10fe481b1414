import { perSecond } from "../base/rate.js"
import type { ConnectionEvent } from "../event/connection-event.js"
import type { CounterEvent } from "../event/counter-event.js"
import { FROM_OUTSIDE } from "../event/flow.js"
import type { PacketEvent } from "../event/packet-event.js"
import { TCP, UDP } from "../packet/packet.js"
import type { DetectorSetting, Limit } from "../policy/policy.js"
import { Crowd } from "./crowd.js"
import {
  type Detector,
  type DetectorContext,
  type DetectorKind,
  IS_DATAGRAM,
  IS_ICMP,
  IS_SYN,
} from "./detector.js"
import { isEchoRequest, isGroup } from "./flood.js"
import { targetOf } from "./target.js"
import { within } from "./words.js"

const usual: Limit = { form: "window", count: 1000, duration: 5e9 }
/** Protections that count floods in the kernel. */
const floodProtections = new Set(["syn-floods", "icmp-floods", "all-floods", "connection-rate"])

/**
 * Many sources together: SYNs without those that became connections, datagrams that nobody answers, echo requests. Any of the sources may be forged, so
 * nobody is accused; the finding says that the host is flooded. One source that makes up more than half is not a crowd, but a flood with honest neighbours.
 */
class DistributedFlood implements Detector {
  readonly wants = IS_SYN | IS_DATAGRAM | IS_ICMP
  private readonly limit: Limit
  private readonly syn: Crowd
  private readonly udp: Crowd
  private readonly icmp: Crowd
  private readonly context: DetectorContext
  private readonly toldAt = new Map<string, number>()

  constructor(setting: DetectorSetting, context: DetectorContext) {
    this.limit = setting.limit ?? usual
    this.syn = new Crowd(this.limit)
    this.udp = new Crowd(this.limit)
    this.icmp = new Crowd(this.limit)
    this.context = context
  }

  packet(event: PacketEvent): void {
    if (event.side !== FROM_OUTSIDE) return
    if (event.protocol === TCP) {
      if (!event.isRepeated) this.count(this.syn, event, "syn", "SYNs")
    } else if (event.protocol === UDP) {
      if (!event.isBroadcast && !isGroup(event)) this.count(this.udp, event, "udp", "unanswered datagrams")
    } else if (isEchoRequest(event)) this.count(this.icmp, event, "icmp", "echo requests")
  }

  connection(event: ConnectionEvent): void {
    if (event.phase === "established" && event.protocol === TCP && event.side === FROM_OUTSIDE)
      this.syn.discount(event.time)
  }

  counter(event: CounterEvent): void {
    if (!floodProtections.has(event.protection) || event.over <= 0) return
    const rate = event.packets / event.over
    const most =
      this.limit.form === "window"
        ? this.limit.count / (this.limit.duration / 1e9)
        : this.limit.form === "rate"
          ? perSecond(this.limit.rate)
          : Number.POSITIVE_INFINITY
    const told = this.toldAt.get(event.protection) ?? Number.NEGATIVE_INFINITY
    if (rate <= most || event.time - told < 60) return
    this.toldAt.set(event.protection, event.time)
    this.context.reportFinding(
      {
        at: event.time,
        kind: "flood-beyond-limit",
        sentence: `${event.packets} packets beyond the limit of ${event.protection} ${within(event.over)}`,
        sources: [],
        sourceCount: 0,
        manySources: true,
        proven: false,
        target: { address: null, addressCount: 1, protocol: "other", ports: [], portCount: 0 },
        evidence: { count: event.packets, first: event.time - event.over, last: event.time, packets: [] },
        confidence: "medium",
        repetition: 1,
      },
      this.limit,
    )
  }

  private count(crowd: Crowd, flow: PacketEvent, name: string, what: string): void {
    if (!crowd.count(flow)) return
    const { sourceCount, targetCount } = crowd
    this.context.packets.note(flow)
    this.context.reportFinding(
      {
        at: flow.time,
        kind: crowd.isForged ? `forged-${name}-flood` : `distributed-${name}-flood`,
        sentence: `${crowd.total} ${what} from about ${sourceCount} sources ${within(flow.time - crowd.first)}`,
        sources: [...crowd.shown],
        sourceCount,
        manySources: true,
        proven: false,
        target: {
          ...targetOf(flow),
          ...(targetCount > 1 ? { address: null, addressCount: targetCount } : {}),
        },
        evidence: {
          count: crowd.total,
          first: crowd.first,
          last: flow.time,
          packets: this.context.packets.latest(),
        },
        confidence: "medium",
        repetition: crowd.repetition,
      },
      this.limit,
    )
  }
}

export const distributedFlood: DetectorKind = {
  name: "distributed-flood",
  create: (setting, context) => new DistributedFlood(setting, context),
}
