import type { Packet } from "../packet/packet.js"
import type { RoutingTable } from "./routes.js"

/**
 * Why the kernel's routing refuses a packet that arrived, behind prerouting and before input and forward (ip_route_input, ip6_forward), or "": it does not.
 * Looked at on Linux 6.18 with reverse path filters off; 0.0.0.0/8 and 240.0.0.0/4 are ordinary addresses there. What goes from loopback to loopback
 * is taken for a capture of that device.
 */
export function martian(packet: Packet, routes: RoutingTable, isForHost: boolean): string {
  return packet.family === 4 ? martian4(packet, routes) : martian6(packet, isForHost)
}

const LOOPBACK = 127
const EVERYBODY = 0xffffffff
/** 224.0.0.0/24: the groups of a link. */
const LINK_GROUPS = 0xe00000

function martian4(packet: Packet, routes: RoutingTable): string {
  const { source0: source, destination0: destination } = packet
  const fromLoopback = source >>> 24 === LOOPBACK
  const toLoopback = destination >>> 24 === LOOPBACK
  if (fromLoopback || toLoopback) return fromLoopback && toLoopback ? "" : "martian"
  if (source >>> 28 === 14 || source === EVERYBODY || destination === 0) return "martian"
  if (source === 0) return destination === EVERYBODY || destination >>> 8 === LINK_GROUPS ? "" : "martian"
  return routes.isLocal(packet, "source") ? "martian" : ""
}

/** IPv6 believes a host's own address; a router passes on neither packets from nowhere nor those of a link. */
function martian6(packet: Packet, isForHost: boolean): string {
  if (isForHost) return ""
  const { source0, source1, source2, source3 } = packet
  const isNowhere = (source0 | source1 | source2 | source3) === 0
  return isNowhere || source0 >>> 22 === 0x3fa ? "not-forwarded" : ""
}
