import { ETHERNET_HEADER_LENGTH, FIRST_ETHERTYPE } from "./header.js"
import { BY_FRAME, cutShort, LINK_TRUNCATED } from "./malformed.js"
import type { Packet } from "./packet.js"
import { decodeVlan, isVlanTag } from "./vlan.js"

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
