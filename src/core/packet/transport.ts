import { decodeIcmp } from "./icmp.js"
import { decodeIcmpv6 } from "./icmpv6.js"
import { DCCP_TRUNCATED, SCTP_TRUNCATED } from "./malformed.js"
import { DCCP, ICMP, ICMPV6, type Packet, SCTP, TCP, UDP, UDPLITE } from "./packet.js"
import { decodePorts } from "./ports.js"
import { decodeTcp } from "./tcp.js"
import { decodeUdp } from "./udp.js"
import { decodeUdplite } from "./udplite.js"

const SCTP_HEADER_LENGTH = 12
const DCCP_HEADER_LENGTH = 12

/**
 * The header of `packet.protocol` at `offset`. `end` is where the bytes end; `claimedEnd` is where `claimant` says that the
 * packet ends, which may be further.
 */
export function decodeTransport(
  packet: Packet,
  view: DataView,
  offset: number,
  end: number,
  claimedEnd: number,
  claimant: number,
): void {
  packet.transportStart = offset
  switch (packet.protocol) {
    case TCP:
      decodeTcp(packet, view, offset, end, claimedEnd, claimant)
      return
    case UDP:
      decodeUdp(packet, view, offset, end, claimedEnd, claimant)
      return
    case ICMP:
      decodeIcmp(packet, view, offset, end, claimedEnd, claimant)
      return
    case ICMPV6:
      decodeIcmpv6(packet, view, offset, end, claimedEnd, claimant)
      return
    case UDPLITE:
      decodeUdplite(packet, view, offset, end, claimedEnd, claimant)
      return
    case SCTP:
      decodePorts(packet, view, offset, end, SCTP_HEADER_LENGTH, SCTP_TRUNCATED, claimedEnd, claimant)
      return
    case DCCP:
      decodePorts(packet, view, offset, end, DCCP_HEADER_LENGTH, DCCP_TRUNCATED, claimedEnd, claimant)
      return
    default:
      packet.transportOffset = offset
      packet.payloadOffset = offset
  }
}
