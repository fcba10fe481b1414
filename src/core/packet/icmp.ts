import { ICMP_HEADER_LENGTH } from "./header.js"
import { cutShort, ICMP_TRUNCATED } from "./malformed.js"
import type { Packet } from "./packet.js"

export const ICMP_ECHO_REPLY = 0
export const ICMP_UNREACHABLE = 3
export const ICMP_SOURCE_QUENCH = 4
export const ICMP_REDIRECT = 5
export const ICMP_ECHO_REQUEST = 8
export const ICMP_TIME_EXCEEDED = 11
export const ICMP_PARAMETER_PROBLEM = 12
export const ICMP_TIMESTAMP_REQUEST = 13
export const ICMP_TIMESTAMP_REPLY = 14
export const ICMP_INFORMATION_REQUEST = 15
export const ICMP_INFORMATION_REPLY = 16
export const ICMP_ADDRESS_MASK_REQUEST = 17
export const ICMP_ADDRESS_MASK_REPLY = 18

/** RFC 792. Type and code are kept even where the 8-byte header is not whole. */
export function decodeIcmp(
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
  if (end - offset < ICMP_HEADER_LENGTH) {
    cutShort(packet, ICMP_TRUNCATED, offset, ICMP_HEADER_LENGTH, claimedEnd, claimant)
    return
  }
  packet.transportOffset = offset
  packet.payloadOffset = offset + ICMP_HEADER_LENGTH
  if (isIcmpQuery(packet.icmpType)) {
    packet.icmpIdentifier = view.getUint16(offset + 4)
    packet.icmpSequence = view.getUint16(offset + 6)
  }
}

/** Types that carry an identifier and a sequence number. */
export function isIcmpQuery(type: number): boolean {
  return type === ICMP_ECHO_REPLY || type === ICMP_ECHO_REQUEST || (type >= 13 && type <= 18)
}

/** Types that quote the packet that they are about, from `payloadOffset` on (RFC 792, RFC 1122 section 3.2.2). */
export function isIcmpError(type: number): boolean {
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12
}
