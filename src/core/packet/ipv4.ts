import { DONT_FRAGMENT, FRAGMENT_OFFSET, IPV4_MINIMUM_HEADER, MORE_FRAGMENTS } from "./header.js"
import {
  BY_FRAME,
  BY_IPV4_FRAGMENT,
  BY_IPV4_HEADER_LENGTH,
  BY_IPV4_OPTION,
  BY_IPV4_TOTAL_LENGTH,
  BY_VERSION,
  cutShort,
  IPV4_BEYOND_FRAME,
  IPV4_FRAGMENT_BEYOND_65535,
  IPV4_FRAGMENT_LENGTH,
  IPV4_HEADER_LENGTH,
  IPV4_OPTION_LENGTH,
  IPV4_TOTAL_LENGTH,
  IPV4_TRUNCATED,
  IPV4_VERSION,
  malform,
} from "./malformed.js"
import type { Packet } from "./packet.js"
import { decodeTransport } from "./transport.js"

/** RFC 791. */
export function decodeIpv4(packet: Packet, view: DataView, offset: number, end: number): void {
  packet.networkOffset = offset
  if (end - offset < IPV4_MINIMUM_HEADER) {
    cutShort(packet, IPV4_TRUNCATED, offset, IPV4_MINIMUM_HEADER, offset + IPV4_MINIMUM_HEADER, BY_FRAME)
    return
  }
  // Five words instead of ten fields: reads are what decoding spends its time on.
  const first = view.getUint32(offset)
  if (first >>> 28 !== 4) {
    malform(packet, IPV4_VERSION, offset, 4, first >>> 28, BY_VERSION)
    return
  }
  const second = view.getUint32(offset + 4)
  const third = view.getUint32(offset + 8)
  const headerLength = (first >>> 22) & 0x3c
  const totalLength = first & 0xffff
  packet.family = 4
  packet.trafficClass = (first >>> 16) & 0xff
  packet.networkLength = totalLength
  packet.identification = second >>> 16
  packet.dontFragment = (second & DONT_FRAGMENT) !== 0
  if ((second & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) !== 0) {
    packet.isFragment = true
    packet.moreFragments = (second & MORE_FRAGMENTS) !== 0
    packet.fragmentOffset = (second & FRAGMENT_OFFSET) << 3
  }
  packet.ttl = third >>> 24
  packet.protocol = (third >>> 16) & 0xff
  packet.source0 = view.getUint32(offset + 12)
  packet.destination0 = view.getUint32(offset + 16)
  packet.networkHeaderLength = headerLength
  if (headerLength < IPV4_MINIMUM_HEADER) {
    malform(packet, IPV4_HEADER_LENGTH, offset, IPV4_MINIMUM_HEADER, headerLength, BY_IPV4_HEADER_LENGTH)
    return
  }

  const wireEnd = packet.frameOffset + packet.wireLength
  let claimedEnd = offset + totalLength
  if (totalLength === 0) {
    // Segments that the sender's card was left to cut are captured with 0. On the wire that is a fault; above 65535 bytes
    // it is how Linux writes one (include/net/ip.h, iph_set_totlen).
    claimedEnd = wireEnd
    packet.networkLength = wireEnd - offset
    if (wireEnd - offset <= 65535)
      malform(packet, IPV4_TOTAL_LENGTH, offset, headerLength, 0, BY_IPV4_TOTAL_LENGTH)
  } else if (totalLength < headerLength) {
    malform(packet, IPV4_TOTAL_LENGTH, offset, headerLength, totalLength, BY_IPV4_TOTAL_LENGTH)
    return
  } else if (claimedEnd > wireEnd) {
    malform(packet, IPV4_BEYOND_FRAME, offset, totalLength, wireEnd - offset, BY_IPV4_TOTAL_LENGTH)
  }
  // Math.min of what V8 does not know to be integers is done in floating point.
  let payloadEnd = end
  if (claimedEnd < end) payloadEnd = claimedEnd
  const transport = offset + headerLength
  packet.payloadEnd = payloadEnd
  if (headerLength > IPV4_MINIMUM_HEADER) {
    if (transport > end) {
      cutShort(packet, IPV4_TRUNCATED, offset, headerLength, transport, BY_IPV4_HEADER_LENGTH)
      return
    }
    checkOptions(packet, view, offset + IPV4_MINIMUM_HEADER, transport)
  }
  packet.payloadOffset = transport

  if (packet.isFragment) {
    checkFragment(packet, offset)
    if (packet.fragmentOffset > 0) return
  }
  decodeTransport(packet, view, transport, payloadEnd, claimedEnd, BY_IPV4_TOTAL_LENGTH)
}

function checkFragment(packet: Packet, offset: number): void {
  const length = packet.networkLength - packet.networkHeaderLength
  const end = packet.fragmentOffset + packet.networkLength
  const payload = offset + packet.networkHeaderLength
  if (packet.moreFragments && length % 8 !== 0)
    malform(packet, IPV4_FRAGMENT_LENGTH, payload, 8, length, BY_IPV4_TOTAL_LENGTH)
  if (end > 65535) malform(packet, IPV4_FRAGMENT_BEYOND_65535, offset, end, 65535, BY_IPV4_FRAGMENT)
}

/** RFC 791 section 3.1: end is 0, no-operation 1, all others carry their own length. */
function checkOptions(packet: Packet, view: DataView, offset: number, end: number): void {
  let at = offset
  while (at < end) {
    const kind = view.getUint8(at)
    if (kind === 0) return
    if (kind === 1) {
      at++
      continue
    }
    const length = at + 1 < end ? view.getUint8(at + 1) : 0
    if (length < 2 || at + length > end) {
      malform(packet, IPV4_OPTION_LENGTH, at, Math.max(length, 2), end - at, BY_IPV4_OPTION)
      return
    }
    at += length
  }
}
