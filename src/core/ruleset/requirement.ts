import { HAS_AUTHENTICATION } from "../packet/ipv6.js"
import { ICMP, ICMPV6, type Packet, TCP, UDP } from "../packet/packet.js"

/**
 * What a packet has to be before an expression has a value for it, or a step can match. Nodes tell it before any packet is there, so that a chain
 * need not ask a datagram for its TCP flags: the engine leaves out the rules that cannot match a packet of its sort.
 */
export interface Requirement {
  readonly family?: 4 | 6
  /** The protocol behind all IP headers, as `Packet.protocol` has it. */
  readonly protocol?: number
}

/** Sorts of packets that are told apart: none, IPv4 or IPv6, times the protocols that most rules ask for and all others. */
export const PACKET_SORTS = 15
export const NO_SORT = -1
const PROTOCOL_SORTS = 5

const protocolSort = new Uint8Array(256).fill(4)
protocolSort[TCP] = 0
protocolSort[UDP] = 1
protocolSort[ICMP] = 2
protocolSort[ICMPV6] = 3

/**
 * A number below `PACKET_SORTS`, or `NO_SORT`: the packet is asked everything. Such are packets with an authentication header, whose protocol is one
 * thing to nft and another to xtables (expression/nft-protocol.ts).
 */
export function sortOf(packet: Packet): number {
  const { family, protocol } = packet
  if ((packet.extensionHeaders & HAS_AUTHENTICATION) !== 0) return NO_SORT
  const familySort = family === 4 ? 1 : family === 6 ? 2 : 0
  return familySort * PROTOCOL_SORTS + (protocol < 0 ? 4 : protocolSort[protocol]!)
}

/** False: no packet of this sort is what is required. */
export function isPossible(requirement: Requirement, sort: number): boolean {
  const { family, protocol } = requirement
  if (family !== undefined && Math.floor(sort / PROTOCOL_SORTS) !== (family === 4 ? 1 : 2)) return false
  return protocol === undefined || sort % PROTOCOL_SORTS === protocolSort[protocol & 0xff]
}

/** What both ask for; null: no packet is both. */
export function both(left: Requirement, right: Requirement): Requirement | null {
  if (left.family !== undefined && right.family !== undefined && left.family !== right.family) return null
  if (left.protocol !== undefined && right.protocol !== undefined && left.protocol !== right.protocol)
    return null
  return { ...left, ...right }
}
