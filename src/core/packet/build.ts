import { type Address, parseAddress } from "../base/address.js"
import { addWords, finish } from "./checksum.js"
import type {
  ArpDescription,
  ChecksumChoice,
  IcmpDescription,
  PacketDescription,
  TcpDescription,
  UdpDescription,
} from "./description.js"
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_SERVICE_VLAN,
  ETHERTYPE_VLAN,
} from "./ether-type.js"
import { AUTHENTICATION, FRAGMENT } from "./ipv6.js"
import { LINKTYPE_ETHERNET } from "./link-type.js"
import { ICMP, ICMPV6, TCP, UDP } from "./packet.js"

export const DEFAULT_SOURCE_MAC = "02:00:00:00:00:01"
export const DEFAULT_DESTINATION_MAC = "02:00:00:00:00:02"
export const DEFAULT_TTL = 64
export const DEFAULT_WINDOW = 64240

/**
 * The bytes of the packet that `description` says, checksums and lengths included.
 * Throws a RangeError where the description itself makes no sense (no such address, two families): that is a mistake of the caller,
 * not of an input; `parseScript` never lets one through.
 */
export function buildPacket(description: PacketDescription): Uint8Array {
  const network = buildNetwork(description)
  const padding = new Uint8Array(description.padding ?? 0)
  if ((description.linkType ?? LINKTYPE_ETHERNET) !== LINKTYPE_ETHERNET)
    return concat([network.bytes, padding])
  const vlans = description.vlans ?? []
  const header = new Uint8Array(14 + 4 * vlans.length)
  const view = viewOf(header)
  const target = description.arp?.operation === 1 ? "ff:ff:ff:ff:ff:ff" : DEFAULT_DESTINATION_MAC
  header.set(macBytes(description.destinationMac ?? target), 0)
  header.set(macBytes(description.sourceMac ?? description.arp?.senderMac ?? DEFAULT_SOURCE_MAC), 6)
  for (const [index, control] of vlans.entries()) {
    view.setUint16(12 + 4 * index, index < vlans.length - 1 ? ETHERTYPE_SERVICE_VLAN : ETHERTYPE_VLAN)
    view.setUint16(14 + 4 * index, control)
  }
  view.setUint16(12 + 4 * vlans.length, network.etherType)
  return concat([header, network.bytes, padding])
}

function buildNetwork(description: PacketDescription): { bytes: Uint8Array; etherType: number } {
  if (description.arp) return { bytes: buildArp(description.arp), etherType: ETHERTYPE_ARP }
  if (description.source === undefined || description.destination === undefined) {
    return { bytes: payloadBytes(description), etherType: description.etherType ?? 0 }
  }
  const source = address(description.source)
  const destination = address(description.destination)
  if (source.family !== destination.family) throw new RangeError("source and destination are of two families")
  const etherType = description.etherType ?? (source.family === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6)
  const bytes =
    source.family === 4
      ? buildIpv4(description, source, destination)
      : buildIpv6(description, source, destination)
  return { bytes, etherType }
}

function buildIpv4(description: PacketDescription, source: Address, destination: Address): Uint8Array {
  const options = padded(description.ipOptions ?? new Uint8Array(0), 4)
  const headerLength = 20 + options.length
  const { bytes: body, protocol } = buildTransport(description, source, destination)
  const packet = new Uint8Array(headerLength + body.length)
  const view = viewOf(packet)
  const fragment = description.fragment
  view.setUint8(0, 0x40 | (headerLength >>> 2))
  view.setUint8(1, description.trafficClass ?? 0)
  view.setUint16(2, description.networkLength ?? packet.length)
  view.setUint16(4, description.identification ?? 0)
  view.setUint16(
    6,
    (description.dontFragment ? 0x4000 : 0) | (fragment?.more ? 0x2000 : 0) | ((fragment?.offset ?? 0) >>> 3),
  )
  view.setUint8(8, description.ttl ?? DEFAULT_TTL)
  view.setUint8(9, protocol)
  view.setUint32(12, source.words[0] ?? 0)
  view.setUint32(16, destination.words[0] ?? 0)
  packet.set(options, 20)
  packet.set(body, headerLength)
  view.setUint16(10, choose(description.networkChecksum, finish(addWords(0, view, 0, headerLength))))
  return packet
}

