import type { Address } from "../base/address.js"
import type { Answer, Probe } from "../event/answer-event.js"
import { AnswerEvent } from "../event/answer-event.js"
import { ConnectionEvent, type ConnectionPhase } from "../event/connection-event.js"
import { type Flow, FROM_INSIDE, FROM_OUTSIDE } from "../event/flow.js"
import { DROPPED, type PacketEvent, REJECTED } from "../event/packet-event.js"
import { ACK, FIN, ICMP, PSH, RST, SYN, TCP, UDP, URG } from "../packet/packet.js"
import { Called } from "./called.js"
import { mix } from "./source-table.js"

/** Attempts that are remembered, the latest. */
const ROOM = 1 << 15
const BUCKETS = ROOM * 2
const WORDS = 11
const PORTS = 8
const KIND = 9
const SEQUENCE = 10
/** Half-open ones by a few bits of their hash: most acknowledgements belong to none. */
const FILTER = 1 << 14

/** Seconds after which an unanswered SYN counts as such: it was sent again after one second and after three (RFC 6298). */
const SILENCE = 4
/** An attempt that comes again within this many seconds is the same one; a SYN is sent again for 127 s (tcp_syn_retries 6). */
const SAME = 130
/** A SYN is sent seven times, and a capture may show each twice; who sends it more often floods. */
const MOST_REPEATS = 14
/** Seconds in which calls from before the first event may still be answered. */
const BEFORE = 300

const FREE = 0
const TRIED = 1
/** SYN-ACK seen. */
const HALF_OPEN = 2
const ESTABLISHED = 3
const OVER = 4

const probes: readonly Probe[] = ["syn", "fin", "null", "xmas", "ack", "maimon", "odd", "udp"]
const BY_SYN = 0
const BY_ACK = 4
const BY_UDP = 7

// Bits of `ct state`.
const INVALID = 1
const SETTLED = 2 | 4
const NEW = 8

/** Who and whom: of an event, or of a packet that is none yet. */
export type Ends = Omit<Flow, "time" | "direction" | "side" | "interface" | "family"> & {
  readonly family: number
}

/** What an attempt becomes is told to. */
export interface AttemptListener {
  answer(event: AnswerEvent): void
  connection(event: ConnectionEvent): void
}

/**
 * Who tries to reach which port, and what comes of it: the packets of both directions in, connections and answers out. It knows the latest
 * 32,768 attempts. A SYN that is sent again is the same attempt; what answers a call from inside is none.
 */
export class Attempts {
  /** To whom hosts inside have turned within a day. */
  readonly called = new Called()
  private readonly listener: AttemptListener
  private readonly tellsSilence: boolean
  private readonly words = new Uint32Array(ROOM * WORDS)
  private readonly expected = new Uint32Array(ROOM)
  private readonly times = new Float64Array(ROOM)
  private readonly states = new Uint8Array(ROOM)
  private readonly probe = new Uint8Array(ROOM)
  private readonly repeats = new Uint8Array(ROOM)
  private readonly directions = new Uint8Array(ROOM)
  private readonly sides = new Uint8Array(ROOM)
  private readonly interfaces: string[] = new Array<string>(ROOM).fill("")
  private readonly heads = new Int32Array(BUCKETS).fill(-1)
  private readonly next = new Int32Array(ROOM)
  private readonly filter = new Uint16Array(FILTER)
  /** How many attempts there were; the latest one's place is below it, modulo the room. */
  private begun = 0
  /** All before it have been asked whether they stay silent. */
  private asked = 0
  private since = Number.NaN
  private readonly answerEvent = new AnswerEvent()
  private readonly connectionEvent = new ConnectionEvent()

  /** `tellsSilence`: all packets are seen, so that none coming back means that none was sent. */
  constructor(listener: AttemptListener, tellsSilence: boolean) {
    this.listener = listener
    this.tellsSilence = tellsSilence
  }

