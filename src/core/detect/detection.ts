import type { Address } from "../base/address.js"
import type { AlertEvent } from "../event/alert-event.js"
import type { Answer, AnswerEvent } from "../event/answer-event.js"
import type { ConnectionEvent, ConnectionPhase } from "../event/connection-event.js"
import type { CounterEvent } from "../event/counter-event.js"
import type { Event } from "../event/event.js"
import type { Finding } from "../event/finding.js"
import { type Flow, FROM_INSIDE, FROM_OUTSIDE, setEnds, sourceOf } from "../event/flow.js"
import type { LoginEvent } from "../event/login-event.js"
import { PacketEvent, UNJUDGED } from "../event/packet-event.js"
import { ACK, FIN, ICMP, ICMPV6, RST, SYN, TCP, UDP, URG } from "../packet/packet.js"
import { printLimit } from "../policy/limit.js"
import type { DetectorSetting, Limit, PortSelector } from "../policy/policy.js"
import type { Ends } from "./attempt-table.js"
import { Attempts } from "./attempts.js"
import {
  ALL_CLASSES,
  type Concluded,
  type Detector,
  type DetectorContext,
  type Draft,
  IS_ABANDONED,
  IS_ASKED,
  IS_BEGUN,
  IS_DATAGRAM,
  IS_ENDED,
  IS_ESTABLISHED,
  IS_FRAGMENT,
  IS_ICMP,
  IS_LOADED,
  IS_MALFORMED,
  IS_ODD,
  IS_OPEN_OTHER,
  IS_OPEN_TCP,
  IS_OTHER,
  IS_SHUT_OTHER,
  IS_SHUT_TCP,
  IS_SPOOFED,
  IS_STRAY,
  IS_SYN,
  IS_SYN_ACK,
  IS_WITHIN,
} from "./detector.js"
import { isLand } from "./forged.js"
import { detectorKinds } from "./index.js"
import { answers, OUTCOMES, phases } from "./outcome.js"
import { PacketMemory } from "./packet-memory.js"
import { Press } from "./press.js"
import { Proven } from "./proven.js"
import type { RecentHashes } from "./recent-hashes.js"
import { nothingSampled, Samples } from "./samples.js"
import { Scanners } from "./scanners.js"
import { Services } from "./services.js"
import { SourcesByPer } from "./sources.js"
import { Suspects } from "./suspects.js"
import { targetOf } from "./target.js"
import { Visitors } from "./visitors.js"

export interface DetectionOptions {
  /**
   * `all`: every packet comes, of both directions, so connections and answers are concluded from them. `some`: only those that rules log; whoever knows the
   * others tells of connections and answers.
   */
  readonly sees: "all" | "some"
  /** Ports that are services, whether they answer or not (policy/offers.ts). */
  readonly offers?: readonly PortSelector[]
  /** Services that were known before; more are noted in it. */
  readonly services?: RecentHashes
}

/** What is known of a source besides what it is suspected of. */
export interface Standing {
  /** It completed a handshake or logged in within a day. */
  readonly proven: boolean
  /** A host inside has turned to it within a day. */
  readonly called: boolean
}

const SETTLED = 2 | 4
const UNTRACKED = 64

/** One more than all bits of answers, and of connections. */
const ALL_STEPS = 32

/** A detector, by what it was told to count, and the setting that is in force. */
interface Arranged {
  readonly counts: string
  readonly held: { setting: DetectorSetting }
  readonly detector: Detector
  /** What it holds against sources. */
  readonly suspects: readonly Suspects[]
}

/** What a detector counts by, as text. */
function countingOf({ limit, per, ports, exceptions }: DetectorSetting): string {
  return JSON.stringify([
    limit,
    per,
    ports,
    exceptions.map((exception) => [exception.hosts, exception.limit]),
  ])
}

/**
 * The detectors that a policy asks for, on one stream of events. The same events give the same findings: there is no clock here and no chance. What it
 * remembers is bounded, whatever comes.
 */
