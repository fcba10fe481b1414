import type { ExpressionKind } from "../kind.js"
import { oneWord } from "../runtime.js"
import type { TypeName } from "../type.js"
import { neverMatches } from "./unknown-to-engine.js"

/** What IPsec did or will do with the packet (nft(8), IPSEC EXPRESSIONS). */
export interface IpsecNode {
  readonly expression: "ipsec"
  readonly direction: "in" | "out"
  readonly key: "reqid" | "spi" | "ip saddr" | "ip daddr" | "ip6 saddr" | "ip6 daddr"
  /** Which of several transformations, from 0. */
  readonly number?: number
}

const types: Record<IpsecNode["key"], TypeName> = {
  reqid: "integer",
  spi: "integer",
  "ip saddr": "ipv4_addr",
  "ip daddr": "ipv4_addr",
  "ip6 saddr": "ipv6_addr",
  "ip6 daddr": "ipv6_addr",
}

export const ipsec: ExpressionKind<IpsecNode> = {
  name: "ipsec",
  types: (node) => [types[node.key]],
  assumes: () => neverMatches,
  toNft: (node) => `ipsec ${node.direction}${node.number ? ` spnum ${node.number}` : ""} ${node.key}`,
  read: (node) => (node.key.startsWith("ip6") ? undefined : () => -1),
  load: (node) => (node.key.startsWith("ip6") ? () => false : oneWord(() => -1)),
  manual: {
    title: "IPsec",
    text: "The request, the parameter index or the endpoints of a packet's IPsec transformation. A replay has none, and nothing matches.",
    example: "ipsec in reqid 1 accept",
  },
}
