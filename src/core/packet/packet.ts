// Before everything else, so that they are numbers in a bundle (conntrack/layout.ts says what variables cost).
export const FIN = 1
export const SYN = 2
export const RST = 4
export const PSH = 8
export const ACK = 16
export const URG = 32
export const ECE = 64
export const CWR = 128

export const ICMP = 1
export const IGMP = 2
export const TCP = 6
export const UDP = 17
export const DCCP = 33
export const ICMPV6 = 58
export const GRE = 47
export const SCTP = 132
export const UDPLITE = 136

/**
 * One packet, decoded: numbers only, over a borrowed buffer.
 *
 * A decoder fills the same object for every packet of a capture, so a million packets make no garbage.
 * Who needs a packet longer than until the next `decode` calls `copyPacket` (packet/copy.ts).
 *
 * Offsets count bytes from the start of `view`; -1 says that the layer is not there.
 */
export class Packet {
  /** The bytes as captured; borrowed from the capture buffer. */
  view: DataView = EMPTY
  /** Where the frame starts in `view`. */
  frameOffset = 0
  /** Bytes captured, and bytes that were on the wire. */
  capturedLength = 0
  wireLength = 0

  /** A LINKTYPE_* number of https://www.tcpdump.org/linktypes.html */
  linkType = 0
  /** EtherType of the payload behind all VLAN tags; 0 where the link layer has none. */
  etherType = 0
  /** VLAN tags seen, outermost first: how many, and the first two tag control words. */
  vlanCount = 0
  vlanOuter = 0
  vlanInner = 0
  /** Where the hardware addresses stand (Ethernet), or -1. */
  destinationMacOffset = -1
  sourceMacOffset = -1
  /** pcap and cooked captures may know it: 0 unknown, 1 arrived, 2 left. */
  direction: 0 | 1 | 2 = 0
  /** For cooked captures: LINUX_SLL_* packet type (0 host, 1 broadcast, 2 multicast, 3 otherhost, 4 outgoing), else -1. */
  linkPacketType = -1
  /** The interface's index on the capturing host (cooked v2, NFLOG), or 0. */
  linkInterfaceIndex = 0
  /** NFLOG: the text of the rule's log prefix (its zero byte left out), and the hook number, or -1. */
  nflogPrefixOffset = -1
  nflogPrefixLength = 0
  nflogHook = -1

  /** 4, 6, or 0 where there is no IP (ARP, LLDP, …) or it could not be read. */
  family: 0 | 4 | 6 = 0
  /** Where the header behind the link layer stands, be it IP or (family 0) ARP. */
  networkOffset = -1
  /** Header length, options and (IPv6) extension headers up to the transport header included. */
  networkHeaderLength = 0
  /** The IP packet's length as it says itself, header and payload; where it says 0, what the frame has. */
  networkLength = 0
  /** Addresses as unsigned 32-bit words, most significant first; IPv4 uses word 0. */
  source0 = 0
  source1 = 0
  source2 = 0
  source3 = 0
  destination0 = 0
  destination1 = 0
  destination2 = 0
  destination3 = 0
  /** Time to live, or hop limit. */
  ttl = 0
  /** The whole TOS or traffic class byte. */
  trafficClass = 0
  /** IPv4: identification; IPv6: that of its fragment header. */
  identification = 0
  dontFragment = false
  moreFragments = false
  /** In bytes. */
  fragmentOffset = 0
  /** An IPv6 fragment header is there, atomic fragments included; for IPv4: moreFragments or fragmentOffset > 0. */
  isFragment = false
  /** IPv6: a bit for each extension header seen (packet/ipv6.ts names the bits). */
  extensionHeaders = 0
  /** IPv6: type of the first routing header, or -1. */
  routingType = -1

  /** The protocol behind all IP headers: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6, others by number; -1 without IP. */
  protocol = -1
  /** -1 in fragments but the first, and where the transport header could not be read. */
  transportOffset = -1
  /** Where the transport bytes start, a header cut short included; -1 in fragments but the first. */
  transportStart = -1
  /** The payload behind the transport header: its start, and its end as IP's own length gives it, cut to what was captured. */
  payloadOffset = -1
  payloadEnd = -1

  /** TCP, UDP, UDP-Lite, SCTP, DCCP; else 0. */
  sourcePort = 0
  destinationPort = 0
  /** TCP: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128. */
  tcpFlags = 0
  tcpSequence = 0
  tcpAcknowledgement = 0
  tcpWindow = 0
  tcpHeaderLength = 0
  tcpUrgentPointer = 0
  /** Options that matter to conntrack and matches; -1 where absent. */
  tcpMaximumSegmentSize = -1
  tcpWindowScale = -1
  tcpSackPermitted = false
  udpLength = 0
  /** ICMP and ICMPv6. */
  icmpType = -1
  icmpCode = -1
  /** Echo, timestamp and the like: identifier; 0 otherwise. */
  icmpIdentifier = 0
  icmpSequence = 0

  /** ARP: operation; 0 otherwise. */
  arpOperation = 0

  /** 0, or an index into `malformedFacts` (packet/malformed.ts): the first thing that was wrong, outermost first. */
  malformed = 0
  /** Where, how many bytes were needed and had, and which field claimed them (index into `claimants`). */
  malformedOffset = 0
  malformedNeeded = 0
  malformedHad = 0
  malformedClaimant = 0

  /** The IP version of a packet as most are, or 0: see `plainVersion` (packet/plain.ts). */
  plain: 0 | 4 | 6 = 0
  /** The words of the addresses and of a TCP or UDP header without options, added up in halves, where the decoder read them all anyway (`plain` is 4); -1 where it did not. */
  headerSum = -1

  /** Set by who feeds the engine. */
  /** When, in nanoseconds since an epoch that the feeder chose (a replay: the first packet); exact for 104 days. */
  time = 0
  /** Indices into the engine's interface names; 0 is none. */
  inputInterface = 0
  outputInterface = 0
}

const EMPTY = new DataView(new ArrayBuffer(0))