  /** Whether somebody waits for what a TCP packet of these ends may be: the end of a handshake. Mostly nobody does. */
  awaits(packet: Ends): boolean {
    const source = packet.source0 ^ packet.source1 ^ packet.source2 ^ Math.imul(packet.source3, 5)
    const destination =
      packet.destination0 ^ packet.destination1 ^ packet.destination2 ^ Math.imul(packet.destination3, 5)
    const ports = (packet.sourcePort << 16) | packet.destinationPort
    const hash = hashWords(source, destination, ports, (packet.family << 8) | packet.protocol)
    return this.filter[hash & (FILTER - 1)]! > 0
  }

  /** A packet without fault, of TCP or UDP, or an ICMP error. Says on the event whether it is a repetition or an answer. */
  take(event: PacketEvent): void {
    if (this.asked < this.begun) this.askSilent(event.time)
    if (event.protocol === TCP) this.tcp(event)
    else if (event.protocol === UDP) this.udp(event)
    else this.unreachable(event)
  }

  /** Looks through all: for decisions, not for packets. */
  hasEstablished({ family, words }: Address): boolean {
    const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = words
    for (let slot = 0; slot < ROOM; slot++) {
      if (this.states[slot] !== ESTABLISHED) continue
      const at = slot * WORDS
      if (this.words[at + KIND] !== ((family << 8) | TCP)) continue
      for (const end of [at, at + 4])
        if (
          this.words[end] === word0 &&
          (family === 4 ||
            (this.words[end + 1] === word1 && this.words[end + 2] === word2 && this.words[end + 3] === word3))
        )
          return true
    }
    return false
  }

  private tcp(event: PacketEvent): void {
    const flags = event.tcpFlags & (FIN | SYN | RST | ACK | PSH | URG)
    const core = flags & (FIN | SYN | RST | ACK)
    if (core === ACK) this.acknowledge(event, flags)
    else if (core === SYN) this.open(event, BY_SYN)
    else if (core === (SYN | ACK)) this.accept(event)
    else if (core === RST || core === (RST | ACK)) this.reset(event)
    else if (core === (FIN | ACK)) this.finish(event)
    else if (core === FIN) this.open(event, (flags & (PSH | URG)) === (PSH | URG) ? 3 : 1)
    else if (core === 0) this.open(event, flags === 0 ? 2 : 6)
    else this.open(event, 6)
  }

  private udp(event: PacketEvent): void {
    if (event.ctState & SETTLED) return
    const back = this.find(event, true)
    if (back >= 0 && event.time - this.times[back]! <= SAME) {
      event.isAnswer = true
      this.times[back] = event.time
      if (this.states[back] === TRIED) this.settle(back, "open", event.time, ESTABLISHED)
      return
    }
    this.open(event, BY_UDP)
  }

  /** ICMP port unreachable and prohibited, that whom somebody tried sends back. */
  private unreachable(event: PacketEvent): void {
    if (event.quotedProtocol !== TCP && event.quotedProtocol !== UDP) return
    const code = event.icmpCode
    const isRefusal =
      event.protocol === ICMP
        ? event.icmpType === 3 && (code === 2 || code === 3 || code === 9 || code === 10 || code === 13)
        : event.icmpType === 1 && (code === 1 || code === 4 || code === 6)
    if (!isRefusal) return
    const { protocol, sourcePort, destinationPort } = event
    // The error goes the other way than what it quotes.
    event.protocol = event.quotedProtocol
    event.sourcePort = event.quotedDestinationPort
    event.destinationPort = event.quotedSourcePort
    const slot = this.find(event, true)
    event.protocol = protocol
    event.sourcePort = sourcePort
    event.destinationPort = destinationPort
    if (slot >= 0 && this.states[slot] === TRIED) this.settle(slot, "closed", event.time, OVER)
  }

