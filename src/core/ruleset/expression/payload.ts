import { HAS_AUTHENTICATION } from "../../packet/ipv6.js"
import { DCCP, ICMP, ICMPV6, IGMP, type Packet, SCTP, TCP, UDP, UDPLITE } from "../../packet/packet.js"
import type { ExpressionKind } from "../kind.js"
import { type Load, oneWord, type Read } from "../runtime.js"
import { wordsOf } from "../type.js"
import { authenticationOffset, nftProtocol } from "./nft-protocol.js"
import { capturedEnd, packetEnd } from "./packet-end.js"
import { type PayloadField, payloadFields } from "./payload-field.js"

/** A field of a packet's headers, by nft's names (nft(8), PAYLOAD EXPRESSIONS): `ip saddr`, `tcp dport`, `th dport`, `ip frag-off`. */
export interface PayloadNode {
  readonly expression: "payload"
  readonly protocol:
    | "ether"
    | "vlan"
    | "arp"
    | "ip"
    | "ip6"
    | "icmp"
    | "icmpv6"
    | "igmp"
    | "tcp"
    | "udp"
    | "udplite"
    | "sctp"
    | "dccp"
    | "esp"
    | "ah"
    | "comp"
    | "gre"
    | "gretap"
    | "vxlan"
    | "geneve"
    | "th"
  readonly field: string
  /** The field of a packet inside this tunnel: `vxlan ip saddr`. */
  readonly tunnel?: "vxlan" | "geneve" | "gre" | "gretap"
}

/**
 * The header asked for comes with a question before it, as nft puts one there: `ip …` asks for an IPv4 packet, `tcp …` for TCP (`th …` for nothing). A
 * field is read only where all its bytes are in the packet.
 *
 * Fragments but the first have no transport header, and the kernel reads one all the same (Linux 6.18, measured at ingress and at -450): of IPv4 the bytes
 * behind the IP header, of IPv6 those at the start of the IPv6 header itself. Only TCP options know better. Rules there ask `ip frag-off & 0x1fff == 0` first.
 */
export const payload: ExpressionKind<PayloadNode> = {
  name: "payload",
  types: (node) => [fieldOf(node).type],
  bits: (node) => fieldOf(node).bits,
  assumes: (node) =>
    node.tunnel === undefined
      ? undefined
      : "packets inside a tunnel are not looked at: the rule does not match",
  toNft: (node) => `${node.tunnel === undefined ? "" : `${node.tunnel} `}${node.protocol} ${node.field}`,
  read(node) {
    if (wordsOf(fieldOf(node).type) !== 1) return undefined
    if (node.tunnel !== undefined) return () => -1
    return shortReads[`${node.protocol} ${node.field}`] ?? readAt(node)
  },
  load(node, build) {
    if (node.tunnel !== undefined) return () => false
    const short = shortLoads[`${node.protocol} ${node.field}`]
    if (short !== undefined) return short
    const read = build.read(node)
    if (read) return oneWord(read)
    return fieldOf(node).type === "ether_addr" ? loadEther(node) : loadWide(node)
  },
  requires(node, _requirementOf, equals) {
    if (node.tunnel !== undefined) return undefined
    const protocol = protocolNumbers[node.protocol]
    if (protocol !== undefined) return { protocol }
    if (node.protocol === "ip6") return { family: 6 }
    if (node.protocol !== "ip") return {}
    return node.field === "protocol" && equals !== undefined ? { family: 4, protocol: equals } : { family: 4 }
  },
  isKnown({ protocol, field, tunnel }, { plain }, mask) {
    if (plain === null) return false
    if (tunnel !== undefined) return true
    if (protocol === "ip" && field === "frag-off") return mask !== undefined && (mask & ~FRAGMENT) === 0
    return (protocol === "tcp" && field === "flags") || (protocol === "ip" && field === "protocol")
  },
  // The decoder found the addresses, or there is no such header.
  hasKnownPresence: ({ protocol, field, tunnel }, { plain }) =>
    plain !== null &&
    tunnel === undefined &&
    (protocol === "ip" || protocol === "ip6") &&
    (field === "saddr" || field === "daddr"),
  manual: {
    title: "Header fields",
    text: "A field of the Ethernet, VLAN, ARP, IP, TCP, UDP or ICMP header. A packet without that header does not match, whatever is compared.",
    example: "ip saddr 192.0.2.0/24 tcp dport 22",
  },
}

/** More fragments, and the offset: zero in every packet that is no fragment. */
const FRAGMENT = 0x3fff

/** The field, or a byte that is never there where nobody knows the name; `checkRuleset` tells. */
function fieldOf(node: PayloadNode): PayloadField {
  return payloadFields[node.protocol][node.field] ?? { bit: 0, bits: 0, type: "integer" }
}