export class Detection {
  private arranged: readonly Arranged[] = []
  private detectors: readonly Detector[] = []
  private readonly attempts: Attempts
  private readonly proven = new Proven()
  private readonly visitors = new Visitors()
  private readonly services: Services
  private readonly memory = new PacketMemory()
  private readonly scanners = new Scanners()
  /** Null: every packet is seen. */
  private readonly samples: Samples | null
  private readonly onFinding: (finding: Finding) => void
  private readonly sources = new SourcesByPer()
  /** Whom to ask: by all that a packet is, from outside and from inside; by what became of an attempt; by a connection's step. */
  private ofOutside: (readonly Detector[] | undefined)[] = []
  private ofInside: (readonly Detector[] | undefined)[] = []
  private ofAnswers: readonly (readonly Detector[])[] = []
  private ofConnections: readonly (readonly Detector[])[] = []
  /** By outcome and protocol: 1 where anybody wants to hear of it. */
  private readonly heard = new Uint8Array(OUTCOMES * 256)
  private readonly scratch = new PacketEvent()
  private now = 0

  /** Settings of names that no detector has are left aside: the policy's reader refuses them. */
  constructor(
    settings: readonly DetectorSetting[],
    options: DetectionOptions,
    onFinding: (finding: Finding) => void,
  ) {
    this.onFinding = onFinding
    this.samples = options.sees === "all" ? null : new Samples()
    this.services = new Services(options.services)
    this.reconfigure(settings, options.offers)
    this.attempts = new Attempts(this, options.sees === "all")
  }

  /**
   * Other settings from now on. What a detector has counted stays, unless it is to count otherwise (limit, per, ports, for): what is done about its findings is no reason to forget them. What is
   * known of connections and sources stays.
   */
  reconfigure(settings: readonly DetectorSetting[], offers: readonly PortSelector[] = []): void {
    this.services.offers = offers
    const { arranged } = this
    this.arranged = settings.flatMap((setting) => {
      const kind = detectorKinds.find(({ name }) => name === setting.name)
      if (!kind) return []
      const counts = countingOf(setting)
      const before = arranged.find(
        ({ held, counts: then }) => held.setting.name === setting.name && then === counts,
      )
      if (before) {
        before.held.setting = setting
        return [before]
      }
      const held = { setting }
      const suspects: Suspects[] = []
      return [{ counts, held, detector: kind.create(setting, this.contextOf(held, suspects)), suspects }]
    })
    for (const one of arranged)
      if (!this.arranged.includes(one)) for (const suspects of one.suspects) suspects.close()
    this.detectors = this.arranged.map(({ detector }) => detector)
    this.ofOutside = new Array<undefined>(ALL_CLASSES).fill(undefined)
    this.ofInside = new Array<undefined>(ALL_CLASSES).fill(undefined)
    this.ofAnswers = listsOf((bit) => this.detectors.filter(({ answers = 0 }) => answers & bit))
    this.ofConnections = listsOf((bit) => this.detectors.filter(({ connections = 0 }) => connections & bit))
    for (let at = 0; at < this.heard.length; at++) this.heard[at] = this.isHeard(at >>> 8, at & 0xff) ? 1 : 0
  }

  /** Any event; whoever knows which it is calls the method of its name. */
  take(event: Event): void {
    switch (event.event) {
      case "packet":
        this.packet(event)
        break
      case "answer":
        this.answer(event)
        break
      case "connection":
        this.connection(event)
        break
      case "counter":
        this.counter(event)
        break
      case "alert":
        this.alert(event)
        break
      case "login":
        this.login(event)
        break
    }
  }

  /** The event is the caller's, and may be filled again. */
  packet(event: PacketEvent): void {
    if (event.time < this.now) event.time = this.now
    else this.now = event.time
    event.isRepeated = false
    event.isAnswer = false
    const classes = this.classify(event)
    if (event.isSample && this.samples?.note(event)) this.memory.note(event)
    if (classes === 0) return
    const ofSide = event.side === FROM_OUTSIDE ? this.ofOutside : this.ofInside
    const wanting = (ofSide[classes] ??= this.detectors.filter(
      ({ wants = 0, side = FROM_OUTSIDE }) => side === event.side && (wants & classes) !== 0,
    ))
    for (let at = 0; at < wanting.length; at++) wanting[at]!.packet!(event)
  }