  /** Somebody tries; or does so again. */
  private open(event: PacketEvent, probe: number): void {
    const slot = this.find(event, false)
    if (slot >= 0 && event.time - this.times[slot]! <= SAME) {
      const isSame =
        probe === BY_UDP ||
        (this.probe[slot] === probe && this.words[slot * WORDS + SEQUENCE] === event.tcpSequence)
      if (isSame) {
        const repeats = this.repeats[slot]!
        if (repeats < MOST_REPEATS) this.repeats[slot] = repeats + 1
        event.isRepeated = repeats < MOST_REPEATS
        event.isAnswer = probe === BY_UDP && this.states[slot] === ESTABLISHED
        if (probe === BY_UDP) this.times[slot] = event.time
        else if (this.states[slot] === TRIED && isRefused(event) && !isLimited(event))
          this.settle(slot, "refused", event.time, OVER)
        return
      }
    }
    if (probe === BY_UDP && isTraceroute(event)) {
      event.isAnswer = true
      return
    }
    const isInside = event.side === FROM_INSIDE
    if (isInside && (probe === BY_SYN || probe === BY_UDP)) this.called.add(event)
    if (!isInside && (probe === BY_ACK || probe === BY_UDP || probe === 5) && this.mayBeAnswer(event)) {
      event.isAnswer = true
      return
    }
    if (isLimited(event)) return
    const begun = this.insert(event, probe)
    if (probe === BY_SYN || probe === BY_UDP) this.tell(begun, "new", event.time)
    if (isRefused(event)) this.settle(begun, "refused", event.time, OVER)
  }

  /** It comes from where a host inside has called, or may have called before anybody looked. */
  private mayBeAnswer(event: PacketEvent): boolean {
    if (Number.isNaN(this.since)) this.since = event.time
    if (this.called.has(event)) return true
    const fromService = event.sourcePort < 1024 && event.destinationPort >= 1024
    return fromService && (event.protocol === UDP || event.time - this.since < BEFORE)
  }

  private accept(event: PacketEvent): void {
    const slot = this.find(event, true)
    if (slot < 0) {
      event.isAnswer = (event.ctState & SETTLED) !== 0
      return
    }
    event.isAnswer = true
    if (this.states[slot] !== TRIED || isRefused(event)) return
    this.expected[slot] = event.tcpSequence + 1
    this.settle(slot, "open", event.time, HALF_OPEN)
  }

  private acknowledge(event: PacketEvent, flags: number): void {
    const hash = hashOf(event, false)
    if (this.filter[hash & (FILTER - 1)]! > 0) {
      const slot = this.find(event, false)
      const state = slot < 0 ? FREE : this.states[slot]!
      if (state === HALF_OPEN && this.probe[slot] === BY_SYN) {
        if (event.tcpAcknowledgement !== this.expected[slot] || isRefused(event)) return
        this.leave(slot, ESTABLISHED)
        this.tell(slot, "established", event.time, true)
        return
      }
      // The answers go another way, or are not captured: who goes on has had one. It proves nothing.
      if (state === TRIED && this.probe[slot] === BY_SYN && !isRefused(event)) {
        this.settle(slot, "open", event.time, ESTABLISHED)
        this.tell(slot, "established", event.time)
        return
      }
    }
    if (event.ctState & (NEW | INVALID) && !this.isKnown(event)) this.open(event, flags === ACK ? BY_ACK : 4)
  }

  private reset(event: PacketEvent): void {
    const back = this.find(event, true)
    if (back >= 0) {
      if (this.states[back] === TRIED && !isRefused(event)) this.settle(back, "closed", event.time, OVER)
      else this.end(back, event.time)
      return
    }
    const slot = this.find(event, false)
    if (slot >= 0) this.end(slot, event.time)
  }

  private finish(event: PacketEvent): void {
    const back = this.find(event, true)
    const slot = back >= 0 ? back : this.find(event, false)
    if (slot >= 0) this.end(slot, event.time)
    else if (event.ctState & (NEW | INVALID)) this.open(event, 5)
  }

