import { fold } from "./checksum.js"
import { sctpChecksum } from "./crc32c.js"
import { decode } from "./decode.js"
import { DCCP, ICMPV6, Packet, SCTP, TCP, UDP, UDPLITE } from "./packet.js"

/** Which end of a packet. */
export const SOURCE = 0
export const DESTINATION = 1
export type End = typeof SOURCE | typeof DESTINATION

const FIRST_ROOM = 2048
/** What an insertion may add: one TCP option. */
const HEADROOM = 64
const OPTION_MSS = 2
const MOST_TCP_HEADER = 60

/**
 * Writes on packets whose bytes are somebody else's: before the first write the frame is copied into a buffer of the rewriter, and the
 * packet looks there from then on. So who holds the same Packet sees what was written, and the capture stays as it is.
 *
 * One for the life of an engine: the buffer grows to the longest frame that was ever written on, and nothing is allocated for a packet.
 * Every `set…` copies by itself and keeps Packet's fields and the checksums right: incrementally (RFC 1624), so that a checksum that was
 * wrong stays as wrong as it was. Each answers false where the packet has no such field, or the capture does not hold it.
 *
 * `release` gives the feeder's packet back as it was.
 */
export class Rewriter {
  private bytes = new Uint8Array(FIRST_ROOM)
  private view = new DataView(this.bytes.buffer)
  private readonly written = new Packet()
  private owned: Packet | null = null
  private originalView: DataView = this.view
  private originalOffset = 0
  private originalCaptured = 0
  private originalWire = 0

  /** A packet begins its way: none is written on. */
  begin(): void {
    this.owned = null
  }

  /** Has this packet been written on? */
  isOwn(packet: Packet): boolean {
    return this.owned === packet
  }

  /** Makes the packet's bytes the rewriter's own, so that they may be written; for who writes through `packet.view` and then calls `refresh`. */
  own(packet: Packet): void {
    if (this.owned === packet) return
    const { view, frameOffset, capturedLength } = packet
    if (capturedLength + HEADROOM > this.bytes.length) {
      this.bytes = new Uint8Array(Math.max(this.bytes.length * 2, capturedLength + HEADROOM))
      this.view = new DataView(this.bytes.buffer)
    }
    copyBytes(view, frameOffset, this.view, capturedLength)
    this.owned = packet
    packet.headerSum = -1
    this.originalView = view
    this.originalOffset = frameOffset
    this.originalCaptured = capturedLength
    this.originalWire = packet.wireLength
    packet.view = this.view
    packet.frameOffset = 0
    if (packet.destinationMacOffset >= 0) packet.destinationMacOffset -= frameOffset
    if (packet.sourceMacOffset >= 0) packet.sourceMacOffset -= frameOffset
    if (packet.nflogPrefixOffset >= 0) packet.nflogPrefixOffset -= frameOffset
    if (packet.networkOffset >= 0) packet.networkOffset -= frameOffset
    if (packet.transportOffset >= 0) packet.transportOffset -= frameOffset
    if (packet.transportStart >= 0) packet.transportStart -= frameOffset
    if (packet.payloadOffset >= 0) packet.payloadOffset -= frameOffset
    if (packet.payloadEnd >= 0) packet.payloadEnd -= frameOffset
    if (packet.malformed !== 0) packet.malformedOffset -= frameOffset
    this.writeTimeToLive(packet)
  }

  /**
   * Ends the packet's way: a packet that was written on is again what its feeder decoded, and what was written is the answer, good until the
   * next packet is written on. Any other packet is its own answer.
   */
  release(packet: Packet): Packet {
    if (this.owned !== packet) return packet
    this.owned = null
    const { written } = this
    decodeAgain(written, packet, this.view, 0, packet.capturedLength, packet.wireLength)
    written.time = packet.time
    written.inputInterface = packet.inputInterface
    written.outputInterface = packet.outputInterface
    decodeAgain(
      packet,
      packet,
      this.originalView,
      this.originalOffset,
      this.originalCaptured,
      this.originalWire,
    )
    return written
  }

  /** Reads all fields again, after bytes were written through `packet.view`. */
  refresh(packet: Packet): void {
    decodeAgain(packet, packet, packet.view, packet.frameOffset, packet.capturedLength, packet.wireLength)
  }

