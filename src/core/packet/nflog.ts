import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "./ether-type.js"
import {
  BY_FRAME,
  BY_NFLOG_ATTRIBUTE,
  cutShort,
  LINK_TRUNCATED,
  malform,
  NFLOG_ATTRIBUTE_LENGTH,
  NFLOG_NO_PAYLOAD,
} from "./malformed.js"
import type { Packet } from "./packet.js"

export const NFLOG_HEADER_LENGTH = 4
const ATTRIBUTE_HEADER_LENGTH = 4
// include/uapi/linux/netfilter/nfnetlink_log.h, enum nfulnl_attr_type
const NFULA_PACKET_HDR = 1
const NFULA_IFINDEX_INDEV = 4
const NFULA_IFINDEX_OUTDEV = 5
const NFULA_PAYLOAD = 9
const NFULA_PREFIX = 10
const PF_INET = 2
const PF_ARP = 3
const PF_INET6 = 10

/**
 * LINKTYPE_NFLOG: family, version, group, then attributes as netlink sends them, in the capturing host's byte order;
 * integers inside of them are big-endian. https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html
 * Returns where the logged packet starts, or -1.
 */
export function decodeNflog(packet: Packet, view: DataView, offset: number, end: number): number {
  if (end - offset < NFLOG_HEADER_LENGTH) {
    cutShort(packet, LINK_TRUNCATED, offset, NFLOG_HEADER_LENGTH, end, BY_FRAME)
    return -1
  }
  const family = view.getUint8(offset)
  const little = isLittleEndian(view, offset + NFLOG_HEADER_LENGTH, end)
  let at = offset + NFLOG_HEADER_LENGTH
  let payload = -1
  let etherType = family === PF_INET ? ETHERTYPE_IPV4 : family === PF_INET6 ? ETHERTYPE_IPV6 : 0
  if (family === PF_ARP) etherType = ETHERTYPE_ARP
  while (end - at >= ATTRIBUTE_HEADER_LENGTH) {
    const length = view.getUint16(at, little)
    const type = view.getUint16(at + 2, little) & 0x7fff
    const value = at + ATTRIBUTE_HEADER_LENGTH
    if (length < ATTRIBUTE_HEADER_LENGTH) {
      malform(packet, NFLOG_ATTRIBUTE_LENGTH, at, ATTRIBUTE_HEADER_LENGTH, length, BY_NFLOG_ATTRIBUTE)
      break
    }
    const had = Math.min(at + length, end) - value
    if (type === NFULA_PAYLOAD) {
      payload = value
      // The payload comes last in every message that the kernel writes; what follows is padding.
      break
    }
    if (type === NFULA_PACKET_HDR && had >= 3) {
      if (etherType === 0) etherType = view.getUint16(value)
      packet.nflogHook = view.getUint8(value + 2)
    } else if (type === NFULA_IFINDEX_INDEV && had >= 4) {
      packet.linkInterfaceIndex = view.getUint32(value)
      packet.direction = 1
    } else if (type === NFULA_IFINDEX_OUTDEV && had >= 4 && packet.direction === 0) {
      packet.linkInterfaceIndex = view.getUint32(value)
      packet.direction = 2
    } else if (type === NFULA_PREFIX) {
      packet.nflogPrefixOffset = value
      packet.nflogPrefixLength = had > 0 && view.getUint8(value + had - 1) === 0 ? had - 1 : had
    }
    at += (length + 3) & ~3
  }
  if (payload < 0) {
    malform(packet, NFLOG_NO_PAYLOAD, at, ATTRIBUTE_HEADER_LENGTH, end > at ? end - at : 0, BY_FRAME)
    return -1
  }
  packet.etherType = etherType
  return payload
}

/** Attribute lengths of a real message are small and lead to one another; read in the wrong order they do not. */
function isLittleEndian(view: DataView, offset: number, end: number): boolean {
  if (end - offset < ATTRIBUTE_HEADER_LENGTH) return true
  const little = view.getUint16(offset, true)
  const big = view.getUint16(offset, false)
  const littleFits = little >= ATTRIBUTE_HEADER_LENGTH && offset + little <= end
  const bigFits = big >= ATTRIBUTE_HEADER_LENGTH && offset + big <= end
  return littleFits || !bigFits
}
