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

export const IPV4_MINIMUM_HEADER = 20
const DONT_FRAGMENT = 0x4000
const MORE_FRAGMENTS = 0x2000

/** RFC 791. */
export function decodeIpv4(packet: Packet, view: DataView, offset: number, end: number): void {
  packet.networkOffset = offset
  if (end - offset < IPV4_MINIMUM_HEADER) {
    cutShort(packet, IPV4_TRUNCATED, offset, IPV4_MINIMUM_HEADER, offset + IPV4_MINIMUM_HEADER, BY_FRAME)
    return
  }
  const first = view.getUint8(offset)
  if (first >>> 4 !== 4) {
    malform(packet, IPV4_VERSION, offset, 4, first >>> 4, BY_VERSION)
    return
  }
  const headerLength = (first & 0x0f) << 2
  const totalLength = view.getUint16(offset + 2)
  const fragment = view.getUint16(offset + 6)
  const fragmentOffset = (fragment & 0x1fff) << 3
  const protocol = view.getUint8(offset + 9)
  packet.family = 4
  packet.trafficClass = view.getUint8(offset + 1)
  packet.networkLength = totalLength
  packet.identification = view.getUint16(offset + 4)
  packet.dontFragment = (fragment & DONT_FRAGMENT) !== 0
  packet.ttl = view.getUint8(offset + 8)
  packet.protocol = protocol
  packet.source0 = view.getUint32(offset + 12)
  packet.destination0 = view.getUint32(offset + 16)
  packet.networkHeaderLength = headerLength
  if (headerLength < IPV4_MINIMUM_HEADER) {
    malform(packet, IPV4_HEADER_LENGTH, offset, IPV4_MINIMUM_HEADER, headerLength, BY_IPV4_HEADER_LENGTH)
    return
  }

  const wireEnd = packet.frameOffset + packet.wireLength
  let claimedEnd = offset + totalLength
  if (totalLength < headerLength) {
    malform(packet, IPV4_TOTAL_LENGTH, offset, headerLength, totalLength, BY_IPV4_TOTAL_LENGTH)
    // Captures of segments that the card was left to cut carry 0: the frame says how long they are.
    if (totalLength !== 0) return
    claimedEnd = wireEnd
  } else if (claimedEnd > wireEnd) {
    malform(packet, IPV4_BEYOND_FRAME, offset, totalLength, wireEnd - offset, BY_IPV4_TOTAL_LENGTH)
  }
  const payloadEnd = Math.min(claimedEnd, end)
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

  if ((fragment & 0x3fff) !== 0) {
    packet.isFragment = true
    packet.moreFragments = (fragment & MORE_FRAGMENTS) !== 0
    packet.fragmentOffset = fragmentOffset
    const payloadLength = totalLength - headerLength
    if (packet.moreFragments && payloadLength % 8 !== 0)
      malform(packet, IPV4_FRAGMENT_LENGTH, transport, 8, payloadLength, BY_IPV4_TOTAL_LENGTH)
    if (fragmentOffset + headerLength + payloadLength > 65535)
      malform(
        packet,
        IPV4_FRAGMENT_BEYOND_65535,
        offset,
        fragmentOffset + totalLength,
        65535,
        BY_IPV4_FRAGMENT,
      )
    if (fragmentOffset > 0) return
  }
  decodeTransport(packet, view, transport, payloadEnd, claimedEnd, BY_IPV4_TOTAL_LENGTH)
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
