import { perSecond } from "../base/rate.js"
import type { AnswerEvent } from "../event/answer-event.js"
import type { ConnectionEvent } from "../event/connection-event.js"
import type { CounterEvent } from "../event/counter-event.js"
import type { PacketEvent } from "../event/packet-event.js"
import { ACK, FIN, ICMP, ICMPV6, RST, SYN, TCP, UDP } from "../packet/packet.js"
import type { DetectorSetting, Limit } from "../policy/policy.js"
import { floodProtections, strayProtections } from "./counted-protections.js"
import { CROWD, Crowd } from "./crowd.js"
import {
  type Detector,
  type DetectorContext,
  type DetectorKind,
  IS_DATAGRAM,
  IS_ESTABLISHED,
  IS_FRAGMENT,
  IS_ICMP,
  IS_MALFORMED,
  IS_ODD,
  IS_OPEN_OTHER,
  IS_OTHER,
  IS_SHUT_OTHER,
  IS_STRAY,
  IS_SYN,
  IS_SYN_ACK,
} from "./detector.js"
import { isEchoRequest } from "./flood.js"
import { isSmallFragment } from "./fragment-attack.js"
import { isGroup } from "./group.js"
import type { Sampling } from "./samples.js"
import { targetOf } from "./target.js"
import { within } from "./words.js"

/** Seconds. */
const MIDDLE = 1
/** So many sources of samples may be many sources. */
const FEW = 4

const usual: Limit = { form: "window", count: 1000, duration: 5e9 }

/**
 * Many sources together: SYNs without those that became connections, other TCP of no connection, datagrams that nobody answers, echo requests, and all that is malformed or of no known
 * protocol. Any of the sources may be forged, so
 * nobody is accused; the finding says that the host is flooded. One source that makes up more than half is not a crowd, but a flood with honest neighbours.
 */
class DistributedFlood implements Detector {
  readonly wants =
    IS_SYN | IS_SYN_ACK | IS_ODD | IS_STRAY | IS_DATAGRAM | IS_ICMP | IS_FRAGMENT | IS_MALFORMED | IS_OTHER
  readonly connections = IS_ESTABLISHED
  readonly answers: number
  private readonly limit: Limit
  private readonly syn: Crowd
  private readonly udp: Crowd
  private readonly icmp: Crowd
  private readonly stray: Crowd
  private readonly other: Crowd
  private since = Number.NaN
  private readonly context: DetectorContext
  private readonly toldAt = new Map<string, number>()

  constructor(setting: DetectorSetting, context: DetectorContext) {
    this.limit = setting.limit ?? usual
    this.syn = new Crowd(this.limit)
    this.udp = new Crowd(this.limit)
    this.icmp = new Crowd(this.limit)
    this.stray = new Crowd(this.limit)
    this.other = new Crowd(this.limit)
    this.context = context
    this.answers = context.seesAll ? IS_OPEN_OTHER : IS_OPEN_OTHER | IS_SHUT_OTHER
  }

  packet(event: PacketEvent): void {
    if (Number.isNaN(this.since)) this.since = event.time
    if (event.malformed !== 0) this.count(this.other, event, "malformed", "malformed packets")
    else if (event.isFragment) {
      if (isSmallFragment(event)) this.count(this.other, event, "fragment", "small fragments")
    } else if (event.protocol === TCP) this.countTcp(event)
    else if (event.protocol === UDP) {
      if (!event.isBroadcast && !isGroup(event)) this.count(this.udp, event, "udp", "unanswered datagrams")
    } else if (isEchoRequest(event)) this.count(this.icmp, event, "icmp", "echo requests")
    else if (event.protocol !== ICMP && event.protocol !== ICMPV6)
      this.count(this.other, event, "ip", "packets of protocols that nobody asked for")
  }

  private countTcp(event: PacketEvent): void {
    if (event.isRepeated) return
    const flags = event.tcpFlags & (FIN | SYN | RST | ACK)
    if (flags === SYN) this.count(this.syn, event, "syn", "SYNs")
    // Whoever begins to look meets connections in their middle, of each the other direction in a moment.
    else if (flags !== ACK || event.time - this.since > MIDDLE)
      this.count(this.stray, event, "tcp", "TCP packets of no connection")
  }

  connection(event: ConnectionEvent): void {
    if (event.protocol === TCP) this.syn.discount(event.time)
  }

  /** Live, of a datagram that a rule lets pass conntrack alone tells: it had no answer. */
  answer(event: AnswerEvent): void {
    if (event.protocol !== UDP || isGroup(event)) return
    if (event.answer === "open") this.udp.discount(event.time)
    else if (event.answer === "silent") this.count(this.udp, event, "udp", "unanswered datagrams")
  }

  counter(event: CounterEvent, { sourceCount, part }: Sampling, held: number): void {
    const isLimit = floodProtections.has(event.protection)
    // What no connection is of belongs to the ends of many, in ordinary life; a crowd is told by its sources.
    if (!isLimit && !(strayProtections.has(event.protection) && sourceCount >= CROWD)) return
    const rest = Math.max(0, Math.round(event.packets * part) - held)
    // The end of a flood has too few samples for a share; it is no crowd for that.
    const packets = sourceCount > 0 && sourceCount < FEW ? Math.min(rest, event.unsampled) : rest
    if (event.over <= 0) return
    const rate = packets / event.over
    const most =
      this.limit.form === "window"
        ? this.limit.count / (this.limit.duration / 1e9)
        : this.limit.form === "rate"
          ? perSecond(this.limit.rate)
          : Number.POSITIVE_INFINITY
    const told = this.toldAt.get(event.protection) ?? Number.NEGATIVE_INFINITY
    if (rate <= most || event.time - told < 60) return
    this.toldAt.set(event.protection, event.time)
    if (!isLimit) this.stray.toldAt(event.time)
    this.context.reportFinding(
      {
        at: event.time,
        kind: isLimit ? "flood-beyond-limit" : "distributed-tcp-flood",
        sentence: isLimit
          ? `${packets} packets beyond the limit of ${event.protection} ${within(event.over)}`
          : `${packets} packets that ${event.protection} met, of ${sourceCount} or more sources, ${within(event.over)}`,
        sources: [],
        sourceCount,
        manySources: true,
        proven: false,
        target: { address: null, addressCount: 1, protocol: "other", ports: [], portCount: 0 },
        evidence: { count: packets, first: event.time - event.over, last: event.time, packets: [] },
        confidence: "medium",
        repetition: 1,
      },
      this.limit,
    )
  }

  private count(crowd: Crowd, flow: PacketEvent | AnswerEvent, name: string, what: string): void {
    if (!crowd.count(flow)) return
    const { sourceCount, targetCount } = crowd
    if (flow.event === "packet") this.context.packets.note(flow)
    else this.context.packets.noteFlow(flow, "udp")
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
