import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "./ether-type.js"
import { BY_FRAME, cutShort, LINK_TRUNCATED } from "./malformed.js"
import type { Packet } from "./packet.js"

const PPP_IPV4 = 0x0021
const PPP_IPV6 = 0x0057
const CISCO_HDLC_LENGTH = 4
const FIRST_ETHERTYPE = 0x0600
/** Cisco's keepalives have the number that is reverse ARP's on Ethernet. */
const SLARP = 0x8035

/**
 * PPP (RFC 1661), with the address and control bytes of RFC 1662 or without, the protocol number in two bytes or compressed into one (odd, and so
 * told from the first of two). Returns where the payload starts, or -1.
 */
export function decodePpp(packet: Packet, view: DataView, offset: number, end: number): number {
  const start = end - offset >= 2 && view.getUint16(offset) === 0xff03 ? offset + 2 : offset
  const isCompressed = end - start >= 1 && (view.getUint8(start) & 1) === 1
  const length = isCompressed ? 1 : 2
  if (end - start < length) {
    cutShort(packet, LINK_TRUNCATED, start, length, end, BY_FRAME)
    return -1
  }
  const protocol = isCompressed ? view.getUint8(start) : view.getUint16(start)
  if (protocol === PPP_IPV4) packet.etherType = ETHERTYPE_IPV4
  else if (protocol === PPP_IPV6) packet.etherType = ETHERTYPE_IPV6
  else return -1
  return start + length
}

/** Cisco's HDLC: address, control, EtherType; Linux's WAN devices are captured so. Returns where the payload starts, or -1. */
export function decodeCiscoHdlc(packet: Packet, view: DataView, offset: number, end: number): number {
  if (end - offset < CISCO_HDLC_LENGTH) {
    cutShort(packet, LINK_TRUNCATED, offset, CISCO_HDLC_LENGTH, end, BY_FRAME)
    return -1
  }
  const etherType = view.getUint16(offset + 2)
  if (etherType < FIRST_ETHERTYPE || etherType === SLARP) return -1
  packet.etherType = etherType
  return offset + CISCO_HDLC_LENGTH
}
