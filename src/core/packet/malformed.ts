import type { Packet } from "./packet.js"

/**
 * What the Linux receive path does with a packet that has the fault:
 * `no-hook`  the stack (or the bridge, or the driver) drops it before PREROUTING
 * `invalid`  it reaches the hooks, and conntrack says INVALID
 * `passes`   nothing before the socket looks
 */
export type KernelTreatment = "no-hook" | "invalid" | "passes"

export interface MalformedFact {
  /** Stable; policies and the lab use it. */
  readonly name: string
  readonly layer: "link" | "arp" | "ipv4" | "ipv6" | "transport"
  readonly kernel: KernelTreatment
  readonly sentence: string
}

function fact(
  name: string,
  layer: MalformedFact["layer"],
  kernel: KernelTreatment,
  sentence: string,
): MalformedFact {
  return { name, layer, kernel, sentence }
}

/**
 * Every way in which a packet can be wrong, by index; `Packet.malformed` is an index into this table.
 * Only the first (outermost) fact of a packet is kept. New facts go to the end, so that numbers stay.
 */
export const malformedFacts: readonly MalformedFact[] = [
  fact("none", "link", "passes", "nothing is wrong"),
  fact("link-type-unknown", "link", "no-hook", "the capture's link type is not one that is decoded"),
  fact("link-truncated", "link", "no-hook", "the link-layer header is cut short"),
  fact("vlan-truncated", "link", "no-hook", "a VLAN tag is cut short"),
  fact("nflog-attribute-length", "link", "no-hook", "an NFLOG attribute is shorter than its own header"),
  fact("nflog-no-payload", "link", "no-hook", "the NFLOG message carries no packet"),
  fact("arp-truncated", "arp", "no-hook", "the ARP message is shorter than its address lengths say"),
  fact("ipv4-truncated", "ipv4", "no-hook", "the IPv4 header is cut short"),
  fact("ipv4-version", "ipv4", "no-hook", "the link layer says IPv4, the version field does not"),
  fact("ipv4-header-length", "ipv4", "no-hook", "the IPv4 header length is below 20 bytes"),
  fact("ipv4-total-length", "ipv4", "no-hook", "the IPv4 total length is below the header length"),
  fact("ipv4-beyond-frame", "ipv4", "no-hook", "the IPv4 total length is more than the frame holds"),
  fact("ipv4-option-length", "ipv4", "passes", "an IPv4 option's length is below 2 or beyond the header"),
  fact(
    "ipv4-fragment-beyond-65535",
    "ipv4",
    "passes",
    "the fragment ends beyond 65535 bytes (ping of death)",
  ),
  fact("ipv4-fragment-length", "ipv4", "passes", "a fragment but the last is not a multiple of 8 bytes"),
  fact("ipv6-truncated", "ipv6", "no-hook", "the IPv6 header is cut short"),
  fact("ipv6-version", "ipv6", "no-hook", "the link layer says IPv6, the version field does not"),
  fact("ipv6-beyond-frame", "ipv6", "no-hook", "the IPv6 payload length is more than the frame holds"),
  fact("ipv6-extension-truncated", "ipv6", "invalid", "an IPv6 extension header is cut short"),
  fact("ipv6-extension-length", "ipv6", "invalid", "an IPv6 extension header ends beyond the packet"),
  fact("ipv6-jumbo-length", "ipv6", "no-hook", "a jumbo payload length is not above 65535"),
  fact("ipv6-fragment-beyond-65535", "ipv6", "passes", "the fragment ends beyond 65535 bytes"),
  fact("ipv6-fragment-length", "ipv6", "passes", "a fragment but the last is not a multiple of 8 bytes"),
  fact("tcp-truncated", "transport", "invalid", "the TCP header is cut short"),
  fact("tcp-header-length", "transport", "invalid", "the TCP header length is below 20 bytes"),
  fact("tcp-header-beyond-packet", "transport", "invalid", "the TCP header ends beyond the packet"),
  fact("tcp-option-length", "transport", "passes", "a TCP option's length is below 2 or beyond the header"),
  fact("udp-truncated", "transport", "invalid", "the UDP header is cut short"),
  fact("udp-length", "transport", "invalid", "the UDP length is below 8"),
  fact("udp-beyond-packet", "transport", "invalid", "the UDP length is more than the packet holds"),
  fact("icmp-truncated", "transport", "invalid", "the ICMP header is cut short"),
  fact("icmpv6-truncated", "transport", "invalid", "the ICMPv6 header is cut short"),
  fact("sctp-truncated", "transport", "invalid", "the SCTP header is cut short"),
  // Linux 6.16 took DCCP out of conntrack; older kernels call it invalid.
  fact("dccp-truncated", "transport", "passes", "the DCCP header is cut short"),
  fact("ipv6-too-many-extensions", "ipv6", "passes", "more extension headers than the decoder follows"),
  fact(
    "udplite-coverage",
    "transport",
    "invalid",
    "the UDP-Lite coverage is 1 to 7, or more than the packet",
  ),
  fact("ipv6-hop-by-hop-length", "ipv6", "no-hook", "the hop-by-hop header ends beyond the packet"),
  fact(
    "ipv6-hop-by-hop-option",
    "ipv6",
    "no-hook",
    "a hop-by-hop option ends beyond its header, is unknown and says to drop, or only pads",
  ),
]

