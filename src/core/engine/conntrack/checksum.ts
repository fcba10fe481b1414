import type { Packet } from "../../packet/packet.js"

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
  let sum = sumOf(view, transportOffset, covered)
  if (withPseudoHeader) {
    sum += end - transportOffset + protocol
    sum +=
      packet.family === 4
        ? packet.source0 + packet.destination0
        : packet.source0 +
          packet.source1 +
          packet.source2 +
          packet.source3 +
          packet.destination0 +
          packet.destination1 +
          packet.destination2 +
          packet.destination3
  }
  return sum !== 0 && sum % 0xffff === 0
}

/**
 * RFC 1071's sum. 2^16 is 1 modulo 2^16 - 1, so that 32-bit words may be added instead of halves, and 65,535 bytes of them stay
 * exact in a number.
 */
export function sumOf(view: DataView, offset: number, length: number): number {
  let sum = 0
  const end = offset + length
  let at = offset
  for (; at + 4 <= end; at += 4) sum += view.getUint32(at)
  if (at + 2 <= end) {
    sum += view.getUint16(at)
    at += 2
  }
  if (at < end) sum += view.getUint8(at) << 8
  return sum
}