function buildIpv6(description: PacketDescription, source: Address, destination: Address): Uint8Array {
  const { bytes: body, protocol } = buildTransport(description, source, destination)
  const extensions = buildExtensions(description, protocol)
  const header = new Uint8Array(40)
  const view = viewOf(header)
  view.setUint32(0, 0x60000000 + (description.trafficClass ?? 0) * 0x100000 + (description.flowLabel ?? 0))
  view.setUint16(4, (description.networkLength ?? extensions.bytes.length + body.length) & 0xffff)
  view.setUint8(6, extensions.first)
  view.setUint8(7, description.ttl ?? DEFAULT_TTL)
  for (let index = 0; index < 4; index++) {
    view.setUint32(8 + 4 * index, source.words[index] ?? 0)
    view.setUint32(24 + 4 * index, destination.words[index] ?? 0)
  }
  return concat([header, extensions.bytes, body])
}

/** The extension headers as given, then the fragment header: RFC 8200 section 4.1's order where the caller kept to it. */
function buildExtensions(
  description: PacketDescription,
  protocol: number,
): { bytes: Uint8Array; first: number } {
  const headers: { header: number; bytes: Uint8Array }[] = []
  for (const { header, body = new Uint8Array(0) } of description.extensions ?? []) {
    const unit = header === AUTHENTICATION ? 4 : 8
    const bytes = padded(concat([new Uint8Array(2), body]), unit)
    const whole = bytes.length < 8 ? padded(bytes, 8) : bytes
    whole[1] = header === AUTHENTICATION ? whole.length / 4 - 2 : whole.length / 8 - 1
    headers.push({ header, bytes: whole })
  }
  if (description.fragment) {
    const bytes = new Uint8Array(8)
    const view = viewOf(bytes)
    view.setUint16(2, (description.fragment.offset & 0xfff8) | (description.fragment.more ? 1 : 0))
    view.setUint32(4, description.identification ?? 0)
    headers.push({ header: FRAGMENT, bytes })
  }
  for (const [index, { bytes }] of headers.entries()) bytes[0] = headers[index + 1]?.header ?? protocol
  return { bytes: concat(headers.map(({ bytes }) => bytes)), first: headers[0]?.header ?? protocol }
}

function buildTransport(
  description: PacketDescription,
  source: Address,
  destination: Address,
): { bytes: Uint8Array; protocol: number } {
  const payload = payloadBytes(description)
  const { tcp, udp, icmp } = description
  const icmpProtocol = source.family === 4 ? ICMP : ICMPV6
  const protocol =
    description.protocol ?? (tcp ? TCP : udp ? UDP : icmp ? icmpProtocol : payload.length > 0 ? 255 : 59)
  // A later fragment is the middle of a datagram: its payload is what it carries.
  if (description.fragment && description.fragment.offset > 0) return { bytes: payload, protocol }
  if (tcp) return { bytes: buildTcp(tcp, payload, source, destination), protocol }
  if (udp) return { bytes: buildUdp(udp, payload, source, destination), protocol }
  if (icmp) return { bytes: buildIcmp(icmp, payload, source, destination), protocol }
  return { bytes: payload, protocol }
}

function buildTcp(
  tcp: TcpDescription,
  payload: Uint8Array,
  source: Address,
  destination: Address,
): Uint8Array {
  const options = tcp.options ? padded(tcp.options, 4) : tcpOptions(tcp)
  const headerLength = 20 + options.length
  const bytes = new Uint8Array(headerLength + payload.length)
  const view = viewOf(bytes)
  view.setUint16(0, tcp.sourcePort)
  view.setUint16(2, tcp.destinationPort)
  view.setUint32(4, tcp.sequence ?? 0)
  view.setUint32(8, tcp.acknowledgement ?? 0)
  view.setUint8(12, ((tcp.headerLength ?? headerLength) >>> 2) << 4)
  view.setUint8(13, tcp.flags)
  view.setUint16(14, tcp.window ?? DEFAULT_WINDOW)
  view.setUint16(18, tcp.urgentPointer ?? 0)
  bytes.set(options, 20)
  bytes.set(payload, headerLength)
  view.setUint16(16, choose(tcp.checksum, finish(withPseudoHeader(view, TCP, source, destination))))
  return bytes
}

