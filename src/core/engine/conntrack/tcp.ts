import { ACK, FIN, type Packet, RST, SYN, TCP, URG } from "../../packet/packet.js"
import { NANOSECONDS, type Settings } from "../settings.js"
import {
  INVALID_LENGTH,
  INVALID_SHORT,
  INVALID_TCP_FLAGS,
  INVALID_TCP_NEW,
  INVALID_TCP_PICKUP,
  INVALID_TCP_RST,
  INVALID_TCP_STATE,
} from "./invalid.js"
import {
  BE_LIBERAL,
  CLOSE_INITIATED,
  END,
  EXPECT_CHALLENGE_ACK,
  EXPIRES,
  FLAGS,
  FROM_REPLY,
  LAST_ACKNOWLEDGEMENT,
  LAST_END,
  LAST_FLAGS,
  LAST_SEGMENT,
  LAST_SEQUENCE,
  LAST_WINDOW,
  MAXACK,
  MAXACK_KNOWN,
  MAXEND,
  MAXWIN,
  OFFERED,
  RECORD,
  RETRANSMISSIONS_SHIFT,
  SIDE_WORDS,
  SIMULTANEOUS_OPEN,
  STATE,
  UNACKNOWLEDGED,
  WINDOW_FIELD,
} from "./layout.js"
import { ASSURED, CONFIRMED, REPLY, SEEN_REPLY } from "./status.js"
import type { ConnectionTable } from "./table.js"
import {
  CLOSE,
  ESTABLISHED,
  FIN_WAIT,
  IGNORE,
  INDEX_ACK,
  INDEX_FIN,
  INDEX_NONE,
  INDEX_RST,
  INDEX_SYN,
  INDEX_SYNACK,
  INVALID,
  LAST_ACK,
  NONE,
  SYN_RECV,
  SYN_SENT,
  SYN_SENT2,
  TIME_WAIT,
} from "./tcp-state.js"
import * as window from "./tcp-window.js"
import { before } from "./tcp-window.js"
import { AGAIN, TAKEN } from "./tracker.js"

/** By number: for `conntrack -L`'s column and for traces. */
export const tcpStates: readonly string[] = [
  "NONE",
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "TIME_WAIT",
  "CLOSE",
  "SYN_SENT2",
]

/**
 * The TCP connection as conntrack sees it, in the middle between the two ends. The table's facts are those of
 * net/netfilter/nf_conntrack_proto_tcp.c; each cell was measured on Linux 6.18 (test/kernel/conntrack-tcp.test.ts).
 */
const matrix = readMatrix(`
           NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE SYN_SENT2
  original
  syn      SS   SS       -        -           -        -          -        SS        SS    S2
  syn-ack  !    !        SR       !           !        !          !        !         !     SR
  fin      !    !        FW       FW          LA       LA         LA       TW        CL    !
  ack      ES   !        ES       ES          CW       CW         TW       TW        CL    !
  rst      !    CL       CL       CL          CL       CL         CL       CL        CL    CL
  none     !    !        !        !           !        !          !        !         !     !
  reply
  syn      !    S2       !        !           !        !          !        SS        !     S2
  syn-ack  !    SR       -        -           -        -          -        -         -     SR
  fin      !    !        FW       FW          LA       LA         LA       TW        CL    !
  ack      !    -        SR       ES          CW       CW         TW       TW        CL    -
  rst      !    CL       CL       CL          CL       CL         CL       CL        CL    CL
  none     !    !        !        !           !        !          !        !         !     !
`)

/** `-` is IGNORE, `!` is INVALID; the head names the present state, a row's name what the segment is. */
function readMatrix(text: string): Uint8Array {
  const short = { SS: 1, SR: 2, ES: 3, FW: 4, CW: 5, LA: 6, TW: 7, CL: 8, S2: 9, "-": IGNORE, "!": INVALID }
  const cells = text
    .trim()
    .split("\n")
    .slice(1)
    .flatMap((line) => line.trim().split(/\s+/).slice(1))
  return Uint8Array.from(cells, (cell) => short[cell as keyof typeof short])
}

