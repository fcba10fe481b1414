import { HAS_AUTHENTICATION } from "../packet/ipv6.js"
import { ICMP, ICMPV6, type Packet, TCP, UDP } from "../packet/packet.js"

/**
 * Packets are sorted by what most rules ask first, so that a chain is asked only what its answer is not known of beforehand. Two grains:
 *
 * - Coarse: the family, and the protocols that most rules ask for. Every packet has one, but those with an authentication header, whose protocol is one
 *   thing to nft and another to xtables (expression/nft-protocol.ts).
 * - Fine, for plain packets: no fragment, no extension header, the transport header there. Of those of one sort the family, the protocol and the TCP
 *   flags are the same, and so is every answer that is made of these alone.
 */

export const COARSE_SORTS = 15
export const NO_SORT = -1
const PROTOCOL_SORTS = 5

const TCP_FLAGS = 256
const PLAIN_TCP = COARSE_SORTS
const PLAIN_OTHERS = PLAIN_TCP + 2 * TCP_FLAGS
export const PACKET_SORTS: number = PLAIN_OTHERS + 6

/** What is the same in all packets of a fine sort. */
export interface PlainSort {
  readonly family: 4 | 6
  readonly protocol: number
  /** 0 where it is not TCP. */
  readonly tcpFlags: number
}

const protocolSort = new Uint8Array(256).fill(4)
protocolSort[TCP] = 0
protocolSort[UDP] = 1
protocolSort[ICMP] = 2
protocolSort[ICMPV6] = 3
const protocols = [TCP, UDP, ICMP, ICMPV6]

/** A number below `COARSE_SORTS`, or `NO_SORT`: the packet is asked everything. */
export function coarseSortOf(packet: Packet): number {
  const { family, protocol } = packet
  if ((packet.extensionHeaders & HAS_AUTHENTICATION) !== 0) return NO_SORT
  return coarse(family, protocol)
}

function coarse(family: number, protocol: number): number {
  const familySort = family === 4 ? 1 : family === 6 ? 2 : 0
  return familySort * PROTOCOL_SORTS + (protocol < 0 ? 4 : protocolSort[protocol]!)
}

/** A number below `PACKET_SORTS`, a fine sort where the packet is a plain one, or `NO_SORT`. */
export function sortOf(packet: Packet): number {
  if (packet.transportOffset < 0 || packet.isFragment || packet.extensionHeaders !== 0)
    return coarseSortOf(packet)
  const { family, protocol } = packet
  const isSix = family === 6 ? 1 : 0
  if (protocol === TCP) return PLAIN_TCP + isSix * TCP_FLAGS + packet.tcpFlags
  const place = protocolSort[protocol]!
  return place < 4 ? PLAIN_OTHERS + isSix * 3 + place - 1 : coarse(family, protocol)
}

/** What packets of a fine sort are; undefined: the sort is coarse. */
export function plainSort(sort: number): PlainSort | undefined {
  if (sort < PLAIN_TCP) return undefined
  if (sort >= PLAIN_OTHERS) {
    const at = sort - PLAIN_OTHERS
    return { family: at < 3 ? 4 : 6, protocol: protocols[(at % 3) + 1]!, tcpFlags: 0 }
  }
  const at = sort - PLAIN_TCP
  return { family: at < TCP_FLAGS ? 4 : 6, protocol: TCP, tcpFlags: at % TCP_FLAGS }
}

/** The coarse sort that a sort is part of. */
export function coarseOf(sort: number): number {
  const plain = plainSort(sort)
  return plain ? coarse(plain.family, plain.protocol) : sort
}

/** Whether packets of a coarse sort can be of this family; and of this protocol. */
export function canBeOf(sort: number, family: 4 | 6): boolean {
  return Math.floor(sort / PROTOCOL_SORTS) === (family === 4 ? 1 : 2)
}

export function canHave(sort: number, protocol: number): boolean {
  return sort % PROTOCOL_SORTS === protocolSort[protocol & 0xff]
}
