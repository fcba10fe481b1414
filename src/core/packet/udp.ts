import { UDP_HEADER_LENGTH } from "./header.js"
import { BY_UDP_LENGTH, malform, UDP_BEYOND_PACKET, UDP_LENGTH, UDP_TRUNCATED } from "./malformed.js"
import type { Packet } from "./packet.js"
import { decodePorts } from "./ports.js"

/** RFC 768. */
export function decodeUdp(
  packet: Packet,
  view: DataView,
  offset: number,
  end: number,
  claimedEnd: number,
  claimant: number,
): void {
  if (!decodePorts(packet, view, offset, end, UDP_HEADER_LENGTH, UDP_TRUNCATED, claimedEnd, claimant)) return
  const length = view.getUint16(offset + 4)
  packet.udpLength = length
  const had = claimedEnd - offset
  if (length < UDP_HEADER_LENGTH) {
    // RFC 2675: a datagram beyond 65535 bytes carries length 0.
    if (length !== 0 || had <= 65535)
      malform(packet, UDP_LENGTH, offset, UDP_HEADER_LENGTH, length, BY_UDP_LENGTH)
  } else if (length > had && !packet.moreFragments) {
    malform(packet, UDP_BEYOND_PACKET, offset, length, had, BY_UDP_LENGTH)
  }
}