/** The flags, ECE, CWR and PSH left aside, that some TCP may send. */
const validFlags = new Uint8Array(64)
for (const flags of [SYN, SYN | URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG])
  validFlags[flags] = 1

/** What is wrong with the segment whatever the connection, or 0. The checksum is asked elsewhere. */
export function tcpFault(packet: Packet, end: number): number {
  if (packet.transportOffset < 0) return INVALID_SHORT
  const headerLength = packet.tcpHeaderLength
  if (headerLength < 20 || packet.transportOffset + headerLength > end) return INVALID_LENGTH
  return validFlags[packet.tcpFlags & (FIN | SYN | RST | ACK | URG)] === 1 ? 0 : INVALID_TCP_FLAGS
}

/** Life of a connection in each state, in nanoseconds. */
export function tcpTimeouts(settings: Settings): Float64Array {
  return Float64Array.from([
    0,
    settings.nf_conntrack_tcp_timeout_syn_sent * NANOSECONDS,
    settings.nf_conntrack_tcp_timeout_syn_recv * NANOSECONDS,
    settings.nf_conntrack_tcp_timeout_established * NANOSECONDS,
    settings.nf_conntrack_tcp_timeout_fin_wait * NANOSECONDS,
    settings.nf_conntrack_tcp_timeout_close_wait * NANOSECONDS,
    settings.nf_conntrack_tcp_timeout_last_ack * NANOSECONDS,
    settings.nf_conntrack_tcp_timeout_time_wait * NANOSECONDS,
    settings.nf_conntrack_tcp_timeout_close * NANOSECONDS,
    settings.nf_conntrack_tcp_timeout_syn_sent * NANOSECONDS,
  ])
}

export class TcpTracker {
  private ignored = false
  private readonly table: ConnectionTable
  private readonly settings: Settings
  private readonly timeouts: Float64Array
  private readonly retransmissionTimeout: number
  private readonly unacknowledgedTimeout: number
  private readonly mostRetransmissions: number
  private readonly usualLife: number

  constructor(table: ConnectionTable, settings: Settings) {
    this.table = table
    this.settings = settings
    this.timeouts = tcpTimeouts(settings)
    this.retransmissionTimeout = settings.nf_conntrack_tcp_timeout_max_retrans * NANOSECONDS
    this.unacknowledgedTimeout = settings.nf_conntrack_tcp_timeout_unacknowledged * NANOSECONDS
    this.mostRetransmissions = settings.nf_conntrack_tcp_max_retrans
    this.usualLife = this.lifeOf(ESTABLISHED, WINDOW_FIELD, 0, false)
  }

