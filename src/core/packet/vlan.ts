import { ETHERTYPE_OLD_SERVICE_VLAN, ETHERTYPE_SERVICE_VLAN, ETHERTYPE_VLAN } from "./ether-type.js"
import { BY_FRAME, cutShort, VLAN_TRUNCATED } from "./malformed.js"
import type { Packet } from "./packet.js"

export const VLAN_TAG_LENGTH = 4
const FIRST_ETHERTYPE = 0x0600

export function isVlanTag(etherType: number): boolean {
  return (
    etherType === ETHERTYPE_VLAN ||
    etherType === ETHERTYPE_SERVICE_VLAN ||
    etherType === ETHERTYPE_OLD_SERVICE_VLAN
  )
}

/**
 * IEEE 802.1Q tags, however many; `offset` is at the first tag control word, behind its TPID.
 * Returns where the payload starts, or -1.
 */
export function decodeVlan(
  packet: Packet,
  view: DataView,
  offset: number,
  end: number,
  tagType: number,
): number {
  let at = offset
  let etherType = tagType
  while (isVlanTag(etherType)) {
    if (end - at < VLAN_TAG_LENGTH) {
      cutShort(packet, VLAN_TRUNCATED, at, VLAN_TAG_LENGTH, end, BY_FRAME)
      return -1
    }
    const control = view.getUint16(at)
    if (packet.vlanCount === 0) packet.vlanOuter = control
    else if (packet.vlanCount === 1) packet.vlanInner = control
    packet.vlanCount++
    etherType = view.getUint16(at + 2)
    at += VLAN_TAG_LENGTH
  }
  if (etherType < FIRST_ETHERTYPE) return -1
  packet.etherType = etherType
  return at
}

/** The VLAN identifier (0–4095) of a tag control word. */
export function vlanIdentifier(control: number): number {
  return control & 0x0fff
}

/**
 * Behind a tag of VLAN 0, a mere priority (IEEE 802.1Q, 6.9), there is another one. Linux takes off the first before ingress and the second behind it (6.18): to ingress chains
 * of the inet family such a frame is no IP packet, to all that comes later it is one.
 */
export function hasStackedTags(packet: Packet): boolean {
  return packet.vlanCount > 1 && vlanIdentifier(packet.vlanOuter) === 0
}