/** Number of the protocol behind IP that a header belongs to. */
export const protocolNumbers: Partial<Record<PayloadNode["protocol"], number>> = {
  tcp: TCP,
  udp: UDP,
  udplite: UDPLITE,
  sctp: SCTP,
  dccp: DCCP,
  icmp: ICMP,
  icmpv6: ICMPV6,
  igmp: IGMP,
  gre: 47,
  esp: 50,
  ah: 51,
  comp: 108,
}

/** The fields that most rules ask for, from what the decoder found. */
const shortReads: Readonly<Record<string, Read>> = {
  "ip saddr": (packet) => (packet.family === 4 ? packet.source0 >>> 0 : -1),
  "ip daddr": (packet) => (packet.family === 4 ? packet.destination0 >>> 0 : -1),
  "ip protocol": (packet) => (packet.family === 4 ? packet.protocol : -1),
  "ip ttl": (packet) => (packet.family === 4 ? packet.ttl : -1),
  "ip6 hoplimit": (packet) => (packet.family === 6 ? packet.ttl : -1),
  "ip frag-off": (packet) => {
    if (packet.family !== 4) return -1
    const at = packet.networkOffset + 6
    return at + 2 > packetEnd(packet) ? -1 : packet.view.getUint16(at)
  },
  // Written out, each with its own field: a call through a variable would cost as much again.
  "tcp sport": (packet, run) => (isDecoded(packet, TCP) ? packet.sourcePort : tcpSource(packet, run)),
  "tcp dport": (packet, run) =>
    isDecoded(packet, TCP) ? packet.destinationPort : tcpDestination(packet, run),
  "tcp flags": (packet, run) => (isDecoded(packet, TCP) ? packet.tcpFlags : tcpFlags(packet, run)),
  "udp sport": (packet, run) => (isDecoded(packet, UDP) ? packet.sourcePort : udpSource(packet, run)),
  "udp dport": (packet, run) =>
    isDecoded(packet, UDP) ? packet.destinationPort : udpDestination(packet, run),
  "icmp type": (packet, run) => (isDecoded(packet, ICMP) ? packet.icmpType : icmpType(packet, run)),
  "icmpv6 type": (packet, run) => (isDecoded(packet, ICMPV6) ? packet.icmpType : icmpv6Type(packet, run)),
}

const tcpSource = readAt({ expression: "payload", protocol: "tcp", field: "sport" })
const tcpDestination = readAt({ expression: "payload", protocol: "tcp", field: "dport" })
const tcpFlags = readAt({ expression: "payload", protocol: "tcp", field: "flags" })
const udpSource = readAt({ expression: "payload", protocol: "udp", field: "sport" })
const udpDestination = readAt({ expression: "payload", protocol: "udp", field: "dport" })
const icmpType = readAt({ expression: "payload", protocol: "icmp", field: "type" })
const icmpv6Type = readAt({ expression: "payload", protocol: "icmpv6", field: "type" })

/** The decoder found this protocol's header, where the kernel sees it too. Else the packet's bytes are asked. */
function isDecoded(packet: Packet, protocol: number): boolean {
  return (
    packet.protocol === protocol &&
    packet.transportOffset >= 0 &&
    packet.fragmentOffset === 0 &&
    nftProtocol(packet) === protocol
  )
}

/** Reads a field of up to 32 bits from the packet's bytes. */
function readAt(node: PayloadNode): Read {
  const { bit, bits, icmpTypes } = fieldOf(node)
  if (bits === 0) return () => -1
  const start = headerStart(node.protocol)
  const from = bit >>> 3
  const bytes = ((bit & 7) + bits + 7) >>> 3
  if (icmpTypes) {
    const inner = readBits(start, from, bytes, bit, bits)
    return (packet, run) => (icmpTypes.includes(packet.icmpType) ? inner(packet, run) : -1)
  }
  if (bit % 8 === 0 && bits === 16) {
    return (packet) => {
      const at = start(packet) + from
      return at < from || at + 2 > packetEnd(packet) ? -1 : packet.view.getUint16(at)
    }
  }
  return readBits(start, from, bytes, bit, bits)
}

function readBits(
  start: (packet: Packet) => number,
  from: number,
  bytes: number,
  bit: number,
  bits: number,
): Read {
  const divisor = 2 ** (bytes * 8 - (bit & 7) - bits)
  const mask = 2 ** bits - 1
  return (packet) => {
    const at = start(packet) + from
    if (at < from || at + bytes > packetEnd(packet)) return -1
    let value = 0
    for (let index = 0; index < bytes; index++) value = value * 256 + packet.view.getUint8(at + index)
    return bits === 32 ? value : Math.floor(value / divisor) & mask
  }
}

