import { printAddress } from "../base/address.js"
import { CHECKSUM_BAD, CHECKSUM_GOOD, networkChecksum, transportChecksum } from "./checksum.js"
import { extensionList } from "./extension-list.js"
import { isIcmpError, isIcmpQuery } from "./icmp.js"
import { isIcmpv6Error } from "./icmpv6.js"
import { LINKTYPE_ETHERNET, LINKTYPE_RAW, linkTypeName, linkTypeNumber } from "./link-type.js"
import { describeMalformed } from "./malformed.js"
import { ICMP, ICMPV6, Packet, TCP, UDP } from "./packet.js"
import { decodeQuoted } from "./quoted.js"
import { parseScript } from "./script.js"
import { extensionNames, icmpNames, icmpv6Names, printFlags, protocolNames } from "./script-words.js"

const DEFAULT_TTL = 64

/**
 * The packet as a line of a packet script, without time: what rules look at (addresses, ports, flags, types, lengths), not the payload's bytes.
 * Reading it back gives a packet that decodes to the same, for every packet without fault; what is wrong stands behind it as a comment.
 */
export function printPacket(packet: Packet): string {
  const text =
    packet.family === 0 ? otherText(packet) : [...linkWords(packet), ipText(packet, false)].join(" ")
  const notes = [describeMalformed(packet), aboutText(packet)].filter((note) => note !== "")
  return notes.length === 0 ? text : `${text} # ${notes.join(", ")}`
}

/**
 * The packet as a line that gives back every byte of it. Where the words of the script can't, the line is `frame LINK HEX`.
 * Bytes that were not captured are not there when it is read back.
 */
export function printPacketExactly(packet: Packet): string {
  const bytes = new Uint8Array(
    packet.view.buffer,
    packet.view.byteOffset + packet.frameOffset,
    packet.capturedLength,
  )
  const words = exactText(packet)
  const read = words === undefined ? undefined : parseScript(words, "").packets
  if (
    words !== undefined &&
    read?.length === 1 &&
    read[0]!.linkType === packet.linkType &&
    same(read[0]!.bytes, bytes)
  )
    return words
  return frameText(packet)
}

/** Nanoseconds as a script's delay: `+0.3`. */
export function printDelay(nanoseconds: number): string {
  const seconds = Math.floor(nanoseconds / 1e9)
  const rest = Math.round(nanoseconds - seconds * 1e9)
  return `+${seconds}.${String(rest).padStart(9, "0")}`.replace(/\.?0+$/, "")
}

/** `10.0.0.9`, or `[2001:db8::1]` where a port follows: one side of the packet. */
export function printEndpoint(
  packet: Packet,
  side: "source" | "destination",
  withPort = packet.transportOffset >= 0,
): string {
  const address = printAddress({ family: packet.family === 6 ? 6 : 4, words: addressWords(packet, side) })
  if (!withPort || (packet.protocol !== TCP && packet.protocol !== UDP)) return address
  const port = side === "source" ? packet.sourcePort : packet.destinationPort
  return packet.family === 6 ? `[${address}]:${port}` : `${address}:${port}`
}

function addressWords(packet: Packet, side: "source" | "destination"): number[] {
  const { source0, source1, source2, source3 } = packet
  const { destination0, destination1, destination2, destination3 } = packet
  const words =
    side === "source"
      ? [source0, source1, source2, source3]
      : [destination0, destination1, destination2, destination3]
  return packet.family === 6 ? words : words.slice(0, 1)
}

function linkWords(packet: Packet): string[] {
  const words: string[] = []
  if (packet.vlanCount === 1) words.push(`vlan ${packet.vlanOuter}`)
  if (packet.vlanCount === 2) words.push(`vlan ${packet.vlanOuter}.${packet.vlanInner}`)
  return words
}

/** Not IP: ARP in words, others by number. */
function otherText(packet: Packet): string {
  const arp = arpText(packet)
  if (arp !== undefined) return [...linkWords(packet), arp].join(" ")
  return frameText(packet)
}

/** The whole frame in hexadecimal; `-` is none. A name stands only where reading it back gives the same number. */
function frameText({ view, frameOffset, capturedLength, linkType }: Packet): string {
  const name = linkTypeName(linkType)
  const link = name !== undefined && linkTypeNumber(name) === linkType ? name : String(linkType)
  const bytes = new Uint8Array(view.buffer, view.byteOffset + frameOffset, capturedLength)
  return `frame ${link} ${capturedLength === 0 ? "-" : hex(bytes)}`
}

