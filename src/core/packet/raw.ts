import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "./ether-type.js"
import { BY_FRAME, BY_VERSION, cutShort, LINK_TRUNCATED, LINK_TYPE_UNKNOWN, malform } from "./malformed.js"
import type { Packet } from "./packet.js"

/** LINKTYPE_RAW: an IP header at once; its version says which. Returns `offset`, or -1. */
export function decodeRaw(packet: Packet, view: DataView, offset: number, end: number): number {
  if (end - offset < 1) {
    cutShort(packet, LINK_TRUNCATED, offset, 1, end, BY_FRAME)
    return -1
  }
  const version = view.getUint8(offset) >>> 4
  if (version === 4) packet.etherType = ETHERTYPE_IPV4
  else if (version === 6) packet.etherType = ETHERTYPE_IPV6
  else {
    malform(packet, LINK_TYPE_UNKNOWN, offset, 4, version, BY_VERSION)
    return -1
  }
  return offset
}