  private end(slot: number, time: number): void {
    const wasEstablished = this.states[slot] === ESTABLISHED
    this.leave(slot, OVER)
    if (wasEstablished) this.tell(slot, "ended", time)
  }

  private isKnown(event: PacketEvent): boolean {
    const slot = this.find(event, false)
    if (slot >= 0) return this.probe[slot] === BY_SYN
    const back = this.find(event, true)
    return back >= 0 && this.probe[back] === BY_SYN
  }

  /** Those that have waited too long have no answer. */
  private askSilent(now: number): void {
    while (this.asked < this.begun) {
      const slot = this.asked % ROOM
      if (this.times[slot]! + SILENCE > now) return
      this.asked++
      const isSyn = this.probe[slot] === BY_SYN
      if (this.tellsSilence && isSyn && this.states[slot] === TRIED) this.settle(slot, "silent", now, TRIED)
    }
  }

  private settle(slot: number, answer: Answer, time: number, state: number): void {
    if (state !== TRIED) this.leave(slot, state)
    const event = this.answerEvent
    this.describe(slot, event)
    event.time = time
    event.tried = this.times[slot]!
    event.probe = probes[this.probe[slot]!]!
    event.answer = answer
    this.listener.answer(event)
  }

  private tell(slot: number, phase: ConnectionPhase, time: number, isProven = false): void {
    const event = this.connectionEvent
    this.describe(slot, event)
    event.time = time
    event.phase = phase
    event.isProven = isProven
    event.wasEstablished = phase === "ended"
    this.listener.connection(event)
  }

  private describe(slot: number, into: Flow): void {
    const { words } = this
    const at = slot * WORDS
    const kind = words[at + KIND]!
    into.family = kind >>> 8 === 4 ? 4 : 6
    into.protocol = kind & 0xff
    into.source0 = words[at]!
    into.source1 = words[at + 1]!
    into.source2 = words[at + 2]!
    into.source3 = words[at + 3]!
    into.destination0 = words[at + 4]!
    into.destination1 = words[at + 5]!
    into.destination2 = words[at + 6]!
    into.destination3 = words[at + 7]!
    into.sourcePort = words[at + PORTS]! >>> 16
    into.destinationPort = words[at + PORTS]! & 0xffff
    into.direction = this.directions[slot]!
    into.side = this.sides[slot] === FROM_INSIDE ? FROM_INSIDE : FROM_OUTSIDE
    into.interface = this.interfaces[slot]!
  }

  private insert(event: PacketEvent, probe: number): number {
    const slot = this.begun % ROOM
    if (this.begun >= ROOM) {
      // Nobody will know when it ends.
      this.end(slot, event.time)
      this.remove(slot)
    }
    this.begun++
    if (this.asked < this.begun - ROOM) this.asked = this.begun - ROOM
    const { words } = this
    const at = slot * WORDS
    words[at] = event.source0
    words[at + 1] = event.source1
    words[at + 2] = event.source2
    words[at + 3] = event.source3
    words[at + 4] = event.destination0
    words[at + 5] = event.destination1
    words[at + 6] = event.destination2
    words[at + 7] = event.destination3
    words[at + PORTS] = ((event.sourcePort << 16) | event.destinationPort) >>> 0
    words[at + KIND] = (event.family << 8) | event.protocol
    words[at + SEQUENCE] = event.tcpSequence
    this.times[slot] = event.time
    this.states[slot] = TRIED
    this.probe[slot] = probe
    this.repeats[slot] = 0
    this.directions[slot] = event.direction
    this.sides[slot] = event.side
    this.interfaces[slot] = event.interface
    const hash = hashOf(event, false)
    this.filter[hash & (FILTER - 1)]! += 1
    const bucket = hash & (BUCKETS - 1)
    this.next[slot] = this.heads[bucket]!
    this.heads[bucket] = slot
    return slot
  }