  /** A segment of entry's connection. TAKEN, AGAIN (the entry is gone: this SYN begins a new connection), or why it is invalid. */
  packet(entry: number, direction: number, packet: Packet, segmentLength: number, now: number): number {
    const { table, settings } = this
    this.ignored = true
    const base = entry * RECORD + STATE
    const index = indexOf(packet.tcpFlags)
    if (!(table.statusOf(entry) & CONFIRMED)) {
      const fault = this.begin(base, packet, index, segmentLength)
      if (fault !== TAKEN) return fault
    }
    const state = table.words
    const sender = base + direction * SIDE_WORDS
    const receiver = base + (1 - direction) * SIDE_WORDS
    const end = window.endOf(packet, segmentLength)
    const segment = index + direction * FROM_REPLY
    const last = state[base + LAST_SEGMENT]!
    const lastIndex = last & (FROM_REPLY - 1)
    const lastWasOwn = last >= FROM_REPLY === (direction === REPLY)
    let before_ = table.phaseOf(entry)
    let after_ = matrix[(direction * 6 + index) * 10 + before_]!
    const liberal = settings.nf_conntrack_tcp_be_liberal !== 0 || (state[sender + FLAGS]! & BE_LIBERAL) !== 0
    let inWindow = false

    switch (after_) {
      case SYN_SENT:
        if (before_ < TIME_WAIT) break
        // RFC 1122 section 4.2.2.13: a SYN may reopen a connection that was closed in order, or reset from this side.
        if (
          (state[sender + FLAGS]! | state[receiver + FLAGS]!) & CLOSE_INITIATED ||
          (lastWasOwn && lastIndex === INDEX_RST)
        ) {
          table.remove(entry)
          return AGAIN
        }
        return this.ignore(base, segment, before_, packet, end)
      case IGNORE:
        if (
          index === INDEX_SYNACK &&
          lastIndex === INDEX_SYN &&
          !lastWasOwn &&
          (packet.tcpAcknowledgement | 0) === state[base + LAST_END]
        ) {
          // The answer to a SYN that was ignored: the ends are in step, so we follow them.
          before_ = SYN_SENT
          after_ = SYN_RECV
          this.followIgnoredSyn(base, sender, receiver)
          break
        }
        return this.ignore(base, segment, before_, packet, end)
      case INVALID:
        return INVALID_TCP_STATE
      case TIME_WAIT:
        // RFC 5961: the challenge ACK that answers a SYN within LAST_ACK acknowledges no FIN.
        if (
          before_ === LAST_ACK &&
          index === INDEX_ACK &&
          !lastWasOwn &&
          lastIndex === INDEX_SYN &&
          state[base + LAST_FLAGS]! & EXPECT_CHALLENGE_ACK
        ) {
          state[base + LAST_FLAGS]! &= ~EXPECT_CHALLENGE_ACK
          return TAKEN
        }
        break
      case SYN_SENT2:
        state[base + LAST_FLAGS]! |= SIMULTANEOUS_OPEN
        break
      case SYN_RECV:
        if (direction === REPLY && index === INDEX_ACK && state[base + LAST_FLAGS]! & SIMULTANEOUS_OPEN)
          after_ = ESTABLISHED
        break
      case CLOSE: {
        if (index !== INDEX_RST) break
        // The connection is nearly over, and its ports may be in use again: no number of it says anything any more.
        if (before_ >= FIN_WAIT && before_ <= CLOSE) {
          inWindow = true
          break
        }
        const sequence = packet.tcpSequence | 0
        const status = table.statusOf(entry)
        const answersLast = (packet.tcpAcknowledgement | 0) === state[base + LAST_END]
        if (lastIndex === INDEX_SYN) {
          // A SYN that was let through is refused: no window of ours has seen it.
          if (status & SEEN_REPLY && answersLast && !lastWasOwn) inWindow = true
          break
        }
        if (state[receiver + FLAGS]! & MAXACK_KNOWN) {
          const acknowledged = state[receiver + MAXACK]!
          const isSettled = before_ === ESTABLISHED && (status & ASSURED) !== 0
          // Most likely the answer to a SYN.
          if (sequence === 0 && !isSettled) break
          if (before(sequence, acknowledged) && !settings.nf_conntrack_tcp_ignore_invalid_rst)
            return INVALID_TCP_RST
          if (!isSettled || sequence === acknowledged) break
          // A RST that ends a train of segments of its sender.
          if (lastIndex === INDEX_ACK && lastWasOwn && sequence === state[base + LAST_END]) break
          // RFC 5961: not exactly the next byte, so the receiver will ask back; we wait for what follows.
          after_ = before_
        }
        if (!(status & ASSURED) && lastIndex === INDEX_ACK && answersLast) inWindow = true
        else if (
          before_ === SYN_SENT &&
          last === INDEX_ACK + FROM_REPLY &&
          sequence === state[base + LAST_ACKNOWLEDGEMENT]
        )
          // It answers an ACK that answered the SYN of a connection which the other end still has.
          inWindow = true
        break
      }
    }

    if (!inWindow) {
      const result = window.check(state, base, direction, index === INDEX_ACK, before_, packet, end, liberal)
      if (result === window.OUTSIDE_IGNORED) return TAKEN
      if (result !== window.INSIDE) {
        this.hastenEnd(entry, base, segment, now)
        return result
      }
    }

    state[base + LAST_SEGMENT] = segment
    table.setPhase(entry, after_)
    if (before_ !== after_ && after_ === FIN_WAIT) state[sender + FLAGS]! |= CLOSE_INITIATED

    const flags = state[sender + FLAGS]! | state[receiver + FLAGS]!
    let timeout = this.lifeOf(after_, state[base + LAST_WINDOW]!, flags, index === INDEX_RST)
    const status = table.statusOf(entry)
    if (!(status & SEEN_REPLY)) {
      if (index === INDEX_RST) {
        // Refused: the only answer is a RST, and the entry goes at once.
        this.ignored = false
        this.table.setExpires(entry, now)
        return TAKEN
      }
      // Repeated SYNs do not prolong: a client that reuses its port would keep the entry for ever.
      if (index === INDEX_SYN && before_ === SYN_SENT) return TAKEN
      // Picked up in the middle: five days are for connections that were answered.
      if (after_ === ESTABLISHED && timeout > this.unacknowledgedTimeout) timeout = this.unacknowledgedTimeout
    } else if (
      !(status & ASSURED) &&
      (before_ === SYN_RECV || before_ === ESTABLISHED) &&
      after_ === ESTABLISHED
    )
      table.setStatus(entry, status | ASSURED)
    table.setExpires(entry, now + timeout)
    this.ignored = false
    return TAKEN
  }

