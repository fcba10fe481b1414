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
import type { Packet } from "./packet.js"
import { decodePlain, plainVersion } from "./plain.js"
import { decodeRaw } from "./raw.js"
import { reset } from "./reset.js"
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
  let wire = wireLength
  if (wire < captured) wire = captured
  if (packet.view !== view) packet.view = view
  if (linkType === LINKTYPE_ETHERNET && decodePlain(packet, view, offset, captured, wire)) return
  reset(packet)
  packet.frameOffset = offset
  packet.capturedLength = captured
  packet.wireLength = wire
  packet.linkType = linkType

  const end = offset + captured
  const next =
    linkType === LINKTYPE_ETHERNET
      ? decodeEthernet(packet, view, offset, end)
      : decodeOtherLink(packet, view, offset, end, linkType)
  if (next < 0) return
  decodeNetwork(packet, view, next, end)
  if (packet.transportOffset >= 0) packet.plain = plainVersion(packet)
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
