import { printAddress } from "../base/address.js"
import { serviceName } from "../base/ports.js"
import { ACK, ICMP, ICMPV6, type Packet, SYN, TCP, UDP } from "../packet/packet.js"
import { icmpNames, icmpv6Names, protocolNames } from "../packet/script-words.js"
import type { Engine } from "./engine.js"
import { type RuleReference, ruleReference } from "./reference.js"
import {
  type Judgement,
  VERDICT_ABSORBED,
  VERDICT_ACCEPT,
  VERDICT_NONE,
  type VerdictName,
  verdictNames,
} from "./verdict.js"

/** What becomes of a packet under the second rules that did not under the first. */
export const UNCHANGED = 0
/** It was accepted, and would be dropped or rejected. */
export const CUT_OFF = 1
/** It was dropped or rejected, and would be accepted. */
export const LET_IN = 2
/** Dropped without a word where it was answered, or the other way round. */
export const OTHERWISE = 3
export type Change = 0 | 1 | 2 | 3

/** Packets of one source for one service whose verdict changes in the same way. */
export interface ChangedTraffic {
  /** Who opened the connection, or sent the packet where there is none. */
  readonly source: string
  /** `ssh (22/tcp)`, `icmp echo-request`, `gre`: what the source dialled. */
  readonly service: string
  readonly packets: number
  /** How many of them belong to a connection that had been answered under the first rules. */
  readonly established: number
  /** The first of these packets: both verdicts, and who gave them. */
  readonly before: Decided
  readonly after: Decided
}

export interface Decided {
  readonly verdict: VerdictName
  readonly rule: RuleReference | null
}

export interface ComparisonSummary {
  readonly packets: number
  readonly same: number
  readonly cutOff: number
  readonly letIn: number
  readonly otherwise: number
  /** The most important first: who had been answered, then who sent most. */
  readonly newlyCutOff: readonly ChangedTraffic[]
  readonly newlyLetIn: readonly ChangedTraffic[]
  readonly answeredOtherwise: readonly ChangedTraffic[]
}

interface Traffic {
  packets: number
  established: number
  readonly beforeVerdict: number
  readonly beforeChain: number
  readonly beforeRule: number
  readonly afterVerdict: number
  readonly afterChain: number
  readonly afterRule: number
}

/** How many pairs of source and service are kept when it gets narrow; see `FrequentAddresses`. */
const KEPT = 4096

/** The longest list of a summary. */
const MOST_LISTED = 1000

const ESTABLISHED = 2
const RELATED = 4

/** Counts how the verdicts of two engines over the same packets differ, in bounded memory. */
export class Comparison {
  private packets = 0
  private readonly counts = new Float64Array(4)
  private readonly traffic: readonly Map<string, Traffic>[] = [new Map(), new Map(), new Map(), new Map()]

  /** Both judgements of one packet, as captured. */
  take(packet: Packet, before: Judgement, after: Judgement): Change {
    this.packets++
    const change = changeOf(before.verdict, after.verdict)
    this.counts[change]!++
    if (change !== UNCHANGED) this.note(change, packet, before, after)
    return change
  }

  summary(before: Engine, after: Engine): ComparisonSummary {
    const list = (change: Change): ChangedTraffic[] =>
      [...this.traffic[change]!]
        .sort(([, left], [, right]) => order(left, right))
        .slice(0, MOST_LISTED)
        .map(([key, traffic]) => {
          const [source = "", service = ""] = key.split("|")
          return {
            source,
            service,
            packets: traffic.packets,
            established: traffic.established,
            before: {
              verdict: verdictNames[traffic.beforeVerdict]!,
              rule: ruleReference(before, traffic.beforeChain, traffic.beforeRule),
            },
            after: {
              verdict: verdictNames[traffic.afterVerdict]!,
              rule: ruleReference(after, traffic.afterChain, traffic.afterRule),
            },
          }
        })
    return {
      packets: this.packets,
      same: this.counts[UNCHANGED]!,
      cutOff: this.counts[CUT_OFF]!,
      letIn: this.counts[LET_IN]!,
      otherwise: this.counts[OTHERWISE]!,
      newlyCutOff: list(CUT_OFF),
      newlyLetIn: list(LET_IN),
      answeredOtherwise: list(OTHERWISE),
    }
  }