  /** A router counts `packet.ttl` down, and writes it where the bytes are its own (the field may be ahead of the bytes until then). */
  private writeTimeToLive(packet: Packet): void {
    const { family, networkOffset, ttl } = packet
    if (family === 0) return
    const at = networkOffset + (family === 4 ? 8 : 7)
    if (packet.view.getUint8(at) !== ttl) this.put8(packet, at, ttl, family === 4 ? networkOffset + 10 : -1)
  }

  /** Time to live, or hop limit: 0 to 255. */
  setTimeToLive(packet: Packet, value: number): boolean {
    if (packet.family === 0 || packet.ttl === value) return packet.family !== 0
    this.own(packet)
    const at = packet.networkOffset + (packet.family === 4 ? 8 : 7)
    this.put8(packet, at, value, packet.family === 4 ? packet.networkOffset + 10 : -1)
    packet.ttl = value
    return true
  }

  /** The whole TOS or traffic class byte: six bits of DSCP, two of ECN. */
  setTrafficClass(packet: Packet, value: number): boolean {
    if (packet.family === 0 || packet.trafficClass === value) return packet.family !== 0
    this.own(packet)
    const { networkOffset, view } = packet
    if (packet.family === 4) this.put8(packet, networkOffset + 1, value, networkOffset + 10)
    else view.setUint16(networkOffset, (view.getUint16(networkOffset) & 0xf00f) | (value << 4))
    packet.trafficClass = value
    return true
  }

  /** An address: its words from `from` on, one for IPv4, four for IPv6. Checksums with a pseudo-header follow. */
  setAddress(packet: Packet, end: End, words: Uint32Array | readonly number[], from = 0): boolean {
    const count = packet.family === 4 ? 1 : packet.family === 6 ? 4 : 0
    if (count === 0) return false
    this.own(packet)
    const { view, networkOffset } = packet
    const at =
      networkOffset + (packet.family === 4 ? 12 : 8) + (end === DESTINATION ? (count === 1 ? 4 : 16) : 0)
    let before = 0
    let after = 0
    for (let index = 0; index < count; index++) {
      before += view.getUint32(at + index * 4)
      after += words[from + index]!
      view.setUint32(at + index * 4, words[from + index]!)
    }
    if (packet.family === 4) this.adjust(packet, networkOffset + 10, before, after)
    this.adjustTransport(packet, before, after)
    const word0 = words[from]!
    const word1 = count === 1 ? 0 : words[from + 1]!
    const word2 = count === 1 ? 0 : words[from + 2]!
    const word3 = count === 1 ? 0 : words[from + 3]!
    if (end === SOURCE) {
      packet.source0 = word0
      packet.source1 = word1
      packet.source2 = word2
      packet.source3 = word3
    } else {
      packet.destination0 = word0
      packet.destination1 = word1
      packet.destination2 = word2
      packet.destination3 = word3
    }
    return true
  }

  /** A port of TCP, UDP, UDP-Lite, DCCP or SCTP. */
  setPort(packet: Packet, end: End, port: number): boolean {
    const { transportOffset, protocol } = packet
    if (transportOffset < 0 || !hasPorts(protocol)) return false
    this.own(packet)
    const { view } = packet
    const at = packet.transportOffset + (end === SOURCE ? 0 : 2)
    const before = view.getUint16(at)
    view.setUint16(at, port)
    if (protocol === SCTP) this.sumSctp(packet)
    else this.adjustTransport(packet, before, port)
    if (end === SOURCE) packet.sourcePort = port
    else packet.destinationPort = port
    return true
  }

  /** The identifier of an ICMP or ICMPv6 query. */
  setIcmpIdentifier(packet: Packet, identifier: number): boolean {
    if (packet.transportOffset < 0 || packet.icmpType < 0) return false
    this.own(packet)
    this.put16(packet, packet.transportOffset + 4, identifier, packet.transportOffset + 2)
    packet.icmpIdentifier = identifier
    return true
  }

