import type { Packet } from "../../packet/packet.js"

/** A field of up to 32 bits, its first bit counted from the byte `at`; the caller has made sure that its bytes are there. */
export function readBits(packet: Packet, at: number, bit: number, bits: number): number {
  const from = at + (bit >>> 3)
  const bytes = ((bit & 7) + bits + 7) >>> 3
  let value = 0
  for (let index = 0; index < bytes; index++) value = value * 256 + packet.view.getUint8(from + index)
  return Math.floor(value / 2 ** (bytes * 8 - (bit & 7) - bits)) % 2 ** bits
}

/** One byte behind the last that the field needs, from where its header starts. */
export function bytesNeeded(bit: number, bits: number): number {
  return (bit + bits + 7) >>> 3
}
