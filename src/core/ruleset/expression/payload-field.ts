import type { TypeName } from "../type.js"
import type { PayloadNode } from "./payload.js"

/** Where a field stands: its first bit from the start of its header, its width in bits, and its type. */
export interface PayloadField {
  readonly bit: number
  readonly bits: number
  readonly type: TypeName
  /** The field is only there in messages of these types, which nft asks first. */
  readonly icmpTypes?: readonly number[]
}

type Fields = Readonly<Record<string, PayloadField>>

function field(
  bit: number,
  bits: number,
  type: TypeName = "integer",
  icmpTypes?: readonly number[],
): PayloadField {
  return { bit, bits, type, ...(icmpTypes && { icmpTypes }) }
}

const ports: Fields = { sport: field(0, 16, "inet_service"), dport: field(16, 16, "inet_service") }
const echoTypes = [0, 8]
const echoTypes6 = [128, 129]
/** Multicast listener messages, neighbour discovery and redirects name an address (RFC 2710, 4861). */
const targetTypes = [130, 131, 132, 135, 136, 137]

/** nft's names (nft(8), PAYLOAD EXPRESSIONS); the places are those of the protocols' RFCs. */
export const payloadFields: Readonly<Record<PayloadNode["protocol"], Fields>> = {
  ether: {
    daddr: field(0, 48, "ether_addr"),
    saddr: field(48, 48, "ether_addr"),
    type: field(96, 16, "ether_type"),
  },
  vlan: {
    pcp: field(0, 3),
    dei: field(3, 1),
    cfi: field(3, 1),
    id: field(4, 12),
    type: field(16, 16, "ether_type"),
  },
  arp: {
    htype: field(0, 16),
    ptype: field(16, 16, "ether_type"),
    hlen: field(32, 8),
    plen: field(40, 8),
    operation: field(48, 16, "arp_op"),
    "saddr ether": field(64, 48, "ether_addr"),
    "saddr ip": field(112, 32, "ipv4_addr"),
    "daddr ether": field(144, 48, "ether_addr"),
    "daddr ip": field(192, 32, "ipv4_addr"),
  },
  ip: {
    version: field(0, 4),
    hdrlength: field(4, 4),
    dscp: field(8, 6, "dscp"),
    ecn: field(14, 2, "ecn"),
    length: field(16, 16),
    id: field(32, 16),
    "frag-off": field(48, 16, "xinteger"),
    ttl: field(64, 8),
    protocol: field(72, 8, "inet_proto"),
    checksum: field(80, 16),
    saddr: field(96, 32, "ipv4_addr"),
    daddr: field(128, 32, "ipv4_addr"),
  },
  ip6: {
    version: field(0, 4),
    dscp: field(4, 6, "dscp"),
    ecn: field(10, 2, "ecn"),
    flowlabel: field(12, 20),
    length: field(32, 16),
    nexthdr: field(48, 8, "inet_proto"),
    hoplimit: field(56, 8),
    saddr: field(64, 128, "ipv6_addr"),
    daddr: field(192, 128, "ipv6_addr"),
  },
  tcp: {
    ...ports,
    sequence: field(32, 32),
    ackseq: field(64, 32),
    doff: field(96, 4),
    reserved: field(100, 4),
    flags: field(104, 8, "tcp_flag"),
    window: field(112, 16),
    checksum: field(128, 16),
    urgptr: field(144, 16),
  },
  udp: { ...ports, length: field(32, 16), checksum: field(48, 16) },
  udplite: { ...ports, csumcov: field(32, 16), cscov: field(32, 16), checksum: field(48, 16) },
  sctp: { ...ports, vtag: field(32, 32), checksum: field(64, 32) },
  dccp: { ...ports, type: field(67, 4, "dccp_pkttype") },
  th: ports,
  esp: { spi: field(0, 32), sequence: field(32, 32) },
  ah: {
    nexthdr: field(0, 8, "inet_proto"),
    hdrlength: field(8, 8),
    reserved: field(16, 16),
    spi: field(32, 32),
    sequence: field(64, 32),
  },
  comp: { nexthdr: field(0, 8, "inet_proto"), flags: field(8, 8, "xinteger"), cpi: field(16, 16) },
  gre: { flags: field(0, 5), version: field(13, 3), protocol: field(16, 16, "ether_type") },
  gretap: {},
  vxlan: { flags: field(0, 8), vni: field(32, 24) },
  geneve: {
    version: field(0, 2),
    optlen: field(2, 6),
    flags: field(8, 8),
    type: field(16, 16, "ether_type"),
    vni: field(32, 24),
  },
  igmp: {
    type: field(0, 8, "igmp_type"),
    mrt: field(8, 8),
    checksum: field(16, 16),
    group: field(32, 32, "ipv4_addr"),
  },
  icmp: {
    type: field(0, 8, "icmp_type"),
    code: field(8, 8, "icmp_code"),
    checksum: field(16, 16),
    id: field(32, 16, "integer", echoTypes),
    sequence: field(48, 16, "integer", echoTypes),
    gateway: field(32, 32, "integer", [5]),
    mtu: field(48, 16, "integer", [3]),
  },
  icmpv6: {
    type: field(0, 8, "icmpv6_type"),
    code: field(8, 8, "icmpv6_code"),
    checksum: field(16, 16),
    "parameter-problem": field(32, 32, "integer", [4]),
    mtu: field(32, 32, "integer", [2]),
    id: field(32, 16, "integer", echoTypes6),
    sequence: field(48, 16, "integer", echoTypes6),
    "max-delay": field(32, 16, "integer", [130]),
    taddr: field(64, 128, "ipv6_addr", targetTypes),
    daddr: field(192, 128, "ipv6_addr", [137]),
  },
}