  /**
   * Any field: `length` bytes at `at` (an offset into `packet.view`, as Packet's offsets are) become the value in `words`: a number in one word up to
   * four bytes, else words from the front, the last one holding what is left, as the engine's registers have it. `checksum`: where the
   * checksum that covers the field stands, or -1. `pseudo`: the field is also in the pseudo-header of the transport checksum.
   */
  setField(
    packet: Packet,
    at: number,
    length: number,
    words: Uint32Array | readonly number[],
    from: number,
    checksum: number,
    pseudo: boolean,
  ): boolean {
    const { frameOffset } = packet
    if (at < frameOffset || at + length > frameOffset + packet.capturedLength) return false
    this.own(packet)
    const { view } = packet
    const start = at - frameOffset
    const before = this.sum(packet, start, length)
    for (let index = 0; index < length; index++) {
      const word = words[from + (index >> 2)]!
      const inWord = Math.min(4, length - (index & ~3))
      view.setUint8(start + index, word >>> ((inWord - 1 - (index & 3)) << 3))
    }
    const after = this.sum(packet, start, length)
    if (checksum >= 0) this.adjust(packet, checksum - frameOffset, before, after)
    if (pseudo) this.adjustTransport(packet, before, after)
    if (packet.protocol === SCTP && start >= packet.transportOffset) this.sumSctp(packet)
    this.refresh(packet)
    return true
  }

  /** The value of the MSS option. False: it is not there. */
  setMaximumSegmentSize(packet: Packet, size: number): boolean {
    const at = optionAt(packet, OPTION_MSS)
    if (at < 0 || packet.tcpMaximumSegmentSize < 0) return false
    const distance = at - packet.frameOffset
    this.own(packet)
    this.put16(packet, distance + 2, size, packet.transportOffset + 16)
    packet.tcpMaximumSegmentSize = size
    return true
  }

  /**
   * Puts an MSS option before all other options. False: the header has no room, the segment carries data, or an MSS is there. IP's length, TCP's and the
   * checksums follow.
   */
  insertMaximumSegmentSize(packet: Packet, size: number): boolean {
    if (packet.protocol !== TCP || packet.transportOffset < 0 || packet.tcpMaximumSegmentSize >= 0)
      return false
    const end = packet.networkOffset + packet.networkLength
    if (packet.tcpHeaderLength + 4 > MOST_TCP_HEADER || packet.transportOffset + packet.tcpHeaderLength < end)
      return false
    if (end > packet.frameOffset + packet.capturedLength) return false
    this.own(packet)
    const { view, transportOffset, networkOffset } = packet
    const at = transportOffset + 20
    this.bytes.copyWithin(at + 4, at, packet.capturedLength)
    view.setUint32(at, (OPTION_MSS << 24) | (4 << 16) | size)
    packet.capturedLength += 4
    packet.wireLength += 4
    const checksum = transportOffset + 16
    const length = packet.networkLength - (transportOffset - networkOffset)
    // The pseudo-header holds the segment's length; the four new bytes stand at an even place.
    this.adjust(packet, checksum, length, length + 4)
    this.adjust(packet, checksum, 0, (OPTION_MSS << 8) + 4 + size)
    this.put8(packet, transportOffset + 12, view.getUint8(transportOffset + 12) + 0x10, checksum)
    if (packet.family === 4)
      this.put16(packet, networkOffset + 2, packet.networkLength + 4, networkOffset + 10)
    else view.setUint16(networkOffset + 4, view.getUint16(networkOffset + 4) + 4)
    this.refresh(packet)
    return true
  }

  /** Writes no-operations over every TCP option of a kind. False: there is none. */
  stripTcpOption(packet: Packet, kind: number): boolean {
    let found = false
    for (let at = optionAt(packet, kind); at >= 0; at = optionAt(packet, kind)) {
      const start = at - packet.frameOffset
      this.own(packet)
      const length = packet.view.getUint8(start + 1)
      const before = this.sum(packet, start, length)
      this.bytes.fill(1, start, start + length)
      this.adjust(packet, packet.transportOffset + 16, before, this.sum(packet, start, length))
      found = true
    }
    if (found) this.refresh(packet)
    return found
  }

  /** For what only NAT's insides need: bytes of a header quoted in an ICMP error, which its own checksums cover. */
  put16(packet: Packet, at: number, value: number, checksum: number): void {
    const before = this.sum(packet, at, 2)
    packet.view.setUint16(at, value)
    if (checksum >= 0) this.adjust(packet, checksum, before, this.sum(packet, at, 2))
  }

  put32(packet: Packet, at: number, value: number, checksum: number): void {
    const before = this.sum(packet, at, 4)
    packet.view.setUint32(at, value)
    if (checksum >= 0) this.adjust(packet, checksum, before, this.sum(packet, at, 4))
  }

