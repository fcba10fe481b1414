import { cutShort, ICMPV6_TRUNCATED } from "./malformed.js"
import type { Packet } from "./packet.js"

export const ICMPV6_HEADER_LENGTH = 8

export const ICMPV6_UNREACHABLE = 1
export const ICMPV6_PACKET_TOO_BIG = 2
export const ICMPV6_TIME_EXCEEDED = 3
export const ICMPV6_PARAMETER_PROBLEM = 4
export const ICMPV6_ECHO_REQUEST = 128
export const ICMPV6_ECHO_REPLY = 129
export const ICMPV6_ROUTER_SOLICITATION = 133
export const ICMPV6_ROUTER_ADVERTISEMENT = 134
export const ICMPV6_NEIGHBOUR_SOLICITATION = 135
export const ICMPV6_NEIGHBOUR_ADVERTISEMENT = 136
export const ICMPV6_REDIRECT = 137

/** RFC 4443. Type and code are kept even where the header is not whole. */
export function decodeIcmpv6(
  packet: Packet,
  view: DataView,
  offset: number,
  end: number,
  claimedEnd: number,
  claimant: number,
): void {
  if (end - offset >= 2) {
    packet.icmpType = view.getUint8(offset)
    packet.icmpCode = view.getUint8(offset + 1)
  }
  if (end - offset < ICMPV6_HEADER_LENGTH) {
    cutShort(packet, ICMPV6_TRUNCATED, offset, ICMPV6_HEADER_LENGTH, claimedEnd, claimant)
    return
  }
  packet.transportOffset = offset
  packet.payloadOffset = offset + ICMPV6_HEADER_LENGTH
  if (packet.icmpType === ICMPV6_ECHO_REQUEST || packet.icmpType === ICMPV6_ECHO_REPLY) {
    packet.icmpIdentifier = view.getUint16(offset + 4)
    packet.icmpSequence = view.getUint16(offset + 6)
  }
}

/** Types below 128 are errors, and quote the packet that they are about from `payloadOffset` on. */
export function isIcmpv6Error(type: number): boolean {
  return type < 128
}
