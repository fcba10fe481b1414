import { IPV6_HEADER_LENGTH } from "./header.js"
import { checkHopByHop, jumboLength } from "./hop-by-hop.js"
import {
  BY_FRAME,
  BY_IPV6_EXTENSION,
  BY_IPV6_FRAGMENT,
  BY_IPV6_JUMBO,
  BY_IPV6_PAYLOAD_LENGTH,
  BY_VERSION,
  cutShort,
  IPV6_BEYOND_FRAME,
  IPV6_EXTENSION_LENGTH,
  IPV6_EXTENSION_TRUNCATED,
  IPV6_FRAGMENT_BEYOND_65535,
  IPV6_FRAGMENT_LENGTH,
  IPV6_HOP_BY_HOP_LENGTH,
  IPV6_TOO_MANY_EXTENSIONS,
  IPV6_TRUNCATED,
  IPV6_VERSION,
  malform,
} from "./malformed.js"
import type { Packet } from "./packet.js"
import { decodeTransport } from "./transport.js"

// The extension headers that Linux steps over (ipv6_ext_hdr in net/ipv6/exthdrs_core.c); mobility (135), HIP and
// Shim6 are transport protocols to it.
export const HOP_BY_HOP = 0
export const ROUTING = 43
export const FRAGMENT = 44
export const AUTHENTICATION = 51
export const NO_NEXT_HEADER = 59
export const DESTINATION_OPTIONS = 60

/** Bits of `Packet.extensionHeaders`. */
export const HAS_HOP_BY_HOP = 1
export const HAS_ROUTING = 2
export const HAS_FRAGMENT = 4
export const HAS_AUTHENTICATION = 8
export const HAS_DESTINATION_OPTIONS = 16

/** A packet has few; a crafted one could have thousands of 8 bytes each, and no rule looks behind them. */
const MOST_EXTENSIONS = 64

/** RFC 8200. Extension headers are stepped over as Linux does, to the first header that is none. */
export function decodeIpv6(packet: Packet, view: DataView, offset: number, end: number): void {
  packet.networkOffset = offset
  if (end - offset < IPV6_HEADER_LENGTH) {
    cutShort(packet, IPV6_TRUNCATED, offset, IPV6_HEADER_LENGTH, offset + IPV6_HEADER_LENGTH, BY_FRAME)
    return
  }
  const first = view.getUint32(offset)
  if (first >>> 28 !== 6) {
    malform(packet, IPV6_VERSION, offset, 6, first >>> 28, BY_VERSION)
    return
  }
  packet.family = 6
  packet.trafficClass = (first >>> 20) & 0xff
  let payloadLength = view.getUint16(offset + 4)
  const nextHeader = view.getUint8(offset + 6)
  packet.ttl = view.getUint8(offset + 7)
  packet.source0 = view.getUint32(offset + 8)
  packet.source1 = view.getUint32(offset + 12)
  packet.source2 = view.getUint32(offset + 16)
  packet.source3 = view.getUint32(offset + 20)
  packet.destination0 = view.getUint32(offset + 24)
  packet.destination1 = view.getUint32(offset + 28)
  packet.destination2 = view.getUint32(offset + 32)
  packet.destination3 = view.getUint32(offset + 36)

  const transport = offset + IPV6_HEADER_LENGTH
  let claimant = BY_IPV6_PAYLOAD_LENGTH
  if (payloadLength === 0 && nextHeader === HOP_BY_HOP) {
    const jumbo = jumboLength(packet, view, transport, end)
    if (jumbo > 0) {
      payloadLength = jumbo
      claimant = BY_IPV6_JUMBO
    }
  }
  const wireEnd = packet.frameOffset + packet.wireLength
  // Linux sends big segments to its card without the jumbo option, with length 0.
  if (payloadLength === 0 && wireEnd - transport > 65535) payloadLength = wireEnd - transport
  const claimedEnd = transport + payloadLength
  let payloadEnd = end
  if (claimedEnd < end) payloadEnd = claimedEnd
  packet.networkLength = IPV6_HEADER_LENGTH + payloadLength
  packet.networkHeaderLength = IPV6_HEADER_LENGTH
  packet.protocol = nextHeader
  packet.payloadOffset = transport
  packet.payloadEnd = payloadEnd
  if (claimedEnd > wireEnd)
    malform(packet, IPV6_BEYOND_FRAME, offset, packet.networkLength, wireEnd - offset, claimant)
  if (isExtension(nextHeader)) decodeExtensions(packet, view, transport, payloadEnd, claimedEnd, claimant)
  else decodeTransport(packet, view, transport, payloadEnd, claimedEnd, claimant)
}

