import type { Address } from "../base/address.js"
import { AnswerEvent, type Probe } from "../event/answer-event.js"
import { ConnectionEvent } from "../event/connection-event.js"
import { FROM_INSIDE, FROM_OUTSIDE } from "../event/flow.js"
import { DROPPED, type PacketEvent, REJECTED } from "../event/packet-event.js"
import { ACK, FIN, ICMP, PSH, RST, SYN, TCP, UDP, URG } from "../packet/packet.js"
import {
  BEFORE,
  BURST,
  BURST_DATAGRAMS,
  BY_ACK,
  BY_FIN,
  BY_MAIMON,
  BY_NULL,
  BY_ODD,
  BY_SYN,
  BY_UDP,
  BY_XMAS,
  DATAGRAM_SILENCE,
  ESTABLISHED,
  FEW_DATAGRAMS,
  FREE,
  HALF_OPEN,
  INVALID,
  LAST_SILENCE,
  MOST_REPEATS,
  MOST_TOLD,
  NEW,
  OVER,
  SAME,
  SETTLED,
  SILENCE,
  TRIED,
} from "./attempt-layout.js"
import { AttemptTable, type Ends } from "./attempt-table.js"
import { Called } from "./called.js"
import { isGroup } from "./group.js"
import {
  ABANDONED,
  answers,
  BEGUN,
  CLOSED,
  ENDED,
  isAnswer,
  ON_WAY,
  OPEN,
  PROVEN,
  phases,
  REFUSED,
  SILENT,
} from "./outcome.js"

const probes: readonly Probe[] = ["syn", "fin", "null", "xmas", "ack", "maimon", "odd", "udp"]

/** What an attempt becomes is told to. */
export interface AttemptListener {
  /** Whether anybody wants to hear of such an outcome (outcome.ts) of an attempt from outside: most are for nobody. */
  hears(outcome: number, protocol: number): boolean
  answer(event: AnswerEvent): void
  connection(event: ConnectionEvent): void
}

/**
 * Who tries to reach which port, and what comes of it: the packets of both directions in, connections and answers out. A SYN that is sent again is the same
 * attempt; what answers a call from inside is none.
 */
export class Attempts {
  /** To whom hosts inside have turned within a day. */
  readonly called = new Called()
  private readonly listener: AttemptListener
  private readonly tellsSilence: boolean
  private readonly table = new AttemptTable()
  /** All before it have been asked whether they stay silent: SYNs, and datagrams. */
  private asked = 0
  private askedDatagrams = 0
  /** Before this nobody has been silent for long enough, in seconds. */
  private due = Number.POSITIVE_INFINITY
  private since = Number.NaN
  /** What has come of which attempts with this packet, in order: it is told when the packet has been looked at. */
  private readonly toldSlots = new Int32Array(MOST_TOLD)
  private readonly toldOutcomes = new Uint8Array(MOST_TOLD)
  private told = 0
  private latestProtection = ""
  private isLatestLimit = false
  private readonly answerEvent = new AnswerEvent()
  private readonly connectionEvent = new ConnectionEvent()

  /** `tellsSilence`: all packets are seen, so that none coming back means that none was sent. */
  constructor(listener: AttemptListener, tellsSilence: boolean) {
    this.listener = listener
    this.tellsSilence = tellsSilence
  }

  /** Whether somebody waits for what a packet of these ends may be: the end of a handshake, or the answer to a datagram. Mostly nobody does. */
  awaits(packet: Ends): boolean {
    return this.table.mayAwait(packet)
  }

  /** A packet without fault, of TCP or UDP, or an ICMP error. Says on the event whether it is a repetition or an answer. */
  take(event: PacketEvent): void {
    if (Number.isNaN(this.since)) this.since = event.time
    if (event.time >= this.due) this.askSilent(event.time, SILENCE, DATAGRAM_SILENCE)
    this.table.look(event)
    if (event.protocol === TCP) this.tcp(event)
    else if (event.protocol === UDP) this.udp(event)
    else this.unreachable(event)
    if (this.told > 0) this.tellAll(event.time)
  }