  /** A checksum at a place, after the words under it changed: their sums before and after. */
  adjustAt(packet: Packet, at: number, before: number, after: number): void {
    this.adjust(packet, at, before, after)
  }

  private put8(packet: Packet, at: number, value: number, checksum: number): void {
    const before = this.sum(packet, at, 1)
    packet.view.setUint8(at, value)
    if (checksum >= 0) this.adjust(packet, checksum, before, this.sum(packet, at, 1))
  }

  /** Of the 16-bit words, counted from the IP header on, in which the bytes lie. */
  private sum(packet: Packet, at: number, length: number): number {
    const { view, networkOffset } = packet
    const end = packet.capturedLength
    let total = 0
    const last = at + length
    for (let word = at - ((at - networkOffset) & 1); word < last; word += 2)
      total += word + 1 < end ? view.getUint16(word) : view.getUint8(word) << 8
    return total
  }

  /** RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
  private adjust(packet: Packet, at: number, before: number, after: number): void {
    if (at + 2 > packet.capturedLength) return
    const { view } = packet
    view.setUint16(at, adjusted(view.getUint16(at), before, after))
  }

  /** The checksum of the packet's own transport, where it has one that covers addresses and ports. */
  private adjustTransport(packet: Packet, before: number, after: number): void {
    const { transportStart, protocol, view } = packet
    if (transportStart < 0) return
    const offset = checksumOffset(protocol)
    if (offset < 0 || transportStart + offset + 2 > packet.capturedLength) return
    const at = transportStart + offset
    if (protocol !== UDP) {
      this.adjust(packet, at, before, after)
      return
    }
    // Zero says that there is none, so a sum that comes out as zero is sent as its other form (RFC 768).
    if (view.getUint16(at) === 0) return
    view.setUint16(at, adjusted(view.getUint16(at), before, after) || 0xffff)
  }

  private sumSctp(packet: Packet): void {
    const end = packet.networkOffset + packet.networkLength
    if (end > packet.capturedLength) return
    const { view, transportOffset } = packet
    view.setUint32(transportOffset + 8, sctpChecksum(view, transportOffset, end - transportOffset))
  }
}

/** A checksum after the words under it changed: their sums before and after. */
export function adjusted(checksum: number, before: number, after: number): number {
  return ~fold((~checksum & 0xffff) + (0xffff - (before % 0xffff)) + after) & 0xffff
}

/** Where in a transport header the checksum stands that covers the pseudo-header too, or -1. */
export function checksumOffset(protocol: number): number {
  switch (protocol) {
    case TCP:
      return 16
    case UDP:
    case UDPLITE:
    case DCCP:
      return 6
    case ICMPV6:
      return 2
    default:
      return -1
  }
}

function hasPorts(protocol: number): boolean {
  return (
    protocol === TCP || protocol === UDP || protocol === UDPLITE || protocol === SCTP || protocol === DCCP
  )
}

/** Where a TCP option of this kind begins, or -1. */
function optionAt(packet: Packet, kind: number): number {
  if (packet.protocol !== TCP || packet.transportOffset < 0) return -1
  const { view } = packet
  const end = Math.min(
    packet.transportOffset + packet.tcpHeaderLength,
    packet.frameOffset + packet.capturedLength,
  )
  let at = packet.transportOffset + 20
  while (at < end) {
    const here = view.getUint8(at)
    if (here === 0) return -1
    if (here === 1) {
      if (kind === 1) return -1
      at++
      continue
    }
    if (at + 1 >= end) return -1
    const length = view.getUint8(at + 1)
    if (length < 2 || at + length > end) return -1
    if (here === kind) return at
    at += length
  }
  return -1
}

/** The frame as it is now; what its feeder said of its direction stays. */
function decodeAgain(
  into: Packet,
  like: Packet,
  view: DataView,
  offset: number,
  captured: number,
  wire: number,
): void {
  const { direction } = like
  decode(into, view, offset, captured, wire, like.linkType)
  into.direction = direction
}

/** By words, since a view of the other buffer would be one object for each packet. */
function copyBytes(from: DataView, offset: number, into: DataView, length: number): void {
  let at = 0
  for (; at + 4 <= length; at += 4) into.setUint32(at, from.getUint32(offset + at))
  for (; at < length; at++) into.setUint8(at, from.getUint8(offset + at))
}
