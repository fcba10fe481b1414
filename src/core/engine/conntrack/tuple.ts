import type { Packet } from "../../packet/packet.js"
import { GRE, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE } from "../../packet/packet.js"
import { greCall } from "./gre.js"
import { KIND, PORTS } from "./layout.js"

/**
 * A tuple names one direction of a connection, in ten words:
 * source (4), destination (4), source and destination port, family and protocol.
 *
 * For ICMP the ports are the identifier, and type and code, as in the kernel (struct nf_conntrack_tuple); for GRE the second one is PPTP's call.
 */

/** The word of family and protocol. */
export function kindOf(family: number, protocol: number): number {
  return (family << 8) | protocol
}

/** Writes a packet's tuple. Its transport header is there, where the protocol has one. */
export function tupleOf(packet: Packet, into: Uint32Array): void {
  into[0] = packet.source0
  into[4] = packet.destination0
  if (packet.family === 6) {
    into[1] = packet.source1
    into[2] = packet.source2
    into[3] = packet.source3
    into[5] = packet.destination1
    into[6] = packet.destination2
    into[7] = packet.destination3
  } else {
    into[1] = 0
    into[2] = 0
    into[3] = 0
    into[5] = 0
    into[6] = 0
    into[7] = 0
  }
  into[KIND] = kindOf(packet.family, packet.protocol)
  const protocol = packet.protocol
  if (hasPorts(protocol)) into[PORTS] = (packet.sourcePort << 16) | packet.destinationPort
  else if (protocol === ICMP || protocol === ICMPV6)
    // The identifier is wherever the header has it, whatever the type.
    into[PORTS] =
      (packet.view.getUint16(packet.transportOffset + 4) << 16) | (packet.icmpType << 8) | packet.icmpCode
  else into[PORTS] = protocol === GRE ? Math.max(0, callOf(packet)) : 0
}

/** As `greCall`, of the packet's own header. */
export function callOf(packet: Packet): number {
  const captured = packet.frameOffset + packet.capturedLength
  const end = packet.networkLength === 0 ? captured : packet.networkOffset + packet.networkLength
  return greCall(packet.view, packet.transportStart, Math.min(end, captured))
}

/** DCCP is not among them: Linux 6.18 has no tracker for it any more, so it is tracked by addresses alone. */
export function hasPorts(protocol: number): boolean {
  return protocol === TCP || protocol === UDP || protocol === SCTP || protocol === UDPLITE
}

/** Request and reply types of ICMP that belong together (nf_conntrack_proto_icmp.c): echo, timestamp, information, address mask. */
const icmpInverse = new Int16Array(256).fill(-1)
icmpInverse[8] = 0
icmpInverse[0] = 8
icmpInverse[13] = 14
icmpInverse[14] = 13
icmpInverse[15] = 16
icmpInverse[16] = 15
icmpInverse[17] = 18
icmpInverse[18] = 17

/** Of ICMPv6: echo, node information (RFC 4620). */
const icmpv6Inverse = new Int16Array(256).fill(-1)
icmpv6Inverse[128] = 129
icmpv6Inverse[129] = 128
icmpv6Inverse[139] = 140
icmpv6Inverse[140] = 139

/** Writes the tuple that an answer has. False: there is no answer to such a packet. */
export function invert(from: Uint32Array, into: Uint32Array): boolean {
  const ports = from[PORTS]!
  const kind = from[KIND]!
  const protocol = kind & 0xff
  if (protocol === ICMP || protocol === ICMPV6) {
    const type = (protocol === ICMP ? icmpInverse : icmpv6Inverse)[(ports >>> 8) & 0xff]!
    if (type < 0) return false
    into[PORTS] = (ports & 0xffff00ff) | (type << 8)
  } else into[PORTS] = (ports << 16) | (ports >>> 16)
  into[0] = from[4]!
  into[1] = from[5]!
  into[2] = from[6]!
  into[3] = from[7]!
  into[4] = from[0]!
  into[5] = from[1]!
  into[6] = from[2]!
  into[7] = from[3]!
  into[KIND] = kind
  return true
}
