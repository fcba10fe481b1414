import { equal, fib, jump } from "../../ruleset/build.js"
import { outcomeChain } from "../compile-outcome.js"
import { sparing } from "../compile-ports.js"
import { rule } from "../compile-rule.js"
import type { ProtectionKind } from "../protection.js"

/** RTN_LOCAL of linux/rtnetlink.h. */
const LOCAL = 2

export const spoofedSource: ProtectionKind = {
  name: "spoofed-source",
  aliases: [],
  value: "setting",
  limits: [],
  defaults: { action: "drop" },
  outgoing: false,
  compile(protection, context) {
    const chain = outcomeChain(protection, context, sparing(protection))
    // The routing table cannot be asked at ingress, and established connections have proved their source.
    const rules = [rule(protection.origin, equal(fib(["saddr"], "type"), LOCAL), jump(chain.name))]
    return {
      placed: [
        { place: "invalid", order: -10, rules },
        { place: "new", order: 50, rules },
      ],
      sets: [],
      chains: [chain],
    }
  },
  manual: {
    title: "Packets from this host's own address, or from loopback, over a wire",
    text: "The routing table says which addresses are this host's, at the time of each packet. Linux refuses most of these for IPv4; for IPv6 it does not.",
    harms:
      "Nobody, where each address is used once. Virtual addresses that two hosts share (VRRP) are only this host's while it has them.",
    example: "spoofed-source: drop",
  },
}
