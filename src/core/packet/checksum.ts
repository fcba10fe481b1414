import { DCCP, ICMP, ICMPV6, type Packet, TCP, UDP, UDPLITE } from "./packet.js"

/** What `networkChecksum` and `transportChecksum` answer. */
export const CHECKSUM_BAD = 0
export const CHECKSUM_GOOD = 1
/** There is none, it is switched off (UDP over IPv4), or the bytes that it covers are not all there. */
export const CHECKSUM_UNKNOWN = 2
export type ChecksumStatus = typeof CHECKSUM_BAD | typeof CHECKSUM_GOOD | typeof CHECKSUM_UNKNOWN

/** So many bytes are summed at once: their words' sum stays exact, far below 2^53. */
const BLOCK = 1 << 16

/** RFC 1071: adds `length` bytes as big-endian 16-bit words (an odd last byte as its high half) to an unfolded sum. */
export function addWords(sum: number, view: DataView, offset: number, length: number): number {
  if (length <= BLOCK) return length > 0 ? sum + blockSum(view, offset, length) : sum
  let total = sum
  let at = offset
  for (let left = length; left > 0; left -= BLOCK) {
    total += blockSum(view, at, Math.min(left, BLOCK))
    at += BLOCK
  }
  return total
}

/**
 * The sum of up to `BLOCK` bytes, folded. Checksums are most of what conntrack does to a long packet, hence three liberties, together five times
 * as fast as adding halves: eight words a turn; floating-point numbers, which hold the whole sum of 32-bit words without a carry to look for (two sums, so that one addition need not wait
 * for the other); and the machine's order instead of the network's, for the bytes of a sum may be swapped at the end (RFC 1071 section 2B). What is
 * left behind the last turn is read without another loop: an acknowledgement is nothing else.
 */
export function blockSum(view: DataView, offset: number, length: number): number {
  const last = offset + length - 32
  let at = offset
  let sum = 0
  let other = 0
  for (; at <= last; at += 32) {
    sum +=
      view.getUint32(at, true) +
      view.getUint32(at + 4, true) +
      view.getUint32(at + 8, true) +
      view.getUint32(at + 12, true)
    other +=
      view.getUint32(at + 16, true) +
      view.getUint32(at + 20, true) +
      view.getUint32(at + 24, true) +
      view.getUint32(at + 28, true)
  }
  if ((length & 16) !== 0) {
    sum +=
      view.getUint32(at, true) +
      view.getUint32(at + 4, true) +
      view.getUint32(at + 8, true) +
      view.getUint32(at + 12, true)
    at = (at + 16) | 0
  }
  if ((length & 8) !== 0) {
    other += view.getUint32(at, true) + view.getUint32(at + 4, true)
    at = (at + 8) | 0
  }
  if ((length & 4) !== 0) {
    sum += view.getUint32(at, true)
    at = (at + 4) | 0
  }
  sum += other
  let rest = 0
  if ((length & 2) !== 0) {
    rest = view.getUint16(at, true)
    at = (at + 2) | 0
  }
  if ((length & 1) !== 0) rest += view.getUint8(at)
  const above = (sum / 0x100000000) >>> 0
  const folded = fold32(fold32(sum >>> 0) + above + rest)
  return ((folded & 0xff) << 8) | (folded >>> 8)
}

/** The 16 bits that an unsigned 32-bit number folds to. */
export function fold32(sum: number): number {
  const once = (sum >>> 16) + (sum & 0xffff)
  return (once >>> 16) + (once & 0xffff)
}

/** The 16 bits that a sum folds to, not complemented. */
export function fold(sum: number): number {
  if (sum <= 0xffffffff) return fold32(sum)
  let folded = sum
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000)
  return folded
}

/** RFC 1071's complement, as it stands in the header. */
export function finish(sum: number): number {
  return ~fold(sum) & 0xffff
}

/** The sum of 20 bytes, folded; for the rest see `blockSum`. Of bytes in the other order 0xffff is 0xffff, and nothing else is. */
function fiveWords(view: DataView, offset: number): number {
  const first = view.getInt32(offset, true)
  const second = view.getInt32(offset + 4, true)
  const third = view.getInt32(offset + 8, true)
  const fourth = view.getInt32(offset + 12, true)
  const fifth = view.getInt32(offset + 16, true)
  const upper = (first >>> 16) + (second >>> 16) + (third >>> 16) + (fourth >>> 16) + (fifth >>> 16)
  const lower = (first & 0xffff) + (second & 0xffff) + (third & 0xffff) + (fourth & 0xffff) + (fifth & 0xffff)
  return fold32(upper + lower)
}

