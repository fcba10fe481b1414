import type { SetDeclaration } from "../ruleset/ruleset.js"

/**
 * Connections that were alive before conntrack was there to see them begin: to conntrack their next packet is a new connection without SYN
 * (or invalid, where net.netfilter.nf_conntrack_tcp_loose is 0). Every table that drops such packets declares these sets, and asks them first;
 * an apply that finds conntrack off fills them in the same transaction. Otherwise they stay empty and cost a look-up for packets that would be dropped.
 */

/** Local connections by source address, source port, destination address, destination port, in both directions. */
export const admitted4: SetDeclaration = {
  name: "admitted4",
  key: ["ipv4_addr", "inet_service", "ipv4_addr", "inet_service"],
  flags: ["timeout"],
  size: 65536,
  keeps: "ledger",
}

export const admitted6: SetDeclaration = {
  name: "admitted6",
  key: ["ipv6_addr", "inet_service", "ipv6_addr", "inet_service"],
  flags: ["timeout"],
  size: 65536,
  keeps: "ledger",
}

/** While it holds the packet's nfproto, packets that belong to no known connection are counted and let past, so that conntrack learns forwarded connections. Timed by the kernel. */
export const warmUp: SetDeclaration = {
  name: "warm-up",
  key: ["nf_proto"],
  flags: ["timeout"],
  size: 4,
  keeps: "ledger",
}