/** In the order in which Linux writes them into a SYN: MSS, SACK permitted, timestamps, (no-operation,) window scale. */
function tcpOptions(tcp: TcpDescription): Uint8Array {
  const bytes: number[] = []
  if (tcp.maximumSegmentSize !== undefined)
    bytes.push(2, 4, tcp.maximumSegmentSize >>> 8, tcp.maximumSegmentSize & 255)
  if (tcp.sackPermitted) bytes.push(...(tcp.timestamps ? [4, 2] : [1, 1, 4, 2]))
  if (tcp.timestamps) {
    const words = new Uint8Array(8)
    viewOf(words).setUint32(0, tcp.timestamps[0])
    viewOf(words).setUint32(4, tcp.timestamps[1])
    bytes.push(...(tcp.sackPermitted ? [] : [1, 1]), 8, 10, ...words)
  }
  if (tcp.windowScale !== undefined) bytes.push(1, 3, 3, tcp.windowScale)
  return Uint8Array.from(bytes)
}

function buildUdp(
  udp: UdpDescription,
  payload: Uint8Array,
  source: Address,
  destination: Address,
): Uint8Array {
  const bytes = new Uint8Array(8 + payload.length)
  const view = viewOf(bytes)
  view.setUint16(0, udp.sourcePort)
  view.setUint16(2, udp.destinationPort)
  view.setUint16(4, (udp.length ?? bytes.length) & 0xffff)
  bytes.set(payload, 8)
  // RFC 768: a computed zero is sent as its other form, since zero says that there is none.
  const computed = finish(withPseudoHeader(view, UDP, source, destination)) || 0xffff
  view.setUint16(6, choose(udp.checksum, computed))
  return bytes
}

function buildIcmp(
  icmp: IcmpDescription,
  payload: Uint8Array,
  source: Address,
  destination: Address,
): Uint8Array {
  const bytes = new Uint8Array(8 + payload.length)
  const view = viewOf(bytes)
  view.setUint8(0, icmp.type)
  view.setUint8(1, icmp.code ?? 0)
  if (icmp.rest !== undefined) view.setUint32(4, icmp.rest)
  else {
    view.setUint16(4, icmp.identifier ?? 0)
    view.setUint16(6, icmp.sequence ?? 0)
  }
  bytes.set(payload, 8)
  const sum =
    source.family === 4
      ? addWords(0, view, 0, bytes.length)
      : withPseudoHeader(view, ICMPV6, source, destination)
  view.setUint16(2, choose(icmp.checksum, finish(sum)))
  return bytes
}

function buildArp(arp: ArpDescription): Uint8Array {
  const bytes = new Uint8Array(28)
  const view = viewOf(bytes)
  view.setUint16(0, 1)
  view.setUint16(2, ETHERTYPE_IPV4)
  view.setUint8(4, 6)
  view.setUint8(5, 4)
  view.setUint16(6, arp.operation)
  bytes.set(macBytes(arp.senderMac), 8)
  view.setUint32(14, address(arp.sender).words[0] ?? 0)
  bytes.set(macBytes(arp.targetMac), 18)
  view.setUint32(24, address(arp.target).words[0] ?? 0)
  return bytes
}

/** The sum over the segment and its pseudo header, whose length is the segment's real one. */
function withPseudoHeader(view: DataView, protocol: number, source: Address, destination: Address): number {
  let sum = protocol + view.byteLength
  for (const word of [...source.words, ...destination.words]) sum += (word >>> 16) + (word & 0xffff)
  return addWords(sum, view, 0, view.byteLength)
}

function choose(choice: ChecksumChoice | undefined, good: number): number {
  if (choice === undefined || choice === "good") return good
  if (choice === "none") return 0
  if (typeof choice === "number") return choice
  // Any other value but 0, which says "none" for UDP, and 0xffff, which is 0's other form.
  return good === 0x0bad ? 0x0bae : 0x0bad
}

function payloadBytes({ payload = 0 }: PacketDescription): Uint8Array {
  return typeof payload === "number" ? new Uint8Array(payload) : payload
}

function address(value: string | Address): Address {
  const read = typeof value === "string" ? parseAddress(value) : value
  if (!read) throw new RangeError(`no address: ${String(value)}`)
  return read
}

/** The six bytes of `02:00:00:00:00:01`. */
export function macBytes(text: string): Uint8Array {
  const parts = text.split(":")
  if (parts.length !== 6 || !parts.every((part) => /^[0-9a-f]{2}$/i.test(part)))
    throw new RangeError(`no hardware address: ${text}`)
  return Uint8Array.from(parts, (part) => Number.parseInt(part, 16))
}

function padded(bytes: Uint8Array, unit: number): Uint8Array {
  const result = new Uint8Array(Math.ceil(bytes.length / unit) * unit)
  result.set(bytes)
  return result
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    result.set(part, at)
    at += part.length
  }
  return result
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
