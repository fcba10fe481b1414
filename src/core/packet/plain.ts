import { CHECKSUM_GOOD, fold32, networkChecksum } from "./checksum.js"
import { ETHERTYPE_IPV4 } from "./ether-type.js"
import {
  DONT_FRAGMENT,
  ETHERNET_HEADER_LENGTH,
  FRAGMENT_OFFSET,
  IPV4_MINIMUM_HEADER,
  MORE_FRAGMENTS,
  ONLY_TIMESTAMPS,
  TCP_MINIMUM_HEADER,
  UDP_HEADER_LENGTH,
} from "./header.js"
import { LINKTYPE_ETHERNET } from "./link-type.js"
import { type Packet, TCP, UDP } from "./packet.js"
import { reset } from "./reset.js"
import { decodeOptions } from "./tcp.js"

/** IPv4's first byte: version 4, a header without options. */
const FOUR_WITHOUT_OPTIONS = 0x45
/** LINUX_SLL_OTHERHOST. */
const OTHER_HOST = 3

/**
 * What `Packet.plain` of a decoded packet is. Plain is a TCP segment or UDP datagram, whole, with all headers captured and nothing wrong in them (IPv4's checksum included), without IPv4 options,
 * IPv6 extension headers or a second VLAN tag, and not for another host as the link layer knows it: nearly every packet of a network's daily work, and what need not be asked of each one again.
 */
export function plainVersion(packet: Packet): 0 | 4 | 6 {
  const { family, protocol } = packet
  if (
    (protocol !== TCP && protocol !== UDP) ||
    packet.transportOffset < 0 ||
    packet.isFragment ||
    packet.malformed !== 0 ||
    packet.vlanCount > 1 ||
    packet.linkPacketType === OTHER_HOST
  )
    return 0
  if (family !== 4) return packet.extensionHeaders === 0 ? family : 0
  const isGood =
    packet.networkHeaderLength === IPV4_MINIMUM_HEADER && networkChecksum(packet) === CHECKSUM_GOOD
  return isGood ? 4 : 0
}

/**
 * Decodes an Ethernet frame that holds a plain packet of IPv4, in one go: all of it is read and found in order before anything is written, so nothing needs to be reset that such packets have in
 * common. A third of the instructions of going header by header. False: the frame holds something else, and nothing was written.
 *
 * The frame begins at `offset` and has `captured` bytes, which `view` holds.
 */
export function decodePlain(
  packet: Packet,
  view: DataView,
  offset: number,
  captured: number,
  wireLength: number,
): boolean {
  if (captured < ETHERNET_HEADER_LENGTH + IPV4_MINIMUM_HEADER + UDP_HEADER_LENGTH) return false
  if (view.getUint16(offset + 12) !== ETHERTYPE_IPV4) return false
  const network = offset + ETHERNET_HEADER_LENGTH
  const first = view.getInt32(network)
  if (first >>> 24 !== FOUR_WITHOUT_OPTIONS) return false
  const second = view.getInt32(network + 4)
  if ((second & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) !== 0) return false
  const third = view.getInt32(network + 8)
  const protocol = (third >>> 16) & 0xff
  if (protocol !== TCP && protocol !== UDP) return false
  const source = view.getUint32(network + 12)
  const destination = view.getUint32(network + 16)
  const addresses = (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff)
  if (fold32(halves(first) + halves(second) + halves(third) + addresses) !== 0xffff) return false
  const networkLength = first & 0xffff
  const claimedEnd = network + networkLength
  if (claimedEnd > offset + wireLength) return false
  let payloadEnd = offset + captured
  if (claimedEnd < payloadEnd) payloadEnd = claimedEnd
  const transport = network + IPV4_MINIMUM_HEADER
  const isTcp = protocol === TCP
  if (payloadEnd - transport < (isTcp ? TCP_MINIMUM_HEADER : UDP_HEADER_LENGTH)) return false
  const ports = view.getInt32(transport)
  const next = view.getInt32(transport + 4)
  let sum = addresses + halves(ports) + halves(next)
  let payload = transport + UDP_HEADER_LENGTH
  let acknowledgement = 0
  let flags = 0
  let last = 0
  let hasOptions = false
  if (isTcp) {
    acknowledgement = view.getInt32(transport + 8)
    flags = view.getInt32(transport + 12)
    last = view.getInt32(transport + 16)
    sum += halves(acknowledgement) + halves(flags) + halves(last)
    const headerLength = (flags >>> 26) & 0x3c
    payload = transport + headerLength
    if (headerLength !== TCP_MINIMUM_HEADER) {
      if (headerLength < TCP_MINIMUM_HEADER || payload > payloadEnd) return false
      hasOptions = headerLength !== 32 || view.getInt32(transport + TCP_MINIMUM_HEADER) !== ONLY_TIMESTAMPS
    }
  } else {
    const length = next >>> 16
    if (length < UDP_HEADER_LENGTH || length > claimedEnd - transport) return false
  }

  const before = packet.protocol
  if (
    packet.plain !== 4 ||
    packet.linkType !== LINKTYPE_ETHERNET ||
    packet.vlanCount !== 0 ||
    before !== protocol
  ) {
    reset(packet)
    packet.plain = 4
    packet.linkType = LINKTYPE_ETHERNET
    packet.etherType = ETHERTYPE_IPV4
    packet.family = 4
    packet.networkHeaderLength = IPV4_MINIMUM_HEADER
    packet.protocol = protocol
  }
  packet.frameOffset = offset
  packet.capturedLength = captured
  packet.wireLength = wireLength
  packet.destinationMacOffset = offset
  packet.sourceMacOffset = offset + 6
  packet.direction = 0
  packet.networkOffset = network
  packet.networkLength = networkLength
  packet.source0 = source
  packet.destination0 = destination
  packet.ttl = third >>> 24
  packet.trafficClass = (first >>> 16) & 0xff
  packet.identification = second >>> 16
  packet.dontFragment = (second & DONT_FRAGMENT) !== 0
  packet.transportOffset = transport
  packet.transportStart = transport
  packet.payloadOffset = payload
  packet.payloadEnd = payloadEnd
  packet.sourcePort = ports >>> 16
  packet.destinationPort = ports & 0xffff
  packet.headerSum = sum
  if (isTcp) {
    packet.tcpSequence = next >>> 0
    packet.tcpAcknowledgement = acknowledgement >>> 0
    packet.tcpFlags = (flags >>> 16) & 0xff
    packet.tcpWindow = flags & 0xffff
    packet.tcpHeaderLength = payload - transport
    packet.tcpUrgentPointer = last & 0xffff
    packet.tcpMaximumSegmentSize = -1
    packet.tcpWindowScale = -1
    packet.tcpSackPermitted = false
    if (hasOptions) {
      decodeOptions(packet, view, transport + TCP_MINIMUM_HEADER, payload)
      if (packet.malformed !== 0) packet.plain = 0
    }
  } else packet.udpLength = next >>> 16
  return true
}

function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff)
}
