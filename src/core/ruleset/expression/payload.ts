/** A field of a packet's headers, by nft's names (nft(8), PAYLOAD EXPRESSIONS): `ip saddr`, `tcp dport`, `th dport`, `ip frag-off`. */
export interface PayloadNode {
  readonly expression: "payload"
  readonly protocol: "ether" | "vlan" | "arp" | "ip" | "ip6" | "tcp" | "udp" | "icmp" | "icmpv6" | "th"
  readonly field: string
}
