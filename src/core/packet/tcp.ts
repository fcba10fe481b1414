import { ONLY_TIMESTAMPS, TCP_MINIMUM_HEADER } from "./header.js"
import {
  BY_TCP_DATA_OFFSET,
  BY_TCP_OPTION,
  cutShort,
  malform,
  TCP_HEADER_BEYOND_PACKET,
  TCP_HEADER_LENGTH,
  TCP_OPTION_LENGTH,
  TCP_TRUNCATED,
} from "./malformed.js"
import type { Packet } from "./packet.js"
import { decodePorts } from "./ports.js"

const END_OF_OPTIONS = 0
const NO_OPERATION = 1
const MAXIMUM_SEGMENT_SIZE = 2
const WINDOW_SCALE = 3
const SACK_PERMITTED = 4

/** RFC 9293. */
export function decodeTcp(
  packet: Packet,
  view: DataView,
  offset: number,
  end: number,
  claimedEnd: number,
  claimant: number,
): void {
  if (!decodePorts(packet, view, offset, end, TCP_MINIMUM_HEADER, TCP_TRUNCATED, claimedEnd, claimant)) return
  const word = view.getUint32(offset + 12)
  const headerLength = (word >>> 26) & 0x3c
  packet.tcpSequence = view.getUint32(offset + 4)
  packet.tcpAcknowledgement = view.getUint32(offset + 8)
  packet.tcpFlags = (word >>> 16) & 0xff
  packet.tcpWindow = word & 0xffff
  packet.tcpUrgentPointer = view.getUint16(offset + 18)
  packet.tcpHeaderLength = headerLength
  if (headerLength === TCP_MINIMUM_HEADER) return

  if (headerLength < TCP_MINIMUM_HEADER) {
    malform(packet, TCP_HEADER_LENGTH, offset, TCP_MINIMUM_HEADER, headerLength, BY_TCP_DATA_OFFSET)
    return
  }
  const optionsEnd = offset + headerLength
  if (optionsEnd > claimedEnd) {
    malform(packet, TCP_HEADER_BEYOND_PACKET, offset, headerLength, claimedEnd - offset, BY_TCP_DATA_OFFSET)
    packet.payloadOffset = end
    return
  }
  if (optionsEnd > end) {
    cutShort(packet, TCP_TRUNCATED, offset, headerLength, claimedEnd, claimant)
    packet.payloadOffset = end
    decodeOptions(packet, view, offset + TCP_MINIMUM_HEADER, end)
    return
  }
  packet.payloadOffset = optionsEnd
  if (headerLength === 32 && view.getUint32(offset + TCP_MINIMUM_HEADER) === ONLY_TIMESTAMPS) return
  decodeOptions(packet, view, offset + TCP_MINIMUM_HEADER, optionsEnd)
}

/**
 * The first maximum segment size counts, as for xt_tcpmss; the last window scale, as for conntrack (RFC 9293 section 3.2
 * leaves repetitions open).
 */
export function decodeOptions(packet: Packet, view: DataView, offset: number, end: number): void {
  let at = offset
  while (at < end) {
    const kind = view.getUint8(at)
    if (kind === END_OF_OPTIONS) return
    if (kind === NO_OPERATION) {
      at++
      continue
    }
    const length = at + 1 < end ? view.getUint8(at + 1) : 0
    if (length < 2 || at + length > end) {
      malform(packet, TCP_OPTION_LENGTH, at, Math.max(length, 2), end - at, BY_TCP_OPTION)
      return
    }
    if (kind === MAXIMUM_SEGMENT_SIZE && length === 4) {
      if (packet.tcpMaximumSegmentSize < 0) packet.tcpMaximumSegmentSize = view.getUint16(at + 2)
    } else if (kind === WINDOW_SCALE && length === 3) {
      packet.tcpWindowScale = view.getUint8(at + 2)
    } else if (kind === SACK_PERMITTED && length === 2) {
      packet.tcpSackPermitted = true
    }
    at += length
  }
}