/** Who said how many bytes there are. Index into `Packet.malformedClaimant`. */
export const claimants: readonly string[] = [
  "nobody",
  "the capture's snap length",
  "the frame's length",
  "the version field",
  "the NFLOG attribute length",
  "the ARP address lengths",
  "the IPv4 header length",
  "the IPv4 total length",
  "the IPv4 option length",
  "the IPv4 fragment offset",
  "the IPv6 payload length",
  "the IPv6 extension header length",
  "the IPv6 fragment offset",
  "the IPv6 jumbo payload option",
  "the TCP data offset",
  "the TCP option length",
  "the UDP length",
  "the UDP-Lite coverage",
  "the capture file's link type",
  "the IPv6 option length",
]

// Indices into the two tables, for the decoder. A test holds them to the names.
export const LINK_TYPE_UNKNOWN = 1
export const LINK_TRUNCATED = 2
export const VLAN_TRUNCATED = 3
export const NFLOG_ATTRIBUTE_LENGTH = 4
export const NFLOG_NO_PAYLOAD = 5
export const ARP_TRUNCATED = 6
export const IPV4_TRUNCATED = 7
export const IPV4_VERSION = 8
export const IPV4_HEADER_LENGTH = 9
export const IPV4_TOTAL_LENGTH = 10
export const IPV4_BEYOND_FRAME = 11
export const IPV4_OPTION_LENGTH = 12
export const IPV4_FRAGMENT_BEYOND_65535 = 13
export const IPV4_FRAGMENT_LENGTH = 14
export const IPV6_TRUNCATED = 15
export const IPV6_VERSION = 16
export const IPV6_BEYOND_FRAME = 17
export const IPV6_EXTENSION_TRUNCATED = 18
export const IPV6_EXTENSION_LENGTH = 19
export const IPV6_JUMBO_LENGTH = 20
export const IPV6_FRAGMENT_BEYOND_65535 = 21
export const IPV6_FRAGMENT_LENGTH = 22
export const TCP_TRUNCATED = 23
export const TCP_HEADER_LENGTH = 24
export const TCP_HEADER_BEYOND_PACKET = 25
export const TCP_OPTION_LENGTH = 26
export const UDP_TRUNCATED = 27
export const UDP_LENGTH = 28
export const UDP_BEYOND_PACKET = 29
export const ICMP_TRUNCATED = 30
export const ICMPV6_TRUNCATED = 31
export const SCTP_TRUNCATED = 32
export const DCCP_TRUNCATED = 33
export const IPV6_TOO_MANY_EXTENSIONS = 34
export const UDPLITE_COVERAGE = 35
export const IPV6_HOP_BY_HOP_LENGTH = 36
export const IPV6_HOP_BY_HOP_OPTION = 37

export const BY_NOBODY = 0
export const BY_CAPTURE = 1
export const BY_FRAME = 2
export const BY_VERSION = 3
export const BY_NFLOG_ATTRIBUTE = 4
export const BY_ARP = 5
export const BY_IPV4_HEADER_LENGTH = 6
export const BY_IPV4_TOTAL_LENGTH = 7
export const BY_IPV4_OPTION = 8
export const BY_IPV4_FRAGMENT = 9
export const BY_IPV6_PAYLOAD_LENGTH = 10
export const BY_IPV6_EXTENSION = 11
export const BY_IPV6_FRAGMENT = 12
export const BY_IPV6_JUMBO = 13
export const BY_TCP_DATA_OFFSET = 14
export const BY_TCP_OPTION = 15
export const BY_UDP_LENGTH = 16
export const BY_UDPLITE_COVERAGE = 17
export const BY_LINK_TYPE = 18
export const BY_IPV6_OPTION = 19

/** Notes what is wrong with the packet, unless something further out was wrong already. */
export function malform(
  packet: Packet,
  index: number,
  offset: number,
  needed: number,
  had: number,
  claimant: number,
): void {
  if (packet.malformed !== 0) return
  packet.malformed = index
  packet.malformedOffset = offset
  packet.malformedNeeded = needed
  packet.malformedHad = had
  packet.malformedClaimant = claimant
}

/**
 * `needed` bytes at `offset` are not all there. The packet ends at `claimedEnd` because `claimant` says so; where
 * the wire or the capture ended before that, they are the ones to blame.
 */
export function cutShort(
  packet: Packet,
  index: number,
  offset: number,
  needed: number,
  claimedEnd: number,
  claimant: number,
): void {
  const wireEnd = packet.frameOffset + packet.wireLength
  const capturedEnd = packet.frameOffset + packet.capturedLength
  if (offset + needed > claimedEnd && claimedEnd <= wireEnd)
    malform(packet, index, offset, needed, Math.max(0, claimedEnd - offset), claimant)
  else if (offset + needed > wireEnd)
    malform(packet, index, offset, needed, Math.max(0, wireEnd - offset), BY_FRAME)
  else malform(packet, index, offset, needed, Math.max(0, capturedEnd - offset), BY_CAPTURE)
}

/** The packet was whole on the wire; only the capture is too short to read a header of it. */
export function isCutByCapture(packet: Packet): boolean {
  return packet.malformedClaimant === BY_CAPTURE
}

/** `tcp-truncated at 34: needed 20 bytes, had 12 by the IPv4 total length`, or "" for a packet without fault. */
export function describeMalformed(packet: Packet): string {
  const found = malformedFacts[packet.malformed]
  if (packet.malformed === 0 || !found) return ""
  const at = packet.malformedOffset - packet.frameOffset
  const claimant = claimants[packet.malformedClaimant] ?? "nobody"
  return `${found.name} at ${at}: needed ${packet.malformedNeeded}, had ${packet.malformedHad} by ${claimant}`
}

/** The index of a fact's name, or -1: what a policy's `malformed NAME` stands for. */
export function malformedIndex(name: string): number {
  return malformedFacts.findIndex((each) => each.name === name)
}
