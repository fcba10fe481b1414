import { BY_FRAME, cutShort, LINK_TRUNCATED } from "./malformed.js"
import type { Packet } from "./packet.js"
import { decodeVlan, isVlanTag } from "./vlan.js"

export const ETHERNET_HEADER_LENGTH = 14
/** Below this the field is an IEEE 802.3 length, and LLC follows. Linux delivers no IP from LLC/SNAP frames on Ethernet. */
const FIRST_ETHERTYPE = 0x0600

/** Ethernet II (RFC 894). Returns where the payload starts, or -1. */
export function decodeEthernet(packet: Packet, view: DataView, offset: number, end: number): number {
  if (end - offset < ETHERNET_HEADER_LENGTH) {
    cutShort(packet, LINK_TRUNCATED, offset, ETHERNET_HEADER_LENGTH, end, BY_FRAME)
    return -1
  }
  packet.destinationMacOffset = offset
  packet.sourceMacOffset = offset + 6
  const etherType = view.getUint16(offset + 12)
  const next = offset + ETHERNET_HEADER_LENGTH
  if (isVlanTag(etherType)) return decodeVlan(packet, view, next, end, etherType)
  if (etherType < FIRST_ETHERTYPE) return -1
  packet.etherType = etherType
  return next
}