function isExtension(header: number): boolean {
  return (
    header === HOP_BY_HOP ||
    header === ROUTING ||
    header === FRAGMENT ||
    header === AUTHENTICATION ||
    header === DESTINATION_OPTIONS
  )
}

/** `packet.protocol` is the header at `offset`. */
function decodeExtensions(
  packet: Packet,
  view: DataView,
  offset: number,
  end: number,
  claimedEnd: number,
  claimant: number,
): void {
  let at = offset
  for (let count = 0; isExtension(packet.protocol); count++) {
    const header = packet.protocol
    if (count === MOST_EXTENSIONS) {
      malform(packet, IPV6_TOO_MANY_EXTENSIONS, at, count + 1, MOST_EXTENSIONS, BY_IPV6_EXTENSION)
      return
    }
    if (end - at < 8) {
      const isFirst = count === 0 && header === HOP_BY_HOP
      cutShort(
        packet,
        isFirst ? IPV6_HOP_BY_HOP_LENGTH : IPV6_EXTENSION_TRUNCATED,
        at,
        8,
        claimedEnd,
        claimant,
      )
      return
    }
    note(packet, view, at, header)
    if (count === 0 && header === HOP_BY_HOP && !checkHopByHop(packet, view, at, end, claimedEnd)) return
    const units = view.getUint8(at + 1)
    const length = header === FRAGMENT ? 8 : header === AUTHENTICATION ? (units + 2) << 2 : (units + 1) << 3
    if (at + length > claimedEnd) {
      malform(packet, IPV6_EXTENSION_LENGTH, at, length, claimedEnd - at, BY_IPV6_EXTENSION)
      return
    }
    if (at + length > end) {
      cutShort(packet, IPV6_EXTENSION_TRUNCATED, at, length, claimedEnd, claimant)
      return
    }
    packet.protocol = view.getUint8(at)
    at += length
    packet.networkHeaderLength = at - packet.networkOffset
    packet.payloadOffset = at
    if (header === FRAGMENT) {
      checkFragment(packet, at, claimedEnd, claimant)
      // What follows in later fragments is the middle of something.
      if (packet.fragmentOffset > 0) return
    }
  }
  decodeTransport(packet, view, at, end, claimedEnd, claimant)
}

function note(packet: Packet, view: DataView, at: number, header: number): void {
  switch (header) {
    case HOP_BY_HOP:
      packet.extensionHeaders |= HAS_HOP_BY_HOP
      return
    case DESTINATION_OPTIONS:
      packet.extensionHeaders |= HAS_DESTINATION_OPTIONS
      return
    case AUTHENTICATION:
      packet.extensionHeaders |= HAS_AUTHENTICATION
      return
    case ROUTING:
      packet.extensionHeaders |= HAS_ROUTING
      if (packet.routingType < 0) packet.routingType = view.getUint8(at + 2)
      return
    case FRAGMENT: {
      packet.extensionHeaders |= HAS_FRAGMENT
      const fragment = view.getUint16(at + 2)
      packet.isFragment = true
      packet.fragmentOffset = fragment & 0xfff8
      packet.moreFragments = (fragment & 1) !== 0
      packet.identification = view.getUint32(at + 4)
      return
    }
  }
}

function checkFragment(packet: Packet, payload: number, claimedEnd: number, claimant: number): void {
  const length = claimedEnd - payload
  if (packet.moreFragments && length % 8 !== 0)
    malform(packet, IPV6_FRAGMENT_LENGTH, payload, 8, length, claimant)
  if (packet.fragmentOffset + length > 65535)
    malform(
      packet,
      IPV6_FRAGMENT_BEYOND_65535,
      payload,
      packet.fragmentOffset + length,
      65535,
      BY_IPV6_FRAGMENT,
    )
}