  /** Nothing comes any more. */
  finish(now: number): void {
    this.askSilent(now, LAST_SILENCE, LAST_SILENCE)
  }

  /** Looks through all: for decisions, not for packets. */
  hasEstablished(address: Address): boolean {
    return this.table.hasEstablished(address)
  }

  private tcp(event: PacketEvent): void {
    const flags = event.tcpFlags & (FIN | SYN | RST | ACK | PSH | URG)
    const core = flags & (FIN | SYN | RST | ACK)
    if (core === ACK) this.acknowledge(event)
    else if (core === SYN) this.open(event, BY_SYN)
    else if (core === (SYN | ACK)) this.accept(event)
    else if (core === RST || core === (RST | ACK)) this.reset(event)
    else if (core === (FIN | ACK)) this.finishOne(event)
    else if (core === FIN) this.open(event, (flags & (PSH | URG)) === (PSH | URG) ? BY_XMAS : BY_FIN)
    else if (core === 0) this.open(event, flags === 0 ? BY_NULL : BY_ODD)
    else this.open(event, BY_ODD)
  }

  private udp(event: PacketEvent): void {
    const { table } = this
    if (event.ctState & SETTLED) {
      // Conntrack has seen both directions: whichever this is, the first was answered.
      if (!table.mayBeAwaited) return
      const answered = table.back()
      const slot = answered >= 0 ? answered : table.there()
      if (slot >= 0 && table.stateOf(slot) === TRIED) this.settle(slot, OPEN, ESTABLISHED)
      return
    }
    // Nobody answers for a group; what its members send to whom asked it is an answer.
    if (event.isBroadcast || isGroup(event)) {
      if (event.side === FROM_INSIDE) this.called.addAsker(event)
      return
    }
    const back = table.back()
    if (back >= 0 && event.time - table.lastAt(back) <= SAME) {
      event.isAnswer = true
      table.touch(back, event.time)
      if (table.stateOf(back) === TRIED) this.settle(back, OPEN, ESTABLISHED)
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
    this.table.look(event)
    event.protocol = protocol
    event.sourcePort = sourcePort
    event.destinationPort = destinationPort
    const slot = this.table.back()
    if (slot >= 0 && this.table.stateOf(slot) === TRIED) this.settle(slot, CLOSED, OVER)
  }

  /** Somebody tries; or does so again. */
  private open(event: PacketEvent, probe: number): void {
    const { table } = this
    const slot = table.there()
    if (slot >= 0 && event.time - table.lastAt(slot) <= SAME) {
      const isDatagram = probe === BY_UDP
      // Who goes on within what nobody saw begin counts on.
      const isSame =
        isDatagram ||
        (table.probeOf(slot) === probe &&
          (probe === BY_ACK || probe === BY_MAIMON || table.hasSequence(slot, event.tcpSequence)))
      if (isSame) {
        const repeats = table.repeatsOf(slot)
        if (repeats < MOST_REPEATS) table.countRepeat(slot)
        event.isRepeated = repeats < MOST_REPEATS
        event.isAnswer = isDatagram && table.stateOf(slot) === ESTABLISHED
        if (isDatagram) table.touch(slot, event.time)
        else if (table.stateOf(slot) === TRIED && isRefused(event) && !this.isLimited(event))
          this.settle(slot, REFUSED, OVER)
        return
      }
    }
    if (probe === BY_UDP && isTraceroute(event)) {
      event.isAnswer = true
      return
    }
    if (event.side === FROM_INSIDE) {
      // In the middle of a connection that nobody saw begin, its other end is no stranger either.
      if (probe === BY_SYN || probe === BY_UDP || probe === BY_ACK) this.called.add(event)
    } else if (probe !== BY_SYN && this.mayBeAnswer(event, probe)) {
      event.isAnswer = true
      return
    }
    if (this.isLimited(event)) return
    const begun = this.insert(event, probe)
    if (probe === BY_SYN || probe === BY_UDP) this.tell(begun, BEGUN)
    if (isRefused(event)) this.settle(begun, REFUSED, OVER)
  }

  /** It comes from where a host inside has called, or may have called before anybody looked. */
  private mayBeAnswer(event: PacketEvent, probe: number): boolean {
    if (this.called.has(event)) return true
    if (probe === BY_UDP && this.called.hasAsked(event)) return true
    if (probe !== BY_UDP && probe !== BY_ACK && probe !== BY_MAIMON) return false
    const fromService = event.sourcePort < 1024 && event.destinationPort >= 1024
    return fromService && (event.protocol === UDP || event.time - this.since < BEFORE)
  }

  private accept(event: PacketEvent): void {
    const { table } = this
    const slot = table.back()
    if (slot < 0) {
      event.isAnswer = (event.ctState & SETTLED) !== 0 || this.answersCall(event)
      return
    }
    event.isAnswer = true
    if (table.stateOf(slot) !== TRIED || isRefused(event)) return
    table.expect(slot, event.tcpSequence + 1)
    this.settle(slot, OPEN, HALF_OPEN)
  }

  private acknowledge(event: PacketEvent): void {
    const { table } = this
    // Where conntrack knows the connection, only the end of a handshake is waited for.
    if ((event.ctState & SETTLED) === 0 || table.mayBeAwaited) {
      const slot = table.there()
      const state = slot < 0 ? FREE : table.stateOf(slot)
      if (state === HALF_OPEN && table.probeOf(slot) === BY_SYN) {
        if (!table.isExpected(slot, event.tcpAcknowledgement) || isRefused(event)) return
        table.enter(slot, ESTABLISHED)
        this.tell(slot, PROVEN)
        return
      }
      // The answers go another way, or are not captured: who goes on has had one. It proves nothing.
      if (state === TRIED && table.probeOf(slot) === BY_SYN && !isRefused(event)) {
        this.settle(slot, OPEN, ESTABLISHED)
        this.tell(slot, ON_WAY)
        return
      }
    }
    if (event.ctState & (NEW | INVALID) && !this.isKnown()) this.open(event, BY_ACK)
  }

  private reset(event: PacketEvent): void {
    const { table } = this
    const back = table.back()
    if (back >= 0) {
      event.isAnswer = true
      if (table.stateOf(back) === TRIED && !isRefused(event)) this.settle(back, CLOSED, OVER)
      else this.end(back)
      return
    }
    const slot = table.there()
    if (slot < 0) {
      event.isAnswer = this.answersCall(event)
      return
    }
    // Who resets what nobody has answered has tried it all the same.
    if (table.stateOf(slot) === TRIED && table.probeOf(slot) === BY_SYN) return
    const isAbandoned = table.stateOf(slot) === HALF_OPEN
    this.end(slot)
    if (isAbandoned) this.tell(slot, ABANDONED)
  }

  private finishOne(event: PacketEvent): void {
    const { table } = this
    const back = table.back()
    const slot = back >= 0 ? back : table.there()
    if (slot >= 0 && (slot === back || table.probeOf(slot) === BY_SYN)) this.end(slot)
    else if (event.ctState & (NEW | INVALID)) this.open(event, BY_MAIMON)
  }

  private answersCall(event: PacketEvent): boolean {
    return event.side === FROM_OUTSIDE && this.called.has(event)
  }

  private end(slot: number): void {
    const wasEstablished = this.table.stateOf(slot) === ESTABLISHED
    this.table.enter(slot, OVER)
    if (wasEstablished) this.tell(slot, ENDED)
  }

  private isKnown(): boolean {
    const { table } = this
    const slot = table.there()
    if (slot >= 0) return table.probeOf(slot) === BY_SYN
    const back = table.back()
    return back >= 0 && table.probeOf(back) === BY_SYN
  }

  /** Those that have waited too long have no answer. */
  private askSilent(now: number, silence: number, datagramSilence: number): void {
    const { table, tellsSilence } = this
    this.due = Number.POSITIVE_INFINITY
    for (; this.asked < table.begun; this.asked++) {
      const slot = table.placeOf(this.asked)
      const due = table.triedAt(slot) + silence
      if (due > now) {
        this.due = due
        break
      }
      if (tellsSilence && table.probeOf(slot) === BY_SYN && table.stateOf(slot) === TRIED) {
        this.tell(slot, SILENT)
        if (this.told === MOST_TOLD) this.tellAll(now)
      }
    }
    if (this.told > 0) this.tellAll(now)
    for (; this.askedDatagrams < table.begun; this.askedDatagrams++) {
      const slot = table.placeOf(this.askedDatagrams)
      const due = table.triedAt(slot) + datagramSilence
      if (due > now) {
        if (due < this.due) this.due = due
        break
      }
      if (
        tellsSilence &&
        table.probeOf(slot) === BY_UDP &&
        table.stateOf(slot) === TRIED &&
        this.isOver(slot)
      ) {
        this.tell(slot, SILENT)
        if (this.told === MOST_TOLD) this.tellAll(now)
      }
    }
    if (this.told > 0) this.tellAll(now)
  }

  /** Of datagrams: who sent them is done. */
  private isOver(slot: number): boolean {
    const { table } = this
    const repeats = table.repeatsOf(slot)
    if (repeats < FEW_DATAGRAMS) return true
    return repeats < BURST_DATAGRAMS && table.lastAt(slot) - table.triedAt(slot) <= BURST
  }

  private insert(event: PacketEvent, probe: number): number {
    const { table } = this
    // Nobody will know when it ends.
    const { leaving } = table
    if (leaving >= 0) {
      this.end(leaving)
      if (this.told > 0) this.tellAll(event.time)
    }
    const slot = table.insert(event, event.tcpSequence, probe)
    if (event.time + SILENCE < this.due) this.due = event.time + SILENCE
    this.asked = Math.max(this.asked, table.oldest)
    this.askedDatagrams = Math.max(this.askedDatagrams, table.oldest)
    return slot
  }

  private settle(slot: number, outcome: number, state: number): void {
    this.table.enter(slot, state)
    this.tell(slot, outcome)
  }

  /** Notes what is to be told. Whom somebody inside calls has been noted. */
  private tell(slot: number, outcome: number): void {
    const { table } = this
    if (table.isFromInside(slot) || !this.listener.hears(outcome, table.protocolOf(slot))) return
    this.toldSlots[this.told] = slot
    this.toldOutcomes[this.told] = outcome
    this.told++
  }

  private tellAll(time: number): void {
    const { table, listener } = this
    for (let at = 0; at < this.told; at++) {
      const slot = this.toldSlots[at]!
      const outcome = this.toldOutcomes[at]!
      if (isAnswer(outcome)) {
        const event = this.answerEvent
        table.describe(slot, event)
        event.time = time
        event.tried = table.triedAt(slot)
        event.probe = probes[table.probeOf(slot)]!
        event.answer = answers[outcome]!
        listener.answer(event)
      } else {
        const event = this.connectionEvent
        table.describe(slot, event)
        event.time = time
        event.phase = phases[outcome]!
        event.isProven = outcome === PROVEN
        event.wasEstablished = outcome === ENDED
        listener.connection(event)
      }
    }
    this.told = 0
  }

  /** Of a limit that is spent: it says nothing of the port. Asked of one protection again and again. */
  private isLimited({ protection }: PacketEvent): boolean {
    if (protection === "") return false
    if (protection !== this.latestProtection) {
      this.latestProtection = protection
      this.isLatestLimit = limits.has(protection)
    }
    return this.isLatestLimit
  }
}

/** traceroute and mtr count up from 33434 and 33000, and what reaches the end of the way has few hops left. */
function isTraceroute({ destinationPort, ttl }: PacketEvent): boolean {
  return destinationPort >= 33000 && ttl > 0 && ttl <= 32
}

/** Protections that are limits. */
const limits = new Set([
  "syn-floods",
  "all-floods",
  "icmp-floods",
  "udp-floods",
  "connection-rate",
  "connections",
  "port-floods",
  "throttle",
])

function isRefused({ verdict }: PacketEvent): boolean {
  return verdict === DROPPED || verdict === REJECTED
}