  /** It no longer waits for an answer or its confirmation. */
  private leave(slot: number, state: number): void {
    const before = this.states[slot]!
    if ((before === TRIED || before === HALF_OPEN) && state !== HALF_OPEN)
      this.filter[this.hashAt(slot) & (FILTER - 1)]! -= 1
    this.states[slot] = state
  }

  private remove(slot: number): void {
    this.leave(slot, FREE)
    const bucket = this.hashAt(slot) & (BUCKETS - 1)
    let at = this.heads[bucket]!
    if (at === slot) {
      this.heads[bucket] = this.next[slot]!
      return
    }
    while (at >= 0 && this.next[at] !== slot) at = this.next[at]!
    if (at >= 0) this.next[at] = this.next[slot]!
  }

  private hashAt(slot: number): number {
    const { words } = this
    const at = slot * WORDS
    return hashWords(
      words[at]! ^ words[at + 1]! ^ words[at + 2]! ^ Math.imul(words[at + 3]!, 5),
      words[at + 4]! ^ words[at + 5]! ^ words[at + 6]! ^ Math.imul(words[at + 7]!, 5),
      words[at + PORTS]!,
      words[at + KIND]!,
    )
  }

  /** The latest attempt of the packet's ends; `isBack`: which it answers. */
  private find(event: PacketEvent, isBack: boolean): number {
    const { words, next } = this
    const ports = isBack
      ? ((event.destinationPort << 16) | event.sourcePort) >>> 0
      : ((event.sourcePort << 16) | event.destinationPort) >>> 0
    const kind = (event.family << 8) | event.protocol
    const from = isBack ? 4 : 0
    const to = 4 - from
    for (let slot = this.heads[hashOf(event, isBack) & (BUCKETS - 1)]!; slot >= 0; slot = next[slot]!) {
      const at = slot * WORDS
      if (
        words[at + PORTS] === ports &&
        words[at + KIND] === kind &&
        words[at + from] === event.source0 &&
        words[at + to] === event.destination0 &&
        (event.family === 4 ||
          (words[at + from + 1] === event.source1 &&
            words[at + from + 2] === event.source2 &&
            words[at + from + 3] === event.source3 &&
            words[at + to + 1] === event.destination1 &&
            words[at + to + 2] === event.destination2 &&
            words[at + to + 3] === event.destination3))
      )
        return slot
    }
    return -1
  }
}

/** traceroute and mtr count up from 33434 and 33000, and what reaches the end of the way has few hops left. */
function isTraceroute({ destinationPort, ttl }: PacketEvent): boolean {
  return destinationPort >= 33000 && ttl > 0 && ttl <= 32
}

/** A limit that is spent says nothing of the port. */
const limits = new Set([
  "syn-floods",
  "all-floods",
  "icmp-floods",
  "connection-rate",
  "connections",
  "port-floods",
  "throttle",
])

function isRefused({ verdict }: PacketEvent): boolean {
  return verdict === DROPPED || verdict === REJECTED
}

function isLimited({ protection }: PacketEvent): boolean {
  return protection !== "" && limits.has(protection)
}

function hashOf(event: PacketEvent, isBack: boolean): number {
  const source = event.source0 ^ event.source1 ^ event.source2 ^ Math.imul(event.source3, 5)
  const destination =
    event.destination0 ^ event.destination1 ^ event.destination2 ^ Math.imul(event.destination3, 5)
  const kind = (event.family << 8) | event.protocol
  return isBack
    ? hashWords(destination, source, (event.destinationPort << 16) | event.sourcePort, kind)
    : hashWords(source, destination, (event.sourcePort << 16) | event.destinationPort, kind)
}

function hashWords(source: number, destination: number, ports: number, kind: number): number {
  return mix(source, destination, ports, kind)
}
