/** The words of nft's grammar that several parts of it ask for. */

/** Fields of the headers, by protocol, as nft writes them; `arp saddr ip` and its kin are two words. */
export const headerFields: Readonly<Record<string, readonly string[]>> = {
  ether: ["saddr", "daddr", "type"],
  vlan: ["id", "dei", "cfi", "pcp", "type"],
  arp: ["htype", "ptype", "hlen", "plen", "operation", "saddr", "daddr"],
  ip: [
    "version",
    "hdrlength",
    "dscp",
    "ecn",
    "length",
    "id",
    "frag-off",
    "ttl",
    "protocol",
    "checksum",
    "saddr",
    "daddr",
  ],
  icmp: ["type", "code", "checksum", "id", "sequence", "gateway", "mtu"],
  igmp: ["type", "checksum", "mrt", "group"],
  ip6: ["version", "dscp", "ecn", "flowlabel", "length", "nexthdr", "hoplimit", "saddr", "daddr"],
  icmpv6: [
    "type",
    "code",
    "checksum",
    "parameter-problem",
    "mtu",
    "id",
    "sequence",
    "max-delay",
    "taddr",
    "daddr",
  ],
  ah: ["nexthdr", "hdrlength", "reserved", "spi", "sequence"],
  esp: ["spi", "sequence"],
  comp: ["nexthdr", "flags", "cpi"],
  udp: ["sport", "dport", "length", "checksum"],
  udplite: ["sport", "dport", "csumcov", "checksum"],
  tcp: ["sport", "dport", "sequence", "ackseq", "doff", "reserved", "flags", "window", "checksum", "urgptr"],
  dccp: ["sport", "dport", "type"],
  sctp: ["sport", "dport", "vtag", "checksum"],
  th: ["sport", "dport"],
  gre: ["hdrlen", "flags", "version", "protocol"],
  gretap: [],
  vxlan: ["flags", "vni"],
  geneve: ["vni", "type"],
}

/** What carries another packet: `vxlan ip saddr`. */
export const tunnels: ReadonlySet<string> = new Set(["gre", "gretap", "vxlan", "geneve"])

export const extensionHeaderFields: Readonly<Record<string, readonly string[]>> = {
  hbh: ["nexthdr", "hdrlength"],
  dst: ["nexthdr", "hdrlength"],
  mh: ["nexthdr", "hdrlength", "type", "reserved", "checksum"],
  rt: ["nexthdr", "hdrlength", "type", "seg-left"],
  rt0: ["addr"],
  rt2: ["addr"],
  srh: ["last-entry", "flags", "tag", "sid", "seg-left"],
  rt4: ["last-entry", "flags", "tag", "sid"],
  frag: ["nexthdr", "reserved", "frag-off", "reserved2", "more-fragments", "id"],
}

/** Taken without `meta`. */
export const bareMetaKeys: ReadonlySet<string> = new Set([
  "mark",
  "iif",
  "iifname",
  "iiftype",
  "oif",
  "oifname",
  "oiftype",
  "skuid",
  "skgid",
  "nftrace",
  "rtclassid",
  "ibriport",
  "obriport",
  "ibridgename",
  "obridgename",
  "ibrname",
  "obrname",
  "ibrpvid",
  "ibrvproto",
  "pkttype",
  "cpu",
  "iifgroup",
  "oifgroup",
  "cgroup",
  "time",
  "hour",
  "day",
])

export const metaKeys: ReadonlySet<string> = new Set([
  ...bareMetaKeys,
  "length",
  "nfproto",
  "l4proto",
  "protocol",
  "priority",
  "random",
  "secmark",
  "secpath",
  "ipsec",
  "sdif",
  "sdifname",
  "iifkind",
  "oifkind",
  "broute",
  "ibrhwaddr",
])

export const ctKeys: ReadonlySet<string> = new Set([
  "state",
  "direction",
  "status",
  "mark",
  "secmark",
  "expiration",
  "helper",
  "label",
  "l3proto",
  "protocol",
  "saddr",
  "daddr",
  "proto-src",
  "proto-dst",
  "bytes",
  "packets",
  "avgpkt",
  "zone",
  "id",
  "event",
])

export const families: ReadonlySet<string> = new Set(["ip", "ip6", "inet", "arp", "bridge", "netdev"])

/** Operators between a value and what it is compared with, with their words. */
export const relations: Readonly<Record<string, string>> = {
  "==": "==",
  eq: "==",
  "!=": "!=",
  ne: "!=",
  "<": "<",
  lt: "<",
  ">": ">",
  gt: ">",
  "<=": "<=",
  le: "<=",
  ">=": ">=",
  ge: ">=",
  "!": "!",
}

/** Binary operators with their words, from the loosest to the tightest. */
export const binaryOperators: readonly Readonly<Record<string, string>>[] = [
  { "|": "|", or: "|" },
  { "^": "^", xor: "^" },
  { "&": "&", and: "&" },
  { "<<": "<<", lshift: "<<", ">>": ">>", rshift: ">>" },
]
