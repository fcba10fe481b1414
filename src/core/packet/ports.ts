import { cutShort } from "./malformed.js"
import type { Packet } from "./packet.js"

/**
 * The two ports that TCP, UDP, UDP-Lite, SCTP and DCCP begin with, and whether the whole fixed header is there.
 * Ports that are there are kept even if the rest is not: nftables matches them all the same.
 */
export function decodePorts(
  packet: Packet,
  view: DataView,
  offset: number,
  end: number,
  headerLength: number,
  truncated: number,
  claimedEnd: number,
  claimant: number,
): boolean {
  if (end - offset >= 4) {
    const ports = view.getUint32(offset)
    packet.sourcePort = ports >>> 16
    packet.destinationPort = ports & 0xffff
  }
  if (end - offset < headerLength) {
    cutShort(packet, truncated, offset, headerLength, claimedEnd, claimant)
    return false
  }
  packet.transportOffset = offset
  packet.payloadOffset = offset + headerLength
  return true
}
