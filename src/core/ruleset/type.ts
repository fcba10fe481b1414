/**
 * nft's data types, by nft's names: how many bits a value has. Values are 32-bit words, most significant first,
 * a type of fewer than 32 bits being a number in one word; in a concatenation each part starts a new word, as in the kernel's registers.
 * Interface names are text in a ruleset, and an index in the engine.
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
  tcp_flag: 8,
  ct_state: 32,
  ct_dir: 8,
  ct_status: 32,
  mark: 32,
  ifname: 128,
  pkt_type: 8,
  fib_addrtype: 32,
  integer: 32,
  boolean: 8,
  dscp: 6,
} as const

export type TypeName = keyof typeof dataTypes

/** How many 32-bit words a value of this type takes. An interface name takes one: its index. */
export function wordsOf(type: TypeName): number {
  return type === "ifname" ? 1 : Math.ceil(dataTypes[type] / 32)
}
