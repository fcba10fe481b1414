import { addWords, blockSum, fold, fold32 } from "../../packet/checksum.js"
import { TCP_MINIMUM_HEADER, UDP_HEADER_LENGTH } from "../../packet/header.js"
import { type Packet, UDP } from "../../packet/packet.js"

/** Where the source address stands in the header. */
const SOURCE_4 = 12
const SOURCE_6 = 8
/** Bytes that `blockSum` takes. */
const MOST_AT_ONCE = 0xffff

/**
 * Does the transport checksum fit, from the transport header to `end`, as nf_checksum asks it? True also where it cannot be known:
 * the capture does not hold all the bytes. Over `covered` bytes only, where the protocol says so (UDP-Lite).
 */
export function checksumFits(
  packet: Packet,
  end: number,
  protocol: number,
  withPseudoHeader: boolean,
  covered = end - packet.transportOffset,
): boolean {
  const { view, transportOffset } = packet
  if (transportOffset + covered > packet.frameOffset + packet.capturedLength) return true
  if (!withPseudoHeader) return fold(addWords(0, view, transportOffset, covered)) === 0xffff
  const isFour = packet.family === 4
  // Both addresses, one behind the other. Mostly the transport header follows them at once, and all is one sum.
  const addresses = packet.networkOffset + (isFour ? SOURCE_4 : SOURCE_6)
  const length = isFour ? 8 : 32
  const sum = end - transportOffset + protocol
  if (addresses + length === transportOffset)
    return fold(addWords(sum, view, addresses, length + covered)) === 0xffff
  return fold(addWords(addWords(sum, view, addresses, length), view, transportOffset, covered)) === 0xffff
}

/** `checksumFits` for a plain packet (packet/plain.ts), over all of it. A zero checksum of UDP is none. */
export function plainChecksumFits(packet: Packet): boolean {
  const { view, transportOffset, protocol, headerSum } = packet
  const end = packet.networkOffset + packet.networkLength
  if (end > packet.frameOffset + packet.capturedLength) return true
  if (protocol === UDP && view.getUint16(transportOffset + 6) === 0) return true
  const length = end - transportOffset
  if (headerSum < 0 || length > MOST_AT_ONCE) return checksumFits(packet, end, protocol, true)
  const header = protocol === UDP ? UDP_HEADER_LENGTH : TCP_MINIMUM_HEADER
  let sum = headerSum + length + protocol
  if (length > header) sum += blockSum(view, transportOffset + header, length - header)
  return fold32(sum) === 0xffff
}

/** RFC 1071's sum, unfolded. */
export function sumOf(view: DataView, offset: number, length: number): number {
  return addWords(0, view, offset, length)
}
