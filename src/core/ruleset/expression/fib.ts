import type { ExpressionKind } from "../kind.js"
import { oneWord, type Read } from "../runtime.js"
import { dataTypes, type TypeName } from "../type.js"

/** A look into the routing table (nft(8), FIB EXPRESSIONS): `fib daddr type`, `fib saddr . iif oif`, `fib daddr oifname`. Not at ingress. */
export interface FibNode {
  readonly expression: "fib"
  readonly selectors: readonly ("saddr" | "daddr" | "mark" | "iif" | "oif")[]
  /** `check`: whether there is a route at all, which older versions of nft write `oif exists`. */
  readonly result: "type" | "oif" | "oifname" | "check"
}

/** Type of a route to this host itself (linux/rtnetlink.h). */
const RTN_LOCAL = 2

/** No route is 0, or an empty name. `mark` and `oif` among the selectors do not change what the engine answers. */
export const fib: ExpressionKind<FibNode> = {
  name: "fib",
  types: (node) => [resultTypes[node.result]],
  toNft: (node, write) => {
    const result = node.result === "check" && !write.notation.newest ? "oif" : node.result
    return `fib ${node.selectors.join(" . ")} ${result}`
  },
  bits: (node) => (node.result === "check" ? 1 : dataTypes[resultTypes[node.result]]),
  read: (node) => readOf(node),
  load: (node) => oneWord(readOf(node)),
  requires: () => ({}),
  manual: {
    title: "Routing table",
    text: "The type of an address (local, broadcast, …), or the interface that packets to it leave on. `fib saddr . iif oif missing`: answers would leave elsewhere.",
    example: "fib saddr . iif oif missing drop",
  },
}

const resultTypes = {
  type: "fib_addrtype",
  oif: "iface_index",
  oifname: "ifname",
  check: "boolean",
} as const satisfies Record<FibNode["result"], TypeName>

function readOf(node: FibNode): Read {
  const which = node.selectors.includes("saddr") ? "source" : "destination"
  if (node.result === "type")
    return (packet, run) => (packet.family === 0 ? -1 : run.routes.addressType(packet, which))
  if (node.result === "check") {
    const interfaceOf = readOf({ ...node, result: "oif" })
    return (packet, run) => {
      const found = interfaceOf(packet, run)
      return found <= 0 ? found : 1
    }
  }
  const asksInput = node.selectors.includes("iif")
  return (packet, run) => {
    if (packet.family === 0) return -1
    // Measured on Linux 6.18: an address of this host is `missing`; broadcast and multicast have the interface of their route.
    if (run.routes.addressType(packet, which) === RTN_LOCAL) return 0
    const found = run.routes.interfaceTo(packet, which)
    if (!asksInput) return found
    return found === run.inputInterface ? found : 0
  }
}