/** The IPv4 header's checksum; IPv6 has none. */
export function networkChecksum(packet: Packet): ChecksumStatus {
  if (packet.family !== 4 || packet.networkHeaderLength < 20) return CHECKSUM_UNKNOWN
  const end = packet.networkOffset + packet.networkHeaderLength
  if (end > packet.frameOffset + packet.capturedLength) return CHECKSUM_UNKNOWN
  const { view, networkOffset, networkHeaderLength } = packet
  // Nearly all headers have no options, and every packet is asked.
  const folded =
    networkHeaderLength === 20
      ? fiveWords(view, networkOffset)
      : fold(addWords(0, view, networkOffset, networkHeaderLength))
  return folded === 0xffff ? CHECKSUM_GOOD : CHECKSUM_BAD
}

/**
 * The checksum of TCP, UDP, UDP-Lite, DCCP, ICMP or ICMPv6, over the packet as its IP header delimits it. Unknown for fragments:
 * their checksum is the whole datagram's.
 */
export function transportChecksum(packet: Packet): ChecksumStatus {
  const { view, transportOffset: start, protocol } = packet
  if (start < 0 || packet.moreFragments || packet.fragmentOffset > 0) return CHECKSUM_UNKNOWN
  // Such a segment was never on a wire: the card that cuts it computes the checksums.
  if (packet.networkLength > 65535) return CHECKSUM_UNKNOWN
  const networkEnd = packet.networkOffset + packet.networkLength
  const whole = networkEnd <= packet.frameOffset + packet.capturedLength
  let length = networkEnd - start
  let covered = length
  switch (protocol) {
    case TCP:
    case ICMPV6:
      break
    case UDP:
      // RFC 8200 section 8.1 forbids it over IPv6; conntrack lets it pass in both families (udp_error).
      if (view.getUint16(start + 6) === 0) return CHECKSUM_UNKNOWN
      if (packet.udpLength >= 8 && packet.udpLength < length) length = packet.udpLength
      covered = length
      break
    case UDPLITE: {
      const coverage = view.getUint16(start + 4)
      if (coverage !== 0 && coverage < covered) covered = coverage
      break
    }
    case DCCP: {
      const coverage = view.getUint8(start + 5) & 0x0f
      const headerLength = view.getUint8(start + 4) << 2
      if (coverage !== 0) covered = Math.min(covered, headerLength + (coverage - 1) * 4)
      break
    }
    case ICMP:
      if (packet.family !== 4) return CHECKSUM_UNKNOWN
      return whole ? verdict(addWords(0, view, start, length)) : CHECKSUM_UNKNOWN
    default:
      return CHECKSUM_UNKNOWN
  }
  if (start + covered > packet.frameOffset + packet.capturedLength || covered < 0) return CHECKSUM_UNKNOWN
  return verdict(addWords(pseudoHeader(packet, protocol, length), view, start, covered))
}

/**
 * Does the checksum field of TCP or UDP hold the pseudo-header's sum alone? So a Linux host leaves it where its network card adds the rest
 * (CHECKSUM_PARTIAL, include/linux/skbuff.h), and so captures on that host have it.
 */
export function holdsPartialChecksum(packet: Packet): boolean {
  const { view, transportOffset: start, protocol } = packet
  const field = protocol === TCP ? 16 : protocol === UDP ? 6 : -1
  if (field < 0 || start < 0 || start + field + 2 > packet.frameOffset + packet.capturedLength) return false
  const length = packet.networkOffset + packet.networkLength - start
  return view.getUint16(start + field) === fold(pseudoHeader(packet, protocol, length))
}

function verdict(sum: number): ChecksumStatus {
  return fold(sum) === 0xffff ? CHECKSUM_GOOD : CHECKSUM_BAD
}

/**
 * What conntrack asks with `nf_conntrack_checksum` on: bad where either checksum is bad, unknown where one of them could not be
 * verified, else good.
 */
export function checksumStatus(packet: Packet): ChecksumStatus {
  const network = packet.family === 4 ? networkChecksum(packet) : CHECKSUM_GOOD
  if (network === CHECKSUM_BAD) return CHECKSUM_BAD
  const transport = transportChecksum(packet)
  if (transport === CHECKSUM_BAD) return CHECKSUM_BAD
  return network === CHECKSUM_GOOD && transport === CHECKSUM_GOOD ? CHECKSUM_GOOD : CHECKSUM_UNKNOWN
}

/** RFC 9293 section 3.1, RFC 8200 section 8.1. A routing header's final destination is not looked for. */
function pseudoHeader(packet: Packet, protocol: number, length: number): number {
  const { view, networkOffset } = packet
  const addresses =
    packet.family === 4 ? addWords(0, view, networkOffset + 12, 8) : addWords(0, view, networkOffset + 8, 32)
  return addresses + protocol + (length >>> 16) + (length & 0xffff)
}
