import {
  BY_IPV6_EXTENSION,
  BY_IPV6_JUMBO,
  BY_IPV6_OPTION,
  IPV6_HOP_BY_HOP_LENGTH,
  IPV6_HOP_BY_HOP_OPTION,
  IPV6_JUMBO_LENGTH,
  malform,
} from "./malformed.js"
import type { Packet } from "./packet.js"

// https://www.iana.org/assignments/ipv6-parameters
const PAD_1 = 0
const PAD_N = 1
const ROUTER_ALERT = 0x05
const CALIPSO = 0x07
const IOAM = 0x31
const JUMBO_PAYLOAD = 0xc2
/** The highest two bits of a type say what to do with it where it is unknown: all but 00 drop the packet (RFC 8200 section 4.2). */
const UNKNOWN_DROPS = 0xc0
/** Linux drops packets that are padded for more than alignment (ip6_parse_tlv in net/ipv6/exthdrs.c). */
const MOST_PADDING = 7

/**
 * A hop-by-hop header right behind the fixed one is the only extension header that every router reads, and the only one that Linux looks into
 * before PREROUTING. True: it is whole, and its options are such that the packet goes on. Bytes that were not captured are given the benefit of the doubt.
 */
export function checkHopByHop(
  packet: Packet,
  view: DataView,
  offset: number,
  end: number,
  claimedEnd: number,
): boolean {
  const headerEnd = offset + ((view.getUint8(offset + 1) + 1) << 3)
  if (headerEnd > claimedEnd) {
    malform(
      packet,
      IPV6_HOP_BY_HOP_LENGTH,
      offset,
      headerEnd - offset,
      claimedEnd - offset,
      BY_IPV6_EXTENSION,
    )
    return false
  }
  let padding = 0
  for (let at = offset + 2; at < headerEnd && at < end; ) {
    const type = view.getUint8(at)
    const length = type === PAD_1 ? 1 : at + 1 < end ? view.getUint8(at + 1) + 2 : 2
    padding = type === PAD_1 || type === PAD_N ? padding + length : 0
    const isWrong =
      padding > MOST_PADDING || isDropped(type) || (type === PAD_N && !isZero(view, at + 2, at + length, end))
    if (at + length > headerEnd || isWrong) {
      malform(packet, IPV6_HOP_BY_HOP_OPTION, at, length, headerEnd - at, BY_IPV6_OPTION)
      // The header's own length is believed all the same: what follows can be read.
      return true
    }
    at += length
  }
  return true
}

function isDropped(type: number): boolean {
  const isKnown = type === ROUTER_ALERT || type === CALIPSO || type === IOAM || type === JUMBO_PAYLOAD
  return !isKnown && (type & UNKNOWN_DROPS) !== 0
}

/** What padding is made of; more may not have been captured. */
function isZero(view: DataView, start: number, stop: number, end: number): boolean {
  for (let at = start; at < stop && at < end; at++) if (view.getUint8(at) !== 0) return false
  return true
}

/** RFC 2675: the length that a hop-by-hop header's jumbo payload option gives, or 0 where there is none. */
export function jumboLength(packet: Packet, view: DataView, offset: number, end: number): number {
  if (end - offset < 8) return 0
  const headerEnd = offset + ((view.getUint8(offset + 1) + 1) << 3)
  let at = offset + 2
  while (at < headerEnd && at < end) {
    const type = view.getUint8(at)
    if (type === PAD_1) {
      at++
      continue
    }
    if (at + 2 > end) return 0
    const length = view.getUint8(at + 1)
    if (type === JUMBO_PAYLOAD && length === 4 && at + 6 <= end) {
      const jumbo = view.getUint32(at + 2)
      if (jumbo > 65535) return jumbo
      malform(packet, IPV6_JUMBO_LENGTH, at, 65536, jumbo, BY_IPV6_JUMBO)
      return 0
    }
    at += 2 + length
  }
  return 0
}
