import { ICMP, ICMPV6, type Packet } from "../../packet/packet.js"
import { type End, type Rewriter, SOURCE } from "../../packet/rewrite.js"
import { PORTS } from "../conntrack/layout.js"
import { hasPorts } from "../conntrack/tuple.js"

/** Makes one end of a packet what the tuple says. True: its address is another one now. */
export function translatePacket(packet: Packet, rewriter: Rewriter, tuple: Uint32Array, end: End): boolean {
  const at = end === SOURCE ? 0 : 4
  const ports = tuple[PORTS]!
  const { protocol } = packet
  if (protocol === ICMP || protocol === ICMPV6) {
    if (carriesIdentifier(protocol, packet.icmpType) && packet.icmpIdentifier !== ports >>> 16)
      rewriter.setIcmpIdentifier(packet, ports >>> 16)
  } else if (hasPorts(protocol)) {
    const port = end === SOURCE ? ports >>> 16 : ports & 0xffff
    if (port !== (end === SOURCE ? packet.sourcePort : packet.destinationPort))
      rewriter.setPort(packet, end, port)
  }
  const isSame =
    end === SOURCE
      ? packet.source0 === tuple[0] &&
        packet.source1 === tuple[1] &&
        packet.source2 === tuple[2] &&
        packet.source3 === tuple[3]
      : packet.destination0 === tuple[4] &&
        packet.destination1 === tuple[5] &&
        packet.destination2 === tuple[6] &&
        packet.destination3 === tuple[7]
  if (isSame) return false
  rewriter.setAddress(packet, end, tuple, at)
  return true
}

/** Queries whose identifier is translated (icmp_manip_pkt, icmpv6_manip_pkt). */
export function carriesIdentifier(protocol: number, type: number): boolean {
  if (protocol === ICMPV6) return type === 128 || type === 129
  return type === 8 || type === 0 || (type >= 13 && type <= 18)
}
