import { BY_FRAME, cutShort, LINK_TRUNCATED } from "./malformed.js"
import type { Packet } from "./packet.js"
import { decodeVlan, isVlanTag } from "./vlan.js"

export const COOKED_V1_LENGTH = 16
export const COOKED_V2_LENGTH = 20
const OUTGOING = 4
const FIRST_ETHERTYPE = 0x0600
/** Netlink and 802.11 devices (ARPHRD_* 824, 801 to 803): the protocol field is no EtherType. A GRE device's (778) is. */
const ARPHRD_WITHOUT_ETHERTYPE = new Set([801, 802, 803, 824])

/** https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html Returns where the payload starts, or -1. */
export function decodeCookedV1(packet: Packet, view: DataView, offset: number, end: number): number {
  if (end - offset < COOKED_V1_LENGTH) return truncated(packet, offset, COOKED_V1_LENGTH, end)
  packetType(packet, view.getUint16(offset))
  if (view.getUint16(offset + 4) === 6) packet.sourceMacOffset = offset + 6
  if (ARPHRD_WITHOUT_ETHERTYPE.has(view.getUint16(offset + 2))) return -1
  return payload(packet, view, view.getUint16(offset + 14), offset + COOKED_V1_LENGTH, end)
}

/** https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html Returns where the payload starts, or -1. */
export function decodeCookedV2(packet: Packet, view: DataView, offset: number, end: number): number {
  if (end - offset < COOKED_V2_LENGTH) return truncated(packet, offset, COOKED_V2_LENGTH, end)
  packetType(packet, view.getUint8(offset + 10))
  packet.linkInterfaceIndex = view.getUint32(offset + 4)
  if (view.getUint8(offset + 11) === 6) packet.sourceMacOffset = offset + 12
  if (ARPHRD_WITHOUT_ETHERTYPE.has(view.getUint16(offset + 8))) return -1
  return payload(packet, view, view.getUint16(offset), offset + COOKED_V2_LENGTH, end)
}

function packetType(packet: Packet, type: number): void {
  packet.linkPacketType = type
  packet.direction = type === OUTGOING ? 2 : type < OUTGOING ? 1 : 0
}

function payload(packet: Packet, view: DataView, etherType: number, offset: number, end: number): number {
  if (isVlanTag(etherType)) return decodeVlan(packet, view, offset, end, etherType)
  if (etherType < FIRST_ETHERTYPE) return -1
  packet.etherType = etherType
  return offset
}

function truncated(packet: Packet, offset: number, needed: number, end: number): number {
  cutShort(packet, LINK_TRUNCATED, offset, needed, end, BY_FRAME)
  return -1
}
