import type { ExpressionKind } from "../kind.js"
import { oneWord } from "../runtime.js"
import type { TypeName } from "../type.js"
import { neverKnown, neverMatches } from "./unknown-to-engine.js"

/** What the kernel's route for the packet says (nft(8), ROUTING EXPRESSIONS): `rt classid`, `rt ip nexthop`, `rt mtu`, `rt ipsec`. */
export interface RoutingNode {
  readonly expression: "rt"
  readonly key: "classid" | "ip nexthop" | "ip6 nexthop" | "mtu" | "ipsec"
}

const types: Record<RoutingNode["key"], TypeName> = {
  classid: "realm",
  "ip nexthop": "ipv4_addr",
  "ip6 nexthop": "ipv6_addr",
  mtu: "integer",
  ipsec: "boolean",
}

export const routing: ExpressionKind<RoutingNode> = {
  name: "rt",
  types: (node) => [types[node.key]],
  bits: (node) => ({ classid: 32, "ip nexthop": 32, "ip6 nexthop": 128, mtu: 16, ipsec: 1 })[node.key],
  assumes: () => neverMatches,
  toNft: (node) => `rt ${node.key}`,
  read: (node) => (node.key === "ip6 nexthop" ? undefined : neverKnown),
  load: (node) => (node.key === "ip6 nexthop" ? () => false : oneWord(neverKnown)),
  manual: {
    title: "Routes",
    text: "What the route of a packet says: its realm, its next hop, the largest segment that fits. A replay has no such route, and nothing matches.",
    example: 'rt classid "cosmos" accept',
  },
}