function arpText(packet: Packet): string | undefined {
  const { view, networkOffset: at } = packet
  if (packet.arpOperation === 0 || packet.malformed !== 0 || packet.networkHeaderLength !== 28)
    return undefined
  const address = (offset: number) => printAddress({ family: 4, words: [view.getUint32(offset)] })
  if (packet.arpOperation === 1) return `arp who-has ${address(at + 24)} tell ${address(at + 14)}`
  if (packet.arpOperation === 2)
    return `arp reply ${address(at + 14)} is-at ${mac(view, at + 8)} tell ${address(at + 24)}`
  return undefined
}

function ipText(packet: Packet, exact: boolean): string {
  const words = [printEndpoint(packet, "source"), ">", printEndpoint(packet, "destination")]
  if (packet.transportOffset < 0 || packet.fragmentOffset > 0) words.push(protocolText(packet))
  else if (packet.protocol === TCP) words.push(...tcpWords(packet, exact))
  else if (packet.protocol === UDP) words.push(...udpWords(packet))
  else if (isIcmp(packet)) words.push(...icmpWords(packet))
  else words.push(protocolText(packet))
  words.push(...networkWords(packet, exact), ...payloadWords(packet, exact))
  return words.join(" ")
}

function isIcmp(packet: Packet): boolean {
  return packet.protocol === (packet.family === 4 ? ICMP : ICMPV6)
}

function protocolText({ protocol, family }: Packet): string {
  if (protocol === TCP) return "tcp"
  if (protocol === UDP) return "udp"
  const name = Object.keys(protocolNames).find((each) => protocolNames[each] === protocol)
  return name !== undefined && family !== 0 ? name : `proto ${protocol}`
}

function tcpWords(packet: Packet, exact: boolean): string[] {
  const words = [printFlags(packet.tcpFlags)]
  if (packet.tcpSequence !== 0) words.push(`seq ${packet.tcpSequence}`)
  if (packet.tcpAcknowledgement !== 0) words.push(`ack ${packet.tcpAcknowledgement}`)
  words.push(`win ${packet.tcpWindow}`)
  if (packet.tcpUrgentPointer !== 0) words.push(`urg ${packet.tcpUrgentPointer}`)
  const optionsAt = packet.transportOffset + 20
  if (exact && packet.payloadOffset > optionsAt) {
    words.push(`tcp-options ${hex(bytesOf(packet, optionsAt, packet.payloadOffset))}`)
    return words
  }
  if (packet.tcpMaximumSegmentSize >= 0) words.push(`mss ${packet.tcpMaximumSegmentSize}`)
  if (packet.tcpSackPermitted) words.push("sack")
  if (packet.tcpWindowScale >= 0) words.push(`wscale ${packet.tcpWindowScale}`)
  return words
}

function udpWords(packet: Packet): string[] {
  const claimed = packet.networkOffset + packet.networkLength - packet.transportOffset
  return packet.udpLength === claimed ? ["udp"] : ["udp", `udp-length ${packet.udpLength}`]
}

function icmpWords(packet: Packet): string[] {
  const { icmpType: type, icmpCode: code, view, transportOffset } = packet
  const names = packet.family === 4 ? icmpNames : icmpv6Names
  const known = names.find((each) => each.type === type && each.code === code)
  const words = [packet.family === 4 ? "icmp" : "icmpv6", known?.name ?? `type ${type} code ${code}`]
  const isQuery = packet.family === 4 ? isIcmpQuery(type) : type === 128 || type === 129
  const rest = view.getUint32(transportOffset + 4)
  if (isQuery) words.push(`id ${packet.icmpIdentifier} seq ${packet.icmpSequence}`)
  else if (rest !== 0) words.push(packet.family === 6 && type === 2 ? `mtu ${rest}` : `rest ${rest}`)
  return words
}

function networkWords(packet: Packet, exact: boolean): string[] {
  const words: string[] = []
  if (packet.ttl !== DEFAULT_TTL) words.push(`ttl ${packet.ttl}`)
  if (packet.trafficClass !== 0) words.push(`tos ${packet.trafficClass}`)
  if (packet.dontFragment) words.push("df")
  if (packet.isFragment)
    words.push(`frag ${packet.identification}/${packet.fragmentOffset}${packet.moreFragments ? "/more" : ""}`)
  else if (exact && packet.identification !== 0) words.push(`ip-id ${packet.identification}`)
  if (packet.family === 6) words.push(...extensionWords(packet))
  const optionsAt = packet.networkOffset + 20
  const optionsEnd = packet.networkOffset + packet.networkHeaderLength
  if (packet.family === 4 && optionsEnd > optionsAt && packet.payloadOffset >= 0)
    words.push(`ip-options ${hex(bytesOf(packet, optionsAt, optionsEnd))}`)
  if (exact && packet.family === 6) {
    const flow = packet.view.getUint32(packet.networkOffset) & 0xfffff
    if (flow !== 0) words.push(`flow ${flow}`)
  }
  return words
}

