import type { Packet } from "../../packet/packet.js"
import { UDP, UDPLITE } from "../../packet/packet.js"
import { NANOSECONDS, type Settings } from "../settings.js"
import { checksumFits } from "./checksum.js"
import { INVALID_CHECKSUM, INVALID_LENGTH, INVALID_SHORT } from "./invalid.js"
import { RECORD, STREAM_AFTER } from "./layout.js"
import { ASSURED, CONFIRMED, SEEN_REPLY } from "./status.js"
import type { ConnectionTable } from "./table.js"

const HEADER_LENGTH = 8
/** A flow that is answered for longer than this counts as a stream (nf_conntrack_proto_udp.c). */
const STREAM_AGE = 2 * NANOSECONDS

/** What is wrong with the datagram whatever the connection, or 0. A zero checksum is none, for both IP versions. */
export function udpFault(packet: Packet, end: number, verify: boolean): number {
  const { transportOffset, view } = packet
  if (transportOffset < 0) return INVALID_SHORT
  const length = view.getUint16(transportOffset + 4)
  if (length > end - transportOffset || length < HEADER_LENGTH) return INVALID_LENGTH
  if (!verify || view.getUint16(transportOffset + 6) === 0) return 0
  return checksumFits(packet, end, UDP, true) ? 0 : INVALID_CHECKSUM
}

/** UDP-Lite (RFC 3828): the length field says how much the checksum covers, and the checksum is not optional. */
export function udpliteFault(packet: Packet, end: number, verify: boolean): number {
  const { transportOffset, view } = packet
  if (transportOffset < 0) return INVALID_SHORT
  const length = end - transportOffset
  const coverage = view.getUint16(transportOffset + 4)
  if (coverage !== 0 && (coverage < HEADER_LENGTH || coverage > length)) return INVALID_LENGTH
  if (view.getUint16(transportOffset + 6) === 0) return INVALID_CHECKSUM
  if (!verify) return 0
  return checksumFits(packet, end, UDPLITE, true, coverage || length) ? 0 : INVALID_CHECKSUM
}

export class UdpTracker {
  private readonly table: ConnectionTable
  private readonly unreplied: number
  private readonly stream: number

  constructor(table: ConnectionTable, settings: Settings) {
    this.table = table
    this.unreplied = settings.nf_conntrack_udp_timeout * NANOSECONDS
    this.stream = settings.nf_conntrack_udp_timeout_stream * NANOSECONDS
  }

  /** An answered flow older than two seconds lives as a stream, and early drop leaves it alone. */
  packet(entry: number, now: number): void {
    const { table } = this
    const streamAfter = entry * (RECORD / 2) + STREAM_AFTER
    const status = table.statusOf(entry)
    if (!(status & CONFIRMED)) table.numbers[streamAfter] = now + STREAM_AGE
    if (status & SEEN_REPLY && now > table.numbers[streamAfter]!) {
      table.setExpires(entry, now + this.stream)
      table.setStatus(entry, status | ASSURED)
    } else table.setExpires(entry, now + this.unreplied)
  }
}

/** UDP-Lite and GRE: one life before the answer, one after. */
export class AnsweredTracker {
  private readonly table: ConnectionTable
  private readonly unreplied: number
  private readonly replied: number

  constructor(table: ConnectionTable, unrepliedSeconds: number, repliedSeconds: number) {
    this.table = table
    this.unreplied = unrepliedSeconds * NANOSECONDS
    this.replied = repliedSeconds * NANOSECONDS
  }

  packet(entry: number, now: number): void {
    const { table } = this
    const status = table.statusOf(entry)
    if (status & SEEN_REPLY) {
      table.setExpires(entry, now + this.replied)
      table.setStatus(entry, status | ASSURED)
    } else table.setExpires(entry, now + this.unreplied)
  }
}