  /**
   * `packet` for most segments: with ACK and without SYN, FIN and RST, of a connection that is established and was answered long ago (`isLive`). False, and nothing has changed: it is for
   * `packet`.
   */
  follow(entry: number, direction: number, packet: Packet, now: number): boolean {
    const { table } = this
    const { words } = table
    const base = entry * RECORD + STATE
    const length =
      packet.networkOffset + packet.networkLength - packet.transportOffset - packet.tcpHeaderLength
    const end = ((packet.tcpSequence | 0) + length) | 0
    const flags = window.follow(words, base, direction, packet, end)
    if (flags < 0) return false
    words[base + LAST_SEGMENT] = INDEX_ACK + direction * FROM_REPLY
    const last = words[base + LAST_WINDOW]!
    // Never repeated, the window open, and all acknowledged: most segments.
    const isUsual = last > 0 && last <= WINDOW_FIELD && (flags & UNACKNOWLEDGED) === 0
    const life = isUsual ? this.usualLife : this.lifeOf(ESTABLISHED, last, flags, false)
    table.numbers[entry * (RECORD / 2) + EXPIRES] = now + life
    return true
  }

  /** How long the connection lives on behind this segment, by its LAST_WINDOW and the flags of both windows. */
  private lifeOf(phase: number, last: number, flags: number, isReset: boolean): number {
    const timeout = this.timeouts[phase]!
    if (last >>> RETRANSMISSIONS_SHIFT >= this.mostRetransmissions && timeout > this.retransmissionTimeout)
      return this.retransmissionTimeout
    if (isReset) return this.timeouts[CLOSE]!
    if (flags & UNACKNOWLEDGED && timeout > this.unacknowledgedTimeout) return this.unacknowledgedTimeout
    if ((last & WINDOW_FIELD) === 0 && timeout > this.retransmissionTimeout) return this.retransmissionTimeout
    return timeout
  }

  /** Did the last segment leave its connection as it was? Such packets do not prolong its life, and are not counted. */
  leftAsItWas(protocol: number): boolean {
    return protocol === TCP && this.ignored
  }

  close(entry: number, now: number): void {
    const { table } = this
    if (table.phaseOf(entry) === CLOSE) return
    table.setPhase(entry, CLOSE)
    table.setExpires(entry, now + this.timeouts[CLOSE]!)
  }

  /** The proxy opened a connection that nobody watched: it is established, and its numbers are not asked. */
  assume(entry: number, packet: Packet, now: number): void {
    const base = entry * RECORD + STATE
    window.begin(this.table.words, base, packet, 0, false)
    this.table.words[base + LAST_SEGMENT] = INDEX_ACK
    this.table.setPhase(entry, ESTABLISHED)
    this.table.addStatus(entry, SEEN_REPLY | ASSURED)
    this.table.setExpires(entry, now + this.timeouts[ESTABLISHED]!)
  }

