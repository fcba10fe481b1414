import { isCutByCapture } from "../packet/malformed.js"
import { ICMP, ICMPV6, Packet, SYN, TCP } from "../packet/packet.js"
import { decodeQuoted } from "../packet/quoted.js"
import type { PacketEvent } from "./packet-event.js"

const FAST_OPEN = 34
const EXPERIMENTAL = 254
const FAST_OPEN_MAGIC = 0xf989
const inner = new Packet()

/**
 * Fills the event with what a decoded IP packet says. What its source knows besides (time, direction, side, interface, verdict, conntrack's state) is left to
 * the caller.
 */
export function describePacket(event: PacketEvent, packet: Packet): void {
  const { protocol } = packet
  event.family = packet.family === 6 ? 6 : 4
  event.source0 = packet.source0
  event.source1 = packet.source1
  event.source2 = packet.source2
  event.source3 = packet.source3
  event.destination0 = packet.destination0
  event.destination1 = packet.destination1
  event.destination2 = packet.destination2
  event.destination3 = packet.destination3
  event.protocol = protocol
  event.sourcePort = packet.sourcePort
  event.destinationPort = packet.destinationPort
  event.length = packet.networkLength
  event.ttl = packet.ttl
  event.isFragment = packet.isFragment
  event.fragmentOffset = packet.fragmentOffset
  event.moreFragments = packet.moreFragments
  event.malformed = packet.malformed !== 0 && !isCutByCapture(packet) ? packet.malformed : 0
  event.tcpFlags = packet.tcpFlags
  event.tcpSequence = packet.tcpSequence
  event.tcpAcknowledgement = packet.tcpAcknowledgement
  event.icmpType = packet.icmpType
  event.icmpCode = packet.icmpCode
  event.quotedProtocol = -1
  event.tcpFastOpen = false
  event.payloadLength = payloadOf(packet)
  if (packet.isFragment) {
    event.identification = packet.identification
    event.fragmentLength = Math.max(0, packet.networkLength - packet.networkHeaderLength)
  }
  if (protocol === TCP) {
    if (packet.tcpFlags & SYN && event.payloadLength > 0) event.tcpFastOpen = hasFastOpen(packet)
  } else if ((protocol === ICMP && packet.icmpType === 3) || (protocol === ICMPV6 && packet.icmpType === 1))
    describeQuoted(event, packet)
}

/** As IP's own length has it, whether captured or not. */
function payloadOf(packet: Packet): number {
  if (packet.payloadOffset < 0) return 0
  return Math.max(0, packet.networkOffset + packet.networkLength - packet.payloadOffset)
}

function describeQuoted(event: PacketEvent, packet: Packet): void {
  if (packet.payloadOffset < 0) return
  decodeQuoted(inner, packet)
  if (inner.family === 0 || inner.transportStart < 0) return
  event.quotedProtocol = inner.protocol
  event.quotedSourcePort = inner.sourcePort
  event.quotedDestinationPort = inner.destinationPort
}

/** RFC 7413, and the experimental option before it (kind 254 with its magic number, section 4.1.1). */
function hasFastOpen(packet: Packet): boolean {
  const { view, transportOffset, tcpHeaderLength } = packet
  const end = Math.min(transportOffset + tcpHeaderLength, packet.frameOffset + packet.capturedLength)
  let at = transportOffset + 20
  while (at < end) {
    const kind = view.getUint8(at)
    if (kind === FAST_OPEN) return true
    if (kind === 0) return false
    if (kind === 1) {
      at++
      continue
    }
    const length = at + 1 < end ? view.getUint8(at + 1) : 0
    if (length < 2) return false
    if (kind === EXPERIMENTAL && length >= 4 && at + 4 <= end && view.getUint16(at + 2) === FAST_OPEN_MAGIC)
      return true
    at += length
  }
  return false
}
