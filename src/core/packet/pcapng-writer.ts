import { BYTE_ORDER_MAGIC, PCAPNG_ENHANCED_PACKET, PCAPNG_INTERFACE, PCAPNG_SECTION } from "./pcapng.js"

/** A little-endian section of unknown length. */
export function pcapngSection(): Uint8Array {
  const body = new Uint8Array(16)
  const view = new DataView(body.buffer)
  view.setUint32(0, BYTE_ORDER_MAGIC, true)
  view.setUint16(4, 1, true)
  view.setBigInt64(8, -1n, true)
  return block(PCAPNG_SECTION, body)
}

/** An interface that counts nanoseconds. Interfaces are numbered in the order in which they are written. */
export function pcapngInterface(linkType: number, name: string): Uint8Array {
  const options = [option(2, asciiBytes(name)), option(9, Uint8Array.of(9)), option(0, new Uint8Array(0))]
  const body = new Uint8Array(8)
  const view = new DataView(body.buffer)
  view.setUint16(0, linkType, true)
  view.setUint32(4, 262144, true)
  return block(PCAPNG_INTERFACE, body, ...(name === "" ? options.slice(1) : options))
}

export interface PcapngPacket {
  readonly interfaceIndex: number
  readonly seconds: number
  readonly nanoseconds: number
  readonly bytes: Uint8Array
  readonly wireLength: number
  /** 0 unknown, 1 arrived, 2 left. */
  readonly direction: 0 | 1 | 2
  /** ASCII; "" for none. */
  readonly comment: string
}

/** An enhanced packet block. */
export function pcapngPacket(packet: PcapngPacket): Uint8Array {
  const { bytes, seconds, nanoseconds } = packet
  const head = new Uint8Array(20)
  const view = new DataView(head.buffer)
  const time = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
  view.setUint32(0, packet.interfaceIndex, true)
  view.setUint32(4, Number(time >> 32n), true)
  view.setUint32(8, Number(time & 0xffffffffn), true)
  view.setUint32(12, bytes.length, true)
  view.setUint32(16, packet.wireLength, true)
  const options: Uint8Array[] = []
  if (packet.comment !== "") options.push(option(1, asciiBytes(packet.comment)))
  if (packet.direction !== 0) options.push(option(2, Uint8Array.of(packet.direction, 0, 0, 0)))
  if (options.length > 0) options.push(option(0, new Uint8Array(0)))
  return block(PCAPNG_ENHANCED_PACKET, head, bytes, ...options)
}

function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + ((value.length + 3) & ~3))
  const view = new DataView(bytes.buffer)
  view.setUint16(0, code, true)
  view.setUint16(2, value.length, true)
  bytes.set(value, 4)
  return bytes
}

/** Each part is filled up to a multiple of 4 bytes. */
function block(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = 12 + parts.reduce((sum, part) => sum + ((part.length + 3) & ~3), 0)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, length, true)
  view.setUint32(length - 4, length, true)
  let at = 8
  for (const part of parts) {
    bytes.set(part, at)
    at += (part.length + 3) & ~3
  }
  return bytes
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => Math.min(character.charCodeAt(0), 0x7f))
}
