import { decodeArp } from "./arp.js"
import { decodeCookedV1, decodeCookedV2 } from "./cooked.js"
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_RARP } from "./ether-type.js"
import { decodeEthernet } from "./ethernet.js"
import { decodeIpv4 } from "./ipv4.js"
import { decodeIpv6 } from "./ipv6.js"
import {
  DLT_RAW,
  DLT_RAW_OPENBSD,
  LINKTYPE_C_HDLC,
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_LOOP,
  LINKTYPE_NFLOG,
  LINKTYPE_NULL,
  LINKTYPE_PPP,
  LINKTYPE_PPP_HDLC,
  LINKTYPE_RAW,
} from "./link-type.js"
import { decodeLoopback } from "./loopback.js"
import { BY_LINK_TYPE, LINK_TYPE_UNKNOWN, malform } from "./malformed.js"
import { decodeNflog } from "./nflog.js"
import { type Packet, TCP } from "./packet.js"
import { decodeRaw } from "./raw.js"
import { decodeCiscoHdlc, decodePpp } from "./serial.js"

/** The view of the last call, and its length. */
let measured: DataView = new DataView(new ArrayBuffer(0))
let measuredLength = 0

/**
 * Fills `packet` from the frame at `offset` of `view`, and resets every field that the decoder owns; `time`,
 * `inputInterface` and `outputInterface` are the feeder's and stay.
 *
 * `capturedLength` bytes are there (cut to the view's end), `wireLength` were sent. `linkType` is a LINKTYPE_* number.
 * Never throws and never allocates: what is wrong is left in `packet.malformed`, and what could be read until
 * then is there. The packet borrows `view` until the next call.
 */
export function decode(
  packet: Packet,
  view: DataView,
  offset: number,
  capturedLength: number,
  wireLength: number,
  linkType: number,
): void {
  // Asking a view for its length is a call.
  if (measured !== view) {
    measured = view
    measuredLength = view.byteLength
  }
  const available = measuredLength - offset
  let captured = capturedLength
  if (captured > available) captured = Math.max(available, 0)
  reset(packet)
  if (packet.view !== view) packet.view = view
  packet.frameOffset = offset
  packet.capturedLength = captured
  packet.wireLength = wireLength
  if (wireLength < captured) packet.wireLength = captured
  packet.linkType = linkType

  const end = offset + captured
  const next =
    linkType === LINKTYPE_ETHERNET
      ? decodeEthernet(packet, view, offset, end)
      : decodeOtherLink(packet, view, offset, end, linkType)
  if (next < 0) return
  decodeNetwork(packet, view, next, end)
}

function decodeOtherLink(
  packet: Packet,
  view: DataView,
  offset: number,
  end: number,
  linkType: number,
): number {
  switch (linkType) {
    case LINKTYPE_LINUX_SLL:
      return decodeCookedV1(packet, view, offset, end)
    case LINKTYPE_LINUX_SLL2:
      return decodeCookedV2(packet, view, offset, end)
    case LINKTYPE_RAW:
    case DLT_RAW:
    case DLT_RAW_OPENBSD:
      return decodeRaw(packet, view, offset, end)
    case LINKTYPE_IPV4:
      packet.etherType = ETHERTYPE_IPV4
      return offset
    case LINKTYPE_IPV6:
      packet.etherType = ETHERTYPE_IPV6
      return offset
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
      return decodeLoopback(packet, view, offset, end)
    case LINKTYPE_PPP:
    case LINKTYPE_PPP_HDLC:
      return decodePpp(packet, view, offset, end)
    case LINKTYPE_C_HDLC:
      return decodeCiscoHdlc(packet, view, offset, end)
    case LINKTYPE_NFLOG:
      return decodeNflog(packet, view, offset, end)
    default:
      malform(packet, LINK_TYPE_UNKNOWN, offset, 0, packet.capturedLength, BY_LINK_TYPE)
      return -1
  }
}

/** The header that `packet.etherType` names. */
function decodeNetwork(packet: Packet, view: DataView, offset: number, end: number): void {
  switch (packet.etherType) {
    case ETHERTYPE_IPV4:
      decodeIpv4(packet, view, offset, end)
      return
    case ETHERTYPE_IPV6:
      decodeIpv6(packet, view, offset, end)
      return
    case ETHERTYPE_ARP:
    case ETHERTYPE_RARP:
      decodeArp(packet, view, offset, end)
      return
  }
}

/**
 * Every decoder field as in a new Packet. Most packets are alike, so the fields that only some packets have are reset only where the packet
 * before had them: half of the stores were a fifth of the whole decoding.
 */
function reset(packet: Packet): void {
  if (packet.linkType !== LINKTYPE_ETHERNET) resetLink(packet)
  if (packet.vlanCount !== 0) {
    packet.vlanCount = 0
    packet.vlanOuter = 0
    packet.vlanInner = 0
  }
  if (packet.family === 6) resetIpv6(packet)
  if (packet.isFragment) {
    packet.isFragment = false
    packet.moreFragments = false
    packet.fragmentOffset = 0
  }
  if (packet.protocol === TCP) resetTcp(packet)
  else {
    packet.udpLength = 0
    packet.icmpType = -1
    packet.icmpCode = -1
    packet.icmpIdentifier = 0
    packet.icmpSequence = 0
    packet.arpOperation = 0
  }
  if (packet.malformed !== 0) {
    packet.malformed = 0
    packet.malformedOffset = 0
    packet.malformedNeeded = 0
    packet.malformedHad = 0
    packet.malformedClaimant = 0
  }
  // A feeder may know it from a pcapng's flags, and set it whatever the link type is.
  packet.direction = 0
  packet.etherType = 0
  packet.destinationMacOffset = -1
  packet.sourceMacOffset = -1
  packet.family = 0
  packet.networkOffset = -1
  packet.networkHeaderLength = 0
  packet.networkLength = 0
  packet.source0 = 0
  packet.destination0 = 0
  packet.ttl = 0
  packet.trafficClass = 0
  packet.identification = 0
  packet.dontFragment = false
  packet.protocol = -1
  packet.transportOffset = -1
  packet.transportStart = -1
  packet.payloadOffset = -1
  packet.payloadEnd = -1
  packet.sourcePort = 0
  packet.destinationPort = 0
}

function resetLink(packet: Packet): void {
  packet.linkPacketType = -1
  packet.linkInterfaceIndex = 0
  packet.nflogPrefixOffset = -1
  packet.nflogPrefixLength = 0
  packet.nflogHook = -1
}

function resetIpv6(packet: Packet): void {
  packet.source1 = 0
  packet.source2 = 0
  packet.source3 = 0
  packet.destination1 = 0
  packet.destination2 = 0
  packet.destination3 = 0
  packet.extensionHeaders = 0
  packet.routingType = -1
}

function resetTcp(packet: Packet): void {
  packet.tcpFlags = 0
  packet.tcpSequence = 0
  packet.tcpAcknowledgement = 0
  packet.tcpWindow = 0
  packet.tcpHeaderLength = 0
  packet.tcpUrgentPointer = 0
  packet.tcpMaximumSegmentSize = -1
  packet.tcpWindowScale = -1
  packet.tcpSackPermitted = false
}
