import { sctpChecksum } from "../../packet/crc32c.js"
import type { Packet } from "../../packet/packet.js"
import { NANOSECONDS, type Settings } from "../settings.js"
import {
  INVALID_CHECKSUM,
  INVALID_SCTP_CHUNKS,
  INVALID_SCTP_NEW,
  INVALID_SCTP_STATE,
  INVALID_SCTP_TAG,
  INVALID_SHORT,
} from "./invalid.js"
import { RECORD, STATE } from "./layout.js"
import { ASSURED, CONFIRMED, REPLY } from "./status.js"
import type { ConnectionTable } from "./table.js"
import { TAKEN } from "./tracker.js"

const HEADER_LENGTH = 12
const NONE = 0
const COOKIE_ECHOED = 3
const ESTABLISHED = 4
const INVALID = 9

/** By number: for the table's listing. */
export const sctpStates: readonly string[] = [
  "NONE",
  "CLOSED",
  "COOKIE_WAIT",
  "COOKIE_ECHOED",
  "ESTABLISHED",
  "SHUTDOWN_SENT",
  "SHUTDOWN_RECD",
  "SHUTDOWN_ACK_SENT",
  "HEARTBEAT_SENT",
]

// Chunk types of RFC 9260 that move the state; all others leave it as it is.
const INIT = 1
const INIT_ACK = 2
const HEARTBEAT = 4
const HEARTBEAT_ACK = 5
const ABORT = 6
const SHUTDOWN = 7
const SHUTDOWN_ACK = 8
const ERROR = 9
const COOKIE_ECHO = 10
const COOKIE_ACK = 11
const SHUTDOWN_COMPLETE = 14

const rows = [
  INIT,
  INIT_ACK,
  ABORT,
  SHUTDOWN,
  SHUTDOWN_ACK,
  ERROR,
  COOKIE_ECHO,
  COOKIE_ACK,
  SHUTDOWN_COMPLETE,
  HEARTBEAT,
  HEARTBEAT_ACK,
]
const rowOf = new Int8Array(256).fill(-1)
rows.forEach((type, row) => {
  rowOf[type] = row
})

/** The facts of net/netfilter/nf_conntrack_proto_sctp.c; `!` is invalid. */
const matrix = readMatrix(`
                     NONE CLOSED COOKIE_WAIT COOKIE_ECHOED ESTABLISHED SHUTDOWN_SENT SHUTDOWN_RECD SHUTDOWN_ACK_SENT HEARTBEAT_SENT
  original
  init               CW   CW     CW          CE            ES          CL            CL            SA                CW
  init-ack           CL   CL     CW          CE            ES          CL            CL            SA                CL
  abort              CL   CL     CL          CL            CL          CL            CL            CL                CL
  shutdown           CL   CL     CW          CE            SS          SS            SR            SA                CL
  shutdown-ack       SA   CL     CW          CE            ES          SA            SA            SA                SA
  error              CL   CL     CW          CE            ES          SS            SR            SA                CL
  cookie-echo        CL   CL     CE          CE            ES          SS            SR            SA                CL
  cookie-ack         CL   CL     CW          CE            ES          SS            SR            SA                CL
  shutdown-complete  CL   CL     CW          CE            ES          SS            SR            CL                CL
  heartbeat          HS   CL     CW          CE            ES          SS            SR            SA                HS
  heartbeat-ack      CL   CL     CW          CE            ES          SS            SR            SA                HS
  reply
  init               !    CL     CW          CE            ES          SS            SR            SA                !
  init-ack           !    CW     CW          CE            ES          SS            SR            SA                !
  abort              !    CL     CL          CL            CL          CL            CL            CL                !
  shutdown           !    CL     CW          CE            SR          SS            SR            SA                !
  shutdown-ack       !    CL     CW          CE            ES          SA            SA            SA                !
  error              !    CL     CW          CL            ES          SS            SR            SA                !
  cookie-echo        !    CL     CE          CE            ES          SS            SR            SA                !
  cookie-ack         !    CL     CW          ES            ES          SS            SR            SA                !
  shutdown-complete  !    CL     CW          CE            ES          SS            SR            CL                !
  heartbeat          !    CL     CW          CE            ES          SS            SR            SA                HS
  heartbeat-ack      !    CL     CW          CE            ES          SS            SR            SA                ES
`)