  /**
   * False: a TCP packet with these ends, without fault and within a connection, is nothing to anybody, and need not be made an event of (flags of a beginning or
   * an end aside).
   */
  awaits(packet: Ends): boolean {
    return this.attempts.awaits(packet)
  }

  /** Whether anybody wants to hear of such an outcome (outcome.ts) of an attempt from outside. */
  hears(outcome: number, protocol: number): boolean {
    return this.heard[outcome * 256 + protocol] === 1
  }

  answer(event: AnswerEvent): void {
    if (event.side !== FROM_OUTSIDE) return
    if (event.answer === "open") {
      this.services.note(event)
      if (event.protocol === UDP) this.samples?.answered(event)
    } else if (event.answer !== "refused" && this.services.has(event)) return
    const wanting = this.ofAnswers[answerBit(event.answer, event.protocol)]!
    for (let at = 0; at < wanting.length; at++) wanting[at]!.answer!(event)
  }

  connection(event: ConnectionEvent): void {
    const { phase } = event
    if (event.side === FROM_INSIDE) {
      if (phase === "new") this.attempts.called.add(event)
      return
    }
    if (event.isProven && phase === "established" && event.protocol === TCP) {
      this.proven.add(event)
      this.visitors.add(event)
    }
    const wanting = this.ofConnections[stepBit(phase, event.protocol)]!
    for (let at = 0; at < wanting.length; at++) wanting[at]!.connection!(event)
  }

  counter(event: CounterEvent): void {
    const sampling = this.samples?.take(event) ?? nothingSampled
    let held = 0
    for (const detector of this.detectors) held += detector.sampled?.(event, sampling.shares) ?? 0
    for (const detector of this.detectors) detector.counter?.(event, sampling, held)
  }

  alert(event: AlertEvent): void {
    for (const detector of this.detectors) detector.alert?.(event)
  }

  login(event: LoginEvent): void {
    if (event.outcome === "accepted") {
      setEnds(this.scratch, event.source, event.source)
      this.scratch.time = event.time
      this.proven.add(this.scratch)
    }
    for (const detector of this.detectors) detector.login?.(event)
  }

  /** Nothing comes any more: what has waited for an answer for a while has none. */
  finish(): void {
    this.attempts.finish(this.now)
  }

  /** What is known of the flow's source at the flow's time. */
  standingOf(flow: Flow): Standing {
    return { proven: this.proven.has(flow), called: this.attempts.called.hasSource(flow) }
  }

  /** Whether the address has a connection, as far as packets told: one of the latest 32,768 attempts, established and not over. */
  hasConnection(address: Address): boolean {
    return this.attempts.hasEstablished(address)
  }

  /** Services are noted, and handshakes, whether any detector asks for them or not. */
  private isHeard(outcome: number, protocol: number): boolean {
    const answer = answers[outcome]
    if (answer !== undefined)
      return answer === "open" || this.ofAnswers[answerBit(answer, protocol)]!.length > 0
    const phase = phases[outcome]!
    return phase === "established" || this.ofConnections[stepBit(phase, protocol)]!.length > 0
  }

  /** What the packet is to detectors; connections are followed on the way. Most packets of a connection are nothing after a few comparisons. */
  private classify(event: PacketEvent): number {
    let more = 0
    if (event.isFragment) more = IS_FRAGMENT
    if (event.malformed !== 0) return more | IS_MALFORMED
    if (event.isSpoofed || (event.source0 === event.destination0 && isLand(event))) more |= IS_SPOOFED
    // Of a fragment behind the first, only that is known; what never reached a hook begins nothing.
    if (event.fragmentOffset > 0 || event.verdict === UNJUDGED) return more
    if (event.protocol === TCP) return more | this.classifyTcp(event)
    if (event.protocol === UDP) {
      this.attempts.take(event)
      return event.isAnswer || event.ctState & SETTLED ? more : more | IS_DATAGRAM
    }
    if (event.protocol === ICMP || event.protocol === ICMPV6) {
      if (event.quotedProtocol >= 0) this.attempts.take(event)
      return more | IS_ICMP
    }
    return event.ctState & SETTLED ? more : more | IS_OTHER
  }

