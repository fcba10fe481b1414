/**
 * nft's data types, by nft's names: how many bits a value has. Values are 32-bit words, most significant first,
 * a type of fewer than 32 bits being a number in one word; in a concatenation each part starts a new word, as in the kernel's registers.
 * Interfaces are text in a ruleset (or a number, where one was written), and an index in the engine; a `string` is text that the engine never has.
 */
export const dataTypes = {
  ipv4_addr: 32,
  ipv6_addr: 128,
  ether_addr: 48,
  ether_type: 16,
  inet_service: 16,
  inet_proto: 8,
  nf_proto: 8,
  icmp_type: 8,
  icmpv6_type: 8,
  icmp_code: 8,
  icmpv6_code: 8,
  icmpx_code: 8,
  igmp_type: 8,
  tcp_flag: 8,
  mptcpopt_subtype: 4,
  dccp_pkttype: 4,
  mh_type: 8,
  arp_op: 16,
  ct_state: 32,
  ct_dir: 8,
  ct_status: 32,
  ct_label: 128,
  ct_event: 32,
  mark: 32,
  ifname: 128,
  iface_index: 32,
  iface_type: 16,
  devgroup: 32,
  pkt_type: 8,
  fib_addrtype: 32,
  boolean: 8,
  dscp: 6,
  ecn: 2,
  uid: 32,
  gid: 32,
  realm: 32,
  classid: 32,
  cgroupsv2: 64,
  /** Milliseconds of a span: what is left of a connection. */
  time: 64,
  /** Seconds since 1970: nft calls this a `time` too. */
  absolute_time: 64,
  day: 8,
  /** Seconds of the day. */
  hour: 32,
  string: 128,
  integer: 32,
  /** A number that nft lists in hexadecimal; an `integer` to sets. */
  xinteger: 32,
  integer64: 64,
  xinteger64: 64,
  xinteger128: 128,
} as const

export type TypeName = keyof typeof dataTypes

/** How many 32-bit words a value of this type takes. Text takes one: an interface's index. */
export function wordsOf(type: TypeName): number {
  return type === "ifname" || type === "string" ? 1 : Math.ceil(dataTypes[type] / 32)
}

/** Types whose values may be text. */
export function isTextType(type: TypeName): boolean {
  return type === "ifname" || type === "iface_index" || type === "string" || type === "cgroupsv2"
}

const plainNumbers: Partial<Record<TypeName, TypeName>> = {
  xinteger: "integer",
  xinteger64: "integer64",
}

/** The type as sets know it: whether nft lists a number in hexadecimal is its field's, and no type of its own. */
export function setTypeOf(type: TypeName): TypeName {
  return plainNumbers[type] ?? type
}
