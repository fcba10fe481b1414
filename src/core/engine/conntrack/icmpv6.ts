import { ICMPV6, type Packet } from "../../packet/packet.js"
import { checksumFits } from "./checksum.js"
import { ERROR, QUERY, UNTRACKED } from "./icmp.js"
import { INVALID_CHECKSUM, INVALID_SHORT } from "./invalid.js"

const FIRST_QUERY = 128

/** As `icmpRole`. UNTRACKED: multicast listener and neighbour discovery, which conntrack leaves alone. */
export function icmpv6Role(packet: Packet, end: number, verify: boolean): number {
  if (packet.transportOffset < 0) return INVALID_SHORT
  if (verify && !checksumFits(packet, end, ICMPV6, true)) return INVALID_CHECKSUM
  const type = packet.icmpType
  if (isUntracked(type)) return UNTRACKED
  return type < FIRST_QUERY ? ERROR : QUERY
}

/**
 * MLD query, report, done (130-132), router and neighbour solicitation and advertisement (133-136), MLDv2 report (143), multicast router
 * advertisement and solicitation (151, 152; RFC 4286).
 */
function isUntracked(type: number): boolean {
  return (type >= 130 && type <= 136) || type === 143 || type === 151 || type === 152
}

/** Echo request and node information query. */
export function icmpv6MayBegin(type: number): boolean {
  return type === 128 || type === 139
}
