import { concat } from "./build.js"
import { addWords, finish } from "./checksum.js"
import { decode } from "./decode.js"
import { IPV6_HEADER_LENGTH } from "./header.js"
import { FRAGMENT } from "./ipv6.js"
import { Packet } from "./packet.js"

/**
 * Cuts an IP packet into fragments that carry at most `size` bytes each (rounded down to a multiple of 8), as a router would
 * (IPv4) or its sender (IPv6, with `identification`; behind a hop-by-hop header if there is one). A packet that fits, or that is not IP,
 * comes back alone. IPv4 keeps its own identification unless one is given.
 */
export function fragmentPacket(
  bytes: Uint8Array,
  linkType: number,
  size: number,
  identification?: number,
): Uint8Array[] {
  const packet = new Packet()
  decode(
    packet,
    new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    0,
    bytes.length,
    bytes.length,
    linkType,
  )
  const step = Math.max(8, size & ~7)
  if (packet.family === 0 || packet.malformed !== 0 || packet.isFragment) return [bytes]
  const link = bytes.subarray(0, packet.networkOffset)
  const end = packet.networkOffset + packet.networkLength
  return packet.family === 4
    ? fragmentIpv4(packet, bytes, link, end, step, identification)
    : fragmentIpv6(bytes, link, packet.networkOffset, end, step, identification ?? 0)
}

function fragmentIpv4(
  packet: Packet,
  bytes: Uint8Array,
  link: Uint8Array,
  end: number,
  step: number,
  identification: number | undefined,
): Uint8Array[] {
  const start = packet.networkOffset + packet.networkHeaderLength
  if (end - start <= step) return [bytes]
  const fragments: Uint8Array[] = []
  for (let at = start; at < end; at += step) {
    const last = at + step >= end
    const header = bytes.slice(packet.networkOffset, start)
    const body = bytes.subarray(at, last ? end : at + step)
    const view = new DataView(header.buffer)
    view.setUint16(2, header.length + body.length)
    if (identification !== undefined) view.setUint16(4, identification)
    view.setUint16(6, (last ? 0 : 0x2000) | ((at - start) >>> 3))
    view.setUint16(10, 0)
    view.setUint16(10, finish(addWords(0, view, 0, header.length)))
    fragments.push(concat([link, header, body]))
  }
  return fragments
}

function fragmentIpv6(
  bytes: Uint8Array,
  link: Uint8Array,
  network: number,
  end: number,
  step: number,
  identification: number,
): Uint8Array[] {
  // RFC 8200 section 4.5: the per-fragment headers are the fixed one and hop-by-hop options.
  let start = network + IPV6_HEADER_LENGTH
  let nextHeaderAt = network + 6
  if (bytes[nextHeaderAt] === 0) {
    nextHeaderAt = start
    start += ((bytes[start + 1] ?? 0) + 1) * 8
  }
  if (end - start <= step) return [bytes]
  const fragments: Uint8Array[] = []
  for (let at = start; at < end; at += step) {
    const last = at + step >= end
    const head = bytes.slice(network, start)
    const body = bytes.subarray(at, last ? end : at + step)
    const header = new Uint8Array(8)
    const view = new DataView(header.buffer)
    header[0] = bytes[nextHeaderAt] ?? 0
    view.setUint16(2, (at - start) | (last ? 0 : 1))
    view.setUint32(4, identification)
    head[nextHeaderAt - network] = FRAGMENT
    new DataView(head.buffer).setUint16(4, head.length - IPV6_HEADER_LENGTH + 8 + body.length)
    fragments.push(concat([link, head, header, body]))
  }
  return fragments
}