function extensionWords(packet: Packet): string[] {
  return extensionList(packet).map(({ header, start, end }) => {
    const name = Object.keys(extensionNames).find((each) => extensionNames[each] === header)
    return `ext ${name}:${hex(bytesOf(packet, start + 2, end))}`
  })
}

function payloadWords(packet: Packet, exact: boolean): string[] {
  const hasWords = packet.protocol === TCP || packet.protocol === UDP || isIcmp(packet)
  const start =
    packet.transportStart >= 0 && !(hasWords && packet.transportOffset >= 0)
      ? packet.transportStart
      : packet.payloadOffset
  if (start < 0) return []
  const claimedEnd = packet.networkOffset + packet.networkLength
  if (claimedEnd <= start) return []
  if (!exact) return [`len ${claimedEnd - start}`]
  const bytes = bytesOf(packet, start, packet.payloadEnd)
  if (bytes.length === 0) return []
  if (bytes.every((byte) => byte === 0)) return [`len ${bytes.length}`]
  const text = String.fromCharCode(...bytes.subarray(0, 1000))
  return bytes.length <= 1000 && /^[\x20-\x7e\r\n\t]*$/.test(text) ? [quoteText(text)] : [`hex ${hex(bytes)}`]
}

/** ` about 10.0.0.9:5000 > 10.0.0.1:53 udp`: the packet that an ICMP error quotes, for people; "" where there is none. */
function aboutText(packet: Packet): string {
  const isError =
    packet.transportOffset >= 0 &&
    ((packet.protocol === ICMP && packet.family === 4 && isIcmpError(packet.icmpType)) ||
      (packet.protocol === ICMPV6 && packet.family === 6 && isIcmpv6Error(packet.icmpType)))
  if (!isError) return ""
  const inner = new Packet()
  decodeQuoted(inner, packet)
  if (inner.family === 0) return ""
  const side = (which: "source" | "destination") => printEndpoint(inner, which, inner.transportStart >= 0)
  return `about ${side("source")} > ${side("destination")} ${protocolText(inner)}`
}

function exactText(packet: Packet): string | undefined {
  if (packet.linkType !== LINKTYPE_ETHERNET && packet.linkType !== LINKTYPE_RAW) return undefined
  if (packet.malformed !== 0) return undefined
  const body = packet.family === 0 ? arpText(packet) : `${ipText(packet, true)}${checksumWords(packet)}`
  if (body === undefined) return undefined
  if (packet.linkType === LINKTYPE_RAW) return `raw ${body}`
  const addresses = `mac ${mac(packet.view, packet.sourceMacOffset)} > ${mac(packet.view, packet.destinationMacOffset)}`
  const packetEnd =
    packet.networkOffset + (packet.family === 0 ? packet.networkHeaderLength : packet.networkLength)
  const padding = packet.frameOffset + packet.capturedLength - packetEnd
  const isDefault = addresses === "mac 02:00:00:00:00:01 > 02:00:00:00:00:02"
  return [
    ...(isDefault ? [] : [addresses]),
    ...linkWords(packet),
    body,
    ...(padding > 0 ? [`pad ${padding}`] : []),
  ].join(" ")
}

/** What `good` would not give back. */
function checksumWords(packet: Packet): string {
  const { view, networkOffset, transportOffset, protocol } = packet
  let words = ""
  if (networkChecksum(packet) === CHECKSUM_BAD) words += ` ip-checksum ${view.getUint16(networkOffset + 10)}`
  if (transportOffset < 0 || packet.fragmentOffset > 0) return words
  const field = protocol === TCP ? 16 : protocol === UDP ? 6 : isIcmp(packet) ? 2 : -1
  if (field < 0 || transportChecksum(packet) === CHECKSUM_GOOD) return words
  return `${words} checksum ${view.getUint16(transportOffset + field)}`
}

function bytesOf(packet: Packet, start: number, end: number): Uint8Array {
  const { view } = packet
  return new Uint8Array(view.buffer, view.byteOffset + start, Math.max(0, end - start))
}

function mac(view: DataView, offset: number): string {
  return Array.from({ length: 6 }, (_, index) => hexByte(view.getUint8(offset + index))).join(":")
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, hexByte).join("")
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0")
}

const escapes: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  '"': '\\"',
  "\\": "\\\\",
}

function quoteText(text: string): string {
  return `data "${text.replace(/[\n\r\t"\\]/g, (character) => escapes[character] ?? character)}"`
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}