/** Where the header starts in `packet.view`, or -1 where the packet has none. */
export function headerStart(protocol: PayloadNode["protocol"]): (packet: Packet) => number {
  switch (protocol) {
    case "ether":
      return (packet) => packet.destinationMacOffset
    case "vlan":
      return (packet) =>
        packet.vlanCount > 0 && packet.destinationMacOffset >= 0 ? packet.destinationMacOffset + 14 : -1
    case "arp":
      return (packet) => (packet.etherType === 0x0806 ? packet.networkOffset : -1)
    case "ip":
      return (packet) => (packet.family === 4 ? packet.networkOffset : -1)
    case "ip6":
      return (packet) => (packet.family === 6 ? packet.networkOffset : -1)
    case "th":
      return transportStart
    case "vxlan":
    case "geneve":
      // Behind the UDP header.
      return (packet) => {
        const start = nftProtocol(packet) === UDP ? transportStart(packet) : -1
        return start < 0 ? -1 : start + 8
      }
    case "gretap":
      return () => -1
    case "igmp":
      return (packet) => (packet.protocol === IGMP && packet.family === 4 ? transportStart(packet) : -1)
    default: {
      const number = protocolNumbers[protocol]!
      return (packet) => (nftProtocol(packet) === number ? transportStart(packet) : -1)
    }
  }
}

/** Where the kernel takes the transport header to be: see the note on fragments above. */
export function transportStart(packet: Packet): number {
  if ((packet.extensionHeaders & HAS_AUTHENTICATION) !== 0) return authenticationOffset(packet)
  if (packet.transportOffset >= 0) return packet.transportOffset
  if (packet.family === 0) return -1
  if (packet.family === 6 && packet.fragmentOffset > 0)
    return isExtension(packet.protocol) ? -1 : packet.networkOffset
  return packet.networkOffset + packet.networkHeaderLength
}

/** Next header numbers behind which IPv6 goes on (RFC 8200, 4): a later fragment that begins with one has no protocol. */
function isExtension(protocol: number): boolean {
  return protocol === 0 || protocol === 43 || protocol === 44 || protocol === 51 || protocol === 60
}

/** What most keys of sets are made of. Without a call for the value: where that is large, V8 makes an object of it to hand it over. */
const shortLoads: Readonly<Record<string, Load>> = {
  "ip saddr": (packet, run, at) => {
    if (packet.family !== 4) return false
    run.registers[at] = packet.source0
    return true
  },
  "ip daddr": (packet, run, at) => {
    if (packet.family !== 4) return false
    run.registers[at] = packet.destination0
    return true
  },
  "ip6 saddr": loadSource6,
  "ip6 daddr": loadDestination6,
  "tcp sport": (packet, run, at) => {
    if (!isDecoded(packet, TCP)) return loadTcpSource(packet, run, at)
    run.registers[at] = packet.sourcePort
    return true
  },
  "tcp dport": (packet, run, at) => {
    if (!isDecoded(packet, TCP)) return loadTcpDestination(packet, run, at)
    run.registers[at] = packet.destinationPort
    return true
  },
}

const loadTcpSource = oneWord(tcpSource)
const loadTcpDestination = oneWord(tcpDestination)

function loadSource6(packet: Packet, run: { registers: Uint32Array }, at: number): boolean {
  if (packet.family !== 6) return false
  const { registers } = run
  registers[at] = packet.source0
  registers[at + 1] = packet.source1
  registers[at + 2] = packet.source2
  registers[at + 3] = packet.source3
  return true
}

function loadDestination6(packet: Packet, run: { registers: Uint32Array }, at: number): boolean {
  if (packet.family !== 6) return false
  const { registers } = run
  registers[at] = packet.destination0
  registers[at + 1] = packet.destination1
  registers[at + 2] = packet.destination2
  registers[at + 3] = packet.destination3
  return true
}

/** An Ethernet address: four bytes in one word, two in the next. */
function loadEther(
  node: PayloadNode,
): (packet: Packet, run: { registers: Uint32Array }, at: number) => boolean {
  const start = headerStart(node.protocol)
  const from = fieldOf(node).bit >>> 3
  return (packet, run, at) => {
    const header = start(packet)
    if (header < 0 || header + from + 6 > capturedEnd(packet)) return false
    run.registers[at] = packet.view.getUint32(header + from)
    run.registers[at + 1] = packet.view.getUint16(header + from + 4)
    return true
  }
}

/** An address inside an ICMPv6 message. */
function loadWide(
  node: PayloadNode,
): (packet: Packet, run: { registers: Uint32Array }, at: number) => boolean {
  const start = headerStart(node.protocol)
  const { bit, bits, icmpTypes } = fieldOf(node)
  const from = bit >>> 3
  return (packet, run, at) => {
    if (icmpTypes && !icmpTypes.includes(packet.icmpType)) return false
    const header = start(packet)
    if (header < 0 || header + from + bits / 8 > packetEnd(packet)) return false
    for (let index = 0; index < bits / 32; index++)
      run.registers[at + index] = packet.view.getUint32(header + from + index * 4)
    return true
  }
}
