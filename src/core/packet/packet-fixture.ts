import { buildPacket } from "./build.js"
import { copyPacket } from "./copy.js"
import { decode } from "./decode.js"
import type { PacketDescription } from "./description.js"
import { LINKTYPE_ETHERNET, LINKTYPE_RAW } from "./link-type.js"
import { describeMalformed } from "./malformed.js"
import { Packet } from "./packet.js"
import { printPacket } from "./print.js"

/** Bytes from hexadecimal digits, spaces between them or not. */
export function bytes(hexadecimal: string): Uint8Array {
  const digits = hexadecimal.replace(/\s/g, "")
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  )
}

/** A packet that has decoded others before: what is left of them must not show. */
const used = new Packet()

/**
 * Decodes the frame twice, into a new packet and into one that decoded others before, some bytes into a buffer, and fails where the two
 * differ. `wireLength` is more than the bytes for a frame cut by its capture.
 */
export function decodeFrame(
  frame: Uint8Array,
  linkType = LINKTYPE_ETHERNET,
  wireLength = frame.length,
): Packet {
  const margin = 3
  const buffer = new Uint8Array(frame.length + 2 * margin).fill(0xee)
  buffer.set(frame, margin)
  const view = new DataView(buffer.buffer)
  const fresh = new Packet()
  decode(fresh, view, margin, frame.length, wireLength, linkType)
  decode(used, view, margin, frame.length, wireLength, linkType)
  for (const [field, value] of Object.entries(fresh)) {
    const left = used[field as keyof Packet]
    if (left !== value)
      throw new Error(`${field} is ${String(left)} in a used packet, ${String(value)} in a new one`)
  }
  return copyPacket(fresh)
}

export function decodeDescription(description: PacketDescription): Packet {
  return decodeFrame(buildPacket(description), description.linkType ?? LINKTYPE_ETHERNET)
}

/** An IP packet without link header, from its description. */
export function decodeIp(description: PacketDescription): Packet {
  return decodeFrame(buildPacket({ ...description, linkType: LINKTYPE_RAW }), LINKTYPE_RAW)
}

/** The named fields, one line: `ttl 64, protocol 6`. */
export function show(packet: Packet, ...fields: readonly (keyof Packet)[]): string {
  return fields.map((field) => `${field} ${String(packet[field])}`).join(", ")
}

/** The packet as text, and what is wrong with it. */
export function line(packet: Packet): string {
  return printPacket(packet)
}

export function fault(packet: Packet): string {
  return describeMalformed(packet)
}