  private classifyTcp(event: PacketEvent): number {
    const flags = event.tcpFlags
    this.attempts.take(event)
    const core = flags & (FIN | SYN | RST | ACK)
    if (core === ACK && event.isAnswer && event.payloadLength > 0 && !(event.ctState & SETTLED))
      return IS_WITHIN
    if (core === ACK && (flags & URG) === 0) return isWithin(event) ? 0 : IS_STRAY
    const loaded = event.payloadLength > 0 ? IS_LOADED : 0
    if (core === SYN) return event.isRepeated ? loaded : IS_SYN | loaded
    if (core === (SYN | ACK)) return event.isAnswer ? 0 : IS_SYN_ACK | loaded
    if (core === RST || core === (RST | ACK) || core === (FIN | ACK) || core === ACK)
      return isWithin(event) ? 0 : IS_STRAY | loaded
    return event.isAnswer ? 0 : IS_ODD | loaded
  }

  private contextOf(held: { readonly setting: DetectorSetting }, made: Suspects[]): DetectorContext {
    const press = new Press()
    const complete = ({ isForged, onlyNotify, ...found }: Concluded, limit: Limit | undefined) => {
      const finding = found.proven || found.manySources ? found : press.pass(found)
      if (finding === null) return
      const { setting } = held
      this.onFinding({
        ...finding,
        detector: setting.name,
        threshold: { phrase: limit ? printLimit(limit) : "", origin: setting.origin },
        action: isForged || onlyNotify ? "notify" : setting.action,
        blockFor: setting.blockFor / 1e9,
      })
    }
    return {
      seesAll: this.samples === null,
      packets: this.memory,
      suspects: (limit, per, counts, share) => {
        const suspects = new Suspects(this.sources.of(per), limit, per, counts, share)
        made.push(suspects)
        return suspects
      },
      report: (draft, suspects, slot, flow) =>
        complete(this.findingOf(draft, suspects, slot, flow), suspects.limit),
      reportFinding: complete,
      isProven: (flow) => this.proven.has(flow),
      isOffered: (flow) => this.services.isOffered(flow),
      scanners: this.scanners,
    }
  }

  private findingOf(draft: Draft, suspects: Suspects, slot: number, flow: Flow): Concluded {
    const { kind, sentence, confidence, target, isForged = false, onlyNotify = false } = draft
    const first = draft.first ?? suspects.firstOf(slot)
    return {
      at: flow.time,
      kind,
      sentence,
      sources: [sourceOf(flow)],
      sourceCount: 1,
      manySources: false,
      isForged,
      onlyNotify,
      proven: !isForged && (draft.isProven || this.proven.has(flow)),
      ...(this.visitors.had(flow, first) && { isVisitor: true }),
      target: { ...targetOf(flow), ...target },
      evidence: {
        count: draft.count ?? suspects.totalOf(slot),
        first,
        last: flow.time,
        packets: this.memory.of(flow),
      },
      confidence,
      repetition: suspects.repetitionOf(slot),
    }
  }
}

/** Within a connection that conntrack knows, or nobody can say. */
function isWithin({ ctState, isAnswer }: PacketEvent): boolean {
  return isAnswer || ctState === 0 || (ctState & (SETTLED | UNTRACKED)) !== 0
}

function answerBit(answer: Answer, protocol: number): number {
  if (answer === "open") return protocol === TCP ? IS_OPEN_TCP : IS_OPEN_OTHER
  return protocol === TCP ? IS_SHUT_TCP : IS_SHUT_OTHER
}

function stepBit(phase: ConnectionPhase, protocol: number): number {
  if (phase === "new") return protocol === ICMP || protocol === ICMPV6 ? IS_ASKED : IS_BEGUN
  if (phase === "established") return IS_ESTABLISHED
  return phase === "ended" ? IS_ENDED : IS_ABANDONED
}

/** Lists by a bit's number. */
function listsOf(list: (bit: number) => readonly Detector[]): readonly (readonly Detector[])[] {
  return Array.from({ length: ALL_STEPS }, (_, bit) => list(bit))
}
