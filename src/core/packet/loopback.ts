import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "./ether-type.js"
import { BY_FRAME, cutShort, LINK_TRUNCATED } from "./malformed.js"
import type { Packet } from "./packet.js"

export const LOOPBACK_HEADER_LENGTH = 4

/**
 * BSD loopback: a 4-byte address family, in the capturing host's byte order (LINKTYPE_NULL) or big-endian
 * (LINKTYPE_LOOP). Families are below 65536, so the order shows. AF_INET is 2 everywhere; AF_INET6 is 24 (NetBSD,
 * OpenBSD), 28 (FreeBSD), 30 (macOS) or 10 (Linux). Returns where the payload starts, or -1.
 */
export function decodeLoopback(packet: Packet, view: DataView, offset: number, end: number): number {
  if (end - offset < LOOPBACK_HEADER_LENGTH) {
    cutShort(packet, LINK_TRUNCATED, offset, LOOPBACK_HEADER_LENGTH, end, BY_FRAME)
    return -1
  }
  const big = view.getUint32(offset)
  const family = big > 0xffff ? view.getUint32(offset, true) : big
  switch (family) {
    case 2:
      packet.etherType = ETHERTYPE_IPV4
      return offset + LOOPBACK_HEADER_LENGTH
    case 10:
    case 24:
    case 28:
    case 30:
      packet.etherType = ETHERTYPE_IPV6
      return offset + LOOPBACK_HEADER_LENGTH
    default:
      return -1
  }
}