function readMatrix(text: string): Uint8Array {
  const short = { CL: 1, CW: 2, CE: 3, ES: 4, SS: 5, SR: 6, SA: 7, HS: 8, "!": INVALID }
  const cells = text
    .trim()
    .split("\n")
    .slice(1)
    .flatMap((line) => line.trim().split(/\s+/).slice(1))
  return Uint8Array.from(cells, (cell) => short[cell as keyof typeof short])
}

// Words of an entry's state: the verification tag that each direction's packets carry, and the heartbeat's doubt.
const TAG = 0
const DOUBT = 2
const DOUBT_DIRECTION = 3

/** What is wrong with the packet whatever the association, or 0. */
export function sctpFault(packet: Packet, end: number, verify: boolean): number {
  const { transportOffset, view } = packet
  if (transportOffset < 0 || transportOffset + HEADER_LENGTH > end) return INVALID_SHORT
  if (!verify || end > packet.frameOffset + packet.capturedLength) return 0
  const expected = sctpChecksum(view, transportOffset, end - transportOffset)
  return view.getUint32(transportOffset + 8) === expected ? 0 : INVALID_CHECKSUM
}

/** SCTP associations. */
export class SctpTracker {
  private readonly table: ConnectionTable
  private readonly timeouts: Float64Array
  /** Which chunk types the packet holds. */
  private readonly present = new Uint8Array(256)

  constructor(table: ConnectionTable, settings: Settings) {
    this.table = table
    this.timeouts = Float64Array.from(
      [
        settings.nf_conntrack_sctp_timeout_closed,
        settings.nf_conntrack_sctp_timeout_closed,
        settings.nf_conntrack_sctp_timeout_cookie_wait,
        settings.nf_conntrack_sctp_timeout_cookie_echoed,
        settings.nf_conntrack_sctp_timeout_established,
        settings.nf_conntrack_sctp_timeout_shutdown_sent,
        settings.nf_conntrack_sctp_timeout_shutdown_recd,
        settings.nf_conntrack_sctp_timeout_shutdown_ack_sent,
        settings.nf_conntrack_sctp_timeout_heartbeat_sent,
      ],
      (seconds) => seconds * NANOSECONDS,
    )
  }

