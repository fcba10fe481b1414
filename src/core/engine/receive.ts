import { CHECKSUM_BAD, networkChecksum } from "../packet/checksum.js"
import { isCutByCapture, malformedFacts } from "../packet/malformed.js"
import type { Packet } from "../packet/packet.js"

/**
 * Why the kernel's receive path drops a packet before PREROUTING (ip_rcv, ipv6_rcv), or "": it goes on. A capture that is cut short
 * is not held against the packet.
 */
export function receiveFault(packet: Packet): string {
  if (packet.family === 0) return noIp(packet)
  if (packet.linkPacketType === OTHER_HOST) return "for another host: the link layer says so"
  if (packet.malformed !== 0) {
    const fact = malformedFacts[packet.malformed]!
    if (fact.kernel === "no-hook" && !isCutByCapture(packet)) return fact.name
  }
  return packet.family === 4 ? fault4(packet) : fault6(packet)
}

const OTHER_HOST = 3

function noIp(packet: Packet): string {
  if (packet.malformed !== 0) return malformedFacts[packet.malformed]!.name
  return packet.arpOperation !== 0 || packet.etherType === 0x0806 ? "arp" : "not-ip"
}

function fault4(packet: Packet): string {
  return networkChecksum(packet) === CHECKSUM_BAD ? "ipv4-header-checksum" : ""
}

function fault6(packet: Packet): string {
  // RFC 4291 section 2.7: no multicast source; scopes 0 and 1 never leave their node.
  if (packet.source0 >>> 24 === 0xff) return "ipv6-multicast-source"
  if (packet.destination0 >>> 24 === 0xff) {
    const scope = (packet.destination0 >>> 16) & 0x0f
    if (scope === 0 || scope === 1) return "ipv6-multicast-scope"
  }
  if (isLoopback(packet.source0, packet.source1, packet.source2, packet.source3))
    return "ipv6-loopback-source"
  if (isLoopback(packet.destination0, packet.destination1, packet.destination2, packet.destination3))
    return "ipv6-loopback-destination"
  return ""
}

function isLoopback(word0: number, word1: number, word2: number, word3: number): boolean {
  return word3 === 1 && word0 === 0 && word1 === 0 && word2 === 0
}
