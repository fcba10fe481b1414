import type { Address } from "../base/address.js"

/** Where a packet goes, seen from the firewall. Numbers, because a million packets pass here. */
export const TOWARDS_HOST = 0
export const THROUGH = 1
export const FROM_HOST = 2

/** From which side a flow is begun: from the protected zone's (the world), or from a host behind the firewall or the firewall itself. */
export const FROM_OUTSIDE = 0
export const FROM_INSIDE = 1

/**
 * What most events have: who, to whom, and when. Addresses are words as the engine's packets have them (unsigned, most significant first; IPv4 uses word 0).
 *
 * Events of packets, connections and answers are mutable records that their source fills again and again: good until the next one. Who keeps something copies it.
 */
export class Flow {
  /** Seconds since 1970, with parts; time on which everything counts. What a replay gives is the capture's. */
  time = 0
  family: 4 | 6 = 4
  source0 = 0
  source1 = 0
  source2 = 0
  source3 = 0
  destination0 = 0
  destination1 = 0
  destination2 = 0
  destination3 = 0
  /** By number, as in IP: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6. */
  protocol = 0
  /** TCP, UDP and what else has ports; otherwise 0. The port that the client dialled, before DNAT. */
  sourcePort = 0
  destinationPort = 0
  /** TOWARDS_HOST, THROUGH or FROM_HOST. */
  direction = TOWARDS_HOST
  /** FROM_OUTSIDE or FROM_INSIDE: on which side the source is. */
  side = FROM_OUTSIDE
  /** The interface that it arrives on, or (FROM_HOST) leaves by; "" where unknown. */
  interface = ""
}

export function sourceOf(flow: Flow): Address {
  return flow.family === 4
    ? { family: 4, words: [flow.source0] }
    : { family: 6, words: [flow.source0, flow.source1, flow.source2, flow.source3] }
}

export function destinationOf(flow: Flow): Address {
  return flow.family === 4
    ? { family: 4, words: [flow.destination0] }
    : { family: 6, words: [flow.destination0, flow.destination1, flow.destination2, flow.destination3] }
}

/** Writes both ends into the flow. */
export function setEnds(flow: Flow, source: Address, destination: Address): void {
  flow.family = source.family
  flow.source0 = source.words[0] ?? 0
  flow.source1 = source.words[1] ?? 0
  flow.source2 = source.words[2] ?? 0
  flow.source3 = source.words[3] ?? 0
  flow.destination0 = destination.words[0] ?? 0
  flow.destination1 = destination.words[1] ?? 0
  flow.destination2 = destination.words[2] ?? 0
  flow.destination3 = destination.words[3] ?? 0
}

/** The same ends, and what is said of them. */
export function copyFlow(from: Flow, into: Flow): void {
  into.time = from.time
  into.family = from.family
  into.source0 = from.source0
  into.source1 = from.source1
  into.source2 = from.source2
  into.source3 = from.source3
  into.destination0 = from.destination0
  into.destination1 = from.destination1
  into.destination2 = from.destination2
  into.destination3 = from.destination3
  into.protocol = from.protocol
  into.sourcePort = from.sourcePort
  into.destinationPort = from.destinationPort
  into.direction = from.direction
  into.side = from.side
  into.interface = from.interface
}
