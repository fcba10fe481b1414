import { AUTHENTICATION, HAS_AUTHENTICATION } from "../../packet/ipv6.js"
import type { Packet } from "../../packet/packet.js"

/**
 * The protocol as nft knows it. Its walk along IPv6's headers ends at an authentication header (Linux 6.18, looked at): behind one there is no TCP and no UDP for nft,
 * and `th` reads the authentication header itself. Conntrack and xtables walk on.
 */
export function nftProtocol(packet: Packet): number {
  return (packet.extensionHeaders & HAS_AUTHENTICATION) !== 0 ? AUTHENTICATION : packet.protocol
}

/** Where the authentication header of an IPv6 packet stands; only for packets that have one. */
export function authenticationOffset(packet: Packet): number {
  const { view } = packet
  let header = view.getUint8(packet.networkOffset + 6)
  let at = packet.networkOffset + 40
  // The decoder has walked here before: the headers are there.
  while (header !== AUTHENTICATION && at + 2 <= view.byteLength) {
    header = view.getUint8(at)
    at += (view.getUint8(at + 1) + 1) << 3
  }
  return at
}