  /** TAKEN, or why it is invalid. */
  packet(entry: number, direction: number, packet: Packet, end: number, now: number): number {
    const { table, present } = this
    const available = Math.min(end, packet.frameOffset + packet.capturedLength)
    const start = packet.transportOffset + HEADER_LENGTH
    if (!this.readChunks(packet, start, available)) return INVALID_SCTP_CHUNKS
    const base = entry * RECORD + STATE
    const state = table.words
    // Signed, as the state's words are.
    const tag = packet.view.getInt32(packet.transportOffset + 4)
    const other = 1 - direction
    if (!(table.statusOf(entry) & CONFIRMED)) {
      // RFC 9260 section 8.4: out of the blue.
      if (present[ABORT] || present[SHUTDOWN_COMPLETE] || present[COOKIE_ACK]) return INVALID_SCTP_NEW
      if (!this.begin(base, packet, start, available, tag)) return INVALID_SCTP_NEW
    }
    if (
      !present[INIT] &&
      !present[COOKIE_ECHO] &&
      !present[ABORT] &&
      !present[SHUTDOWN_ACK] &&
      !present[HEARTBEAT] &&
      !present[HEARTBEAT_ACK] &&
      tag !== state[base + TAG + direction]
    )
      return INVALID_SCTP_TAG

    const before = table.phaseOf(entry)
    let phase = before
    let ignore = false
    const { view } = packet
    for (let at = start; at + 4 <= available; at += (view.getUint16(at + 2) + 3) & ~3) {
      const type = view.getUint8(at)
      const mine = state[base + TAG + direction]!
      const theirs = state[base + TAG + other]!
      if (type === INIT && tag !== 0) return INVALID_SCTP_TAG
      // Bit 0, T: the sender had no tag of the other side and gives its own back.
      if (type === ABORT && tag !== mine && !(view.getUint8(at + 1) & 1 && tag === theirs))
        return INVALID_SCTP_TAG
      if (type === SHUTDOWN_COMPLETE && tag !== mine && view.getUint8(at + 1) & 1) return INVALID_SCTP_TAG
      if (type === COOKIE_ECHO && tag !== mine) return INVALID_SCTP_TAG
      if (type === HEARTBEAT) {
        if (mine === 0) state[base + TAG + direction] = tag
        else if (tag !== mine) {
          if (present[0] || ignore) return INVALID_SCTP_TAG
          state[base + DOUBT] = 1
          state[base + DOUBT_DIRECTION] = direction
          ignore = true
          continue
        } else state[base + DOUBT] = 0
      } else if (type === HEARTBEAT_ACK) {
        if (mine === 0) state[base + TAG + direction] = tag
        else if (tag !== mine) {
          if (
            present[0] ||
            ignore ||
            state[base + DOUBT] === 0 ||
            state[base + DOUBT_DIRECTION] === direction
          )
            return INVALID_SCTP_TAG
          state[base + DOUBT] = 0
          state[base + TAG + direction] = tag
          state[base + TAG + other] = 0
        } else state[base + DOUBT] = 0
      }
      const next = nextState(direction, phase, type)
      if (next === INVALID) return INVALID_SCTP_STATE
      if ((type === INIT || type === INIT_ACK) && at + 8 <= available) {
        const announced = view.getUint32(at + 4)
        // An INIT sent again by the side that began does not prolong.
        if (type === INIT && theirs === announced && before !== NONE && direction === 0) ignore = true
        state[base + TAG + other] = announced
      }
      phase = next
      table.setPhase(entry, phase)
    }
    if (ignore) return TAKEN
    table.setExpires(entry, now + this.timeouts[phase]!)
    if (before === COOKIE_ECHOED && direction === REPLY && phase === ESTABLISHED)
      table.addStatus(entry, ASSURED)
    return TAKEN
  }

  /** Notes which chunks there are. False: one is malformed, or stands where it may not, or there is none. */
  private readChunks(packet: Packet, start: number, end: number): boolean {
    const { present } = this
    const { view } = packet
    present.fill(0)
    let count = 0
    let alone = false
    for (let at = start; at + 4 <= end; count++) {
      const type = view.getUint8(at)
      const length = view.getUint16(at + 2)
      if (type === INIT || type === INIT_ACK || type === SHUTDOWN_COMPLETE) alone = true
      if (length === 0 || (count !== 0 && (type === COOKIE_ACK || type === COOKIE_ECHO || alone)))
        return false
      present[type] = 1
      at += (length + 3) & ~3
    }
    return count > 0
  }

  private begin(base: number, packet: Packet, start: number, end: number, tag: number): boolean {
    const state = this.table.words
    const { view } = packet
    for (let at = start; at + 4 <= end; at += (view.getUint16(at + 2) + 3) & ~3) {
      const type = view.getUint8(at)
      const next = nextState(0, NONE, type)
      if (next === NONE || next === INVALID) return false
      if (type === INIT) {
        if (tag !== 0 || at + 8 > end) return false
        state[base + TAG + REPLY] = view.getUint32(at + 4)
      } else if (type === HEARTBEAT) state[base + TAG] = tag
      else state[base + TAG + REPLY] = tag
    }
    return true
  }
}

function nextState(direction: number, phase: number, type: number): number {
  const row = rowOf[type]!
  return row < 0 ? phase : matrix[(direction * rows.length + row) * 9 + phase]!
}
