import { ICMP, type Packet } from "../../packet/packet.js"
import { checksumFits } from "./checksum.js"
import { INVALID_CHECKSUM, INVALID_ICMP_TYPE, INVALID_SHORT } from "./invalid.js"

/** What an ICMP packet is to conntrack, besides a fault (invalid.ts). */
export const QUERY = 0
export const ERROR = -1
export const UNTRACKED = -2

/** RFC 792 and RFC 950 end here (NR_ICMP_TYPES in linux/icmp.h). */
const LAST_TYPE = 18

/** QUERY: looked up as it is. ERROR: what it quotes is looked up. Above 0: why it is invalid. */
export function icmpRole(packet: Packet, end: number, verify: boolean): number {
  if (packet.transportOffset < 0) return INVALID_SHORT
  if (verify && !checksumFits(packet, end, ICMP, false)) return INVALID_CHECKSUM
  const type = packet.icmpType
  if (type > LAST_TYPE) return INVALID_ICMP_TYPE
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12 ? ERROR : QUERY
}

/** Requests that begin a connection: echo, timestamp, information, address mask. */
export function icmpMayBegin(type: number): boolean {
  return type === 8 || type === 13 || type === 15 || type === 17
}