  /** The first packet of a connection. */
  private begin(base: number, packet: Packet, index: number, segmentLength: number): number {
    const first = matrix[index * 10 + NONE]!
    if (first === INVALID) return INVALID_TCP_NEW
    if (first !== SYN_SENT && this.settings.nf_conntrack_tcp_loose === 0) return INVALID_TCP_PICKUP
    window.begin(this.table.words, base, packet, segmentLength, first === SYN_SENT)
    this.table.words[base + LAST_SEGMENT] = INDEX_NONE
    return TAKEN
  }

  /** Lets a segment pass that changes nothing, and remembers it: the answer to it tells who was out of step. */
  private ignore(base: number, segment: number, phase: number, packet: Packet, end: number): number {
    const state = this.table.words
    state[base + LAST_SEGMENT] = segment
    state[base + LAST_SEQUENCE] = packet.tcpSequence
    state[base + LAST_END] = end
    state[base + LAST_WINDOW] = (state[base + LAST_WINDOW]! & ~WINDOW_FIELD) | packet.tcpWindow
    if (segment === INDEX_SYN)
      state[base + LAST_FLAGS] = window.offeredBy(packet) | (phase === LAST_ACK ? EXPECT_CHALLENGE_ACK : 0)
    if (phase === SYN_SENT && segment === INDEX_ACK + FROM_REPLY)
      state[base + LAST_ACKNOWLEDGEMENT] = packet.tcpAcknowledgement
    return TAKEN
  }

  private followIgnoredSyn(base: number, sender: number, receiver: number): void {
    const state = this.table.words
    const end = state[base + LAST_END]!
    state[receiver + END] = end
    state[receiver + MAXEND] = end
    state[receiver + MAXWIN] = state[base + LAST_WINDOW]! & WINDOW_FIELD || 1
    state[base + LAST_FLAGS]! &= ~EXPECT_CHALLENGE_ACK
    state[receiver + FLAGS] = state[base + LAST_FLAGS]! & OFFERED
    const liberal = state[sender + FLAGS]! & BE_LIBERAL
    state.fill(0, sender, sender + SIDE_WORDS)
    state[sender + FLAGS] = liberal
  }

  /** FIN or RST out of window from both sides: the connection is probably over, and five days are too long for it. */
  private hastenEnd(entry: number, base: number, segment: number, now: number): void {
    const { table } = this
    if (!(table.statusOf(entry) & ASSURED)) return
    if (!isEnd(segment)) return
    const state = table.words
    const last = state[base + LAST_SEGMENT]!
    if (((last ^ segment) & FROM_REPLY) !== 0 && isEnd(last)) {
      const remaining = table.expiresOf(entry) - now
      if (remaining < 120 * NANOSECONDS || this.unacknowledgedTimeout > remaining) return
      table.setExpires(entry, now + this.unacknowledgedTimeout)
    } else state[base + LAST_SEGMENT] = segment
  }
}

function isEnd(segment: number): boolean {
  const index = segment & (FROM_REPLY - 1)
  return index === INDEX_FIN || index === INDEX_RST
}

/** Established, seen from both ends, and acknowledged: what comes next is most likely one more segment like the last. */
export function isLive(phase: number, status: number): boolean {
  return phase === ESTABLISHED && (status & SETTLED) === SETTLED
}

const SETTLED = CONFIRMED | SEEN_REPLY | ASSURED

/** Is a connection over, for those who count (already_closed in nf_conncount.c)? */
export function tcpIsClosed(phase: number): boolean {
  return phase === TIME_WAIT || phase === CLOSE
}

function indexOf(flags: number): number {
  if (flags & RST) return INDEX_RST
  if (flags & SYN) return flags & ACK ? INDEX_SYNACK : INDEX_SYN
  if (flags & FIN) return INDEX_FIN
  return flags & ACK ? INDEX_ACK : INDEX_NONE
}
