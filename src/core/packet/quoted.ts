import { decode } from "./decode.js"
import { LINKTYPE_RAW } from "./link-type.js"
import type { Packet } from "./packet.js"

/**
 * Fills `inner` with the packet that an ICMP or ICMPv6 error quotes (`outer.payloadOffset` on): its addresses, protocol and, since
 * RFC 792 has 8 bytes of its payload quoted, its ports. What the quotation leaves out counts as cut by the capture, not as
 * malformed. `inner.family` is 0 where there is no IP header in it. The caller asks `isIcmpError` first.
 */
export function decodeQuoted(inner: Packet, outer: Packet): void {
  const start = outer.payloadOffset
  const length = start < 0 ? 0 : outer.payloadEnd - start
  decode(inner, outer.view, Math.max(start, 0), Math.max(length, 0), 0xffff + 40, LINKTYPE_RAW)
}