  private note(change: Change, packet: Packet, before: Judgement, after: Judgement): void {
    const map = this.traffic[change]!
    const isReply = isAnswer(packet, before, after)
    const key = `${addressOf(packet, isReply)}|${serviceOf(packet, isReply)}`
    const isAlive = before.ctState === ESTABLISHED || before.ctState === RELATED
    const known = map.get(key)
    if (known) {
      known.packets++
      if (isAlive) known.established++
      return
    }
    map.set(key, {
      packets: 1,
      established: isAlive ? 1 : 0,
      beforeVerdict: before.verdict,
      beforeChain: before.chain,
      beforeRule: before.rule,
      afterVerdict: after.verdict,
      afterChain: after.chain,
      afterRule: after.rule,
    })
    if (map.size > 2 * KEPT) cut(map)
  }
}

/** A fragment that waits for the others has not been stopped; what never reached a hook has no verdict that could change. */
function changeOf(before: number, after: number): Change {
  if (before === after || before === VERDICT_NONE || after === VERDICT_NONE) return UNCHANGED
  const passed = passes(before)
  if (passed === passes(after)) return passed ? UNCHANGED : OTHERWISE
  return passed ? CUT_OFF : LET_IN
}

function passes(verdict: number): boolean {
  return verdict === VERDICT_ACCEPT || verdict === VERDICT_ABSORBED
}

/** Established connections before all else: there somebody was at work. */
function order(left: Traffic, right: Traffic): number {
  const alive = Number(right.established > 0) - Number(left.established > 0)
  return alive !== 0 ? alive : right.packets - left.packets
}

/** Misra and Gries: what makes up a large part of all is surely kept. */
function cut(map: Map<string, Traffic>): void {
  const sorted = [...map.values()].map(({ packets }) => packets).sort((left, right) => right - left)
  const less = sorted[KEPT] ?? 0
  for (const [key, traffic] of map)
    if (traffic.packets > less) traffic.packets -= less
    else map.delete(key)
}

/** What the packet's connection was opened for. */
export function dialledService(packet: Packet, before: Judgement, after: Judgement): string {
  return serviceOf(packet, isAnswer(packet, before, after))
}

/** Whether the packet goes back to who opened the connection: as conntrack says, or where it does not know, as flags and ports look. */
function isAnswer(packet: Packet, before: Judgement, after: Judgement): boolean {
  if (before.ctState === ESTABLISHED) return before.ctDirection === 1
  if (after.ctState === ESTABLISHED) return after.ctDirection === 1
  if (packet.protocol === TCP && (packet.tcpFlags & SYN) !== 0) return (packet.tcpFlags & ACK) !== 0
  if (packet.protocol !== TCP && packet.protocol !== UDP) return false
  return packet.sourcePort < 1024 && packet.destinationPort >= 1024
}

function addressOf(packet: Packet, isReply: boolean): string {
  const { family } = packet
  if (family === 0) return "not IP"
  const words = isReply
    ? [packet.destination0, packet.destination1, packet.destination2, packet.destination3]
    : [packet.source0, packet.source1, packet.source2, packet.source3]
  return printAddress({ family, words: family === 4 ? words.slice(0, 1) : words })
}

/** `ssh (22/tcp)`, `8443/tcp`, `icmp echo-request`, `gre`, `fragments of udp`. */
function serviceOf(packet: Packet, isReply: boolean): string {
  const { protocol, family } = packet
  const transport = protocol === TCP ? "tcp" : protocol === UDP ? "udp" : undefined
  if (transport) {
    if (packet.transportOffset < 0) return `fragments of ${transport}`
    const port = isReply ? packet.sourcePort : packet.destinationPort
    const name = serviceName(port, transport)
    return name === undefined ? `${port}/${transport}` : `${name} (${port}/${transport})`
  }
  if (protocol === (family === 4 ? ICMP : ICMPV6)) {
    const names = family === 4 ? icmpNames : icmpv6Names
    const known = names.find(({ type, code }) => type === packet.icmpType && code === packet.icmpCode)
    return `${family === 4 ? "icmp" : "icmpv6"} ${known?.name ?? `type ${packet.icmpType}`}`
  }
  return Object.keys(protocolNames).find((name) => protocolNames[name] === protocol) ?? `protocol ${protocol}`
}
