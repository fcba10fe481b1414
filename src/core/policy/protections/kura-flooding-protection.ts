import { ACK, FIN, ICMP, PSH, RST, SYN, TCP, URG } from "../../packet/packet.js"
import {
  and,
  equal,
  exists,
  exthdr,
  icmp,
  icmpv6,
  inSet,
  ip6,
  is,
  isIpv4,
  isIpv6,
  jump,
  l4proto,
  maskedIs,
  missing,
  notEqual,
  range,
  tcp,
  tcpOption,
} from "../../ruleset/build.js"
import type { StepNode } from "../../ruleset/node.js"
import { outcomeChain } from "../compile-outcome.js"
import { sparing } from "../compile-ports.js"
import { rule } from "../compile-rule.js"
import type { PlacedRules, ProtectionKind } from "../protection.js"
import { ALL, combinations, isFinal } from "./flag-kind.js"

const SYN_MASK = FIN | SYN | RST | ACK

/** Rules 4 to 15. */
const flags = combinations(
  [FIN | SYN, FIN | SYN],
  [SYN | RST, SYN | RST],
  [FIN | RST, FIN | RST],
  [FIN | ACK, FIN],
  [ACK | URG, URG],
  [ACK | PSH, PSH],
  [ALL, ALL],
  [ALL, 0],
  [ALL, FIN | PSH | URG],
  [ALL, SYN | FIN | PSH | URG],
  [ALL, SYN | RST | ACK | FIN | URG],
)

const AH = 51
const ESP = 50
const NO_NEXT_HEADER = 59

export const kuraFloodingProtection: ProtectionKind = {
  name: "kura-flooding-protection",
  aliases: ["flooding-protection", "flooding.protection.enabled"],
  value: "setting",
  limits: [],
  defaults: { action: "drop" },
  options: { icmp: ["all", "echo-requests"] },
  outgoing: false,
  compile(protection, context) {
    const { origin } = protection
    const chain = outcomeChain(protection, context, sparing(protection))
    const rules = (...matches: readonly (readonly StepNode[])[]) =>
      matches.map((steps) => rule(origin, ...steps, jump(chain.name)))
    const isTcp = is(l4proto, TCP)
    const mss = tcpOption("maxseg", "size")
    const behind = (header: "hbh" | "rt" | "dst") => equal(exthdr(header, "nexthdr"), AH)
    const placed: PlacedRules[] = [
      {
        place: "tracked",
        order: 0,
        rules: rules(
          ...(protection.options["icmp"] === "echo-requests"
            ? [[equal(icmp("type"), 8)], [equal(icmpv6("type"), 128)]]
            : [
                // Rule 16.
                [isIpv4, is(l4proto, ICMP)],
                // IPv6: echo requests and replies.
                [inSet(icmpv6("type"), [128, 129])],
              ]),
          // -m ipv6header --soft: dst, hop, route, auth, esp, none. A routing header of type 0 is a routing header.
          [exists(exthdr("dst"))],
          [exists(exthdr("hbh"))],
          [exists(exthdr("rt"))],
          [equal(ip6("nexthdr"), AH)],
          [behind("hbh")],
          [behind("rt")],
          [behind("dst")],
          [isIpv6, inSet(l4proto, [ESP, NO_NEXT_HEADER])],
        ),
      },
      // Rule 1.
      { place: "invalid", order: 0, rules: rules([]) },
      {
        place: "new",
        order: 100,
        rules: rules(
          // Rule 2.
          [notEqual(and(tcp("flags"), SYN_MASK), SYN)],
          // Rule 3, in two: iptables' `! --mss` matches where the option is absent, nft's `!=` does not.
          [isTcp, notEqual(mss, range(536, 65535))],
          [maskedIs(tcp("flags"), SYN_MASK, SYN), missing(tcpOption("maxseg"))],
        ),
      },
      { place: "tracked", order: 0, direction: "out", rules: rules([equal(exthdr("rt", "type"), 0)]) },
    ]
    return {
      placed,
      flags: [{ flags, chain: chain.name, isFinal: isFinal(protection) }],
      sets: [],
      chains: [chain],
    }
  },
  manual: {
    title: "Eclipse Kura's flooding protection, rule by rule",
    text: "The rules of Kura 5, IPv4 and IPv6, with what they do; `icmp: echo-requests` is Kura 5.6.1 and newer, which drops of ICMP echo requests only. Left out are those that can never match: -f and the IPv6 fragment header (connection tracking has put fragments together before), and a routing header of type 0 behind the rule that drops every routing header. Rules 4 to 15 are asked on arrival, where most of them can match; behind rule 1, where Kura has them, ten of the twelve never do, with the same packets dropped. Kura also sets the kernel's memory for fragments to nothing, which stops all of them: `fragments: drop` does that. It limits nothing: a flood of well-formed SYNs passes.",
    harms:
      "Ping in both directions, path-MTU discovery and traceroute (all ICMP; with `icmp: echo-requests` pings to here only), clients whose SYN has no MSS option or one below 536, IPv6 multicast listeners, ESP and AH, connections opened before. `default` harms none of them.",
    example: "kura-flooding-protection: drop",
    ancestors: "Kura: flooding.protection.enabled and flooding.protection.enabled.ipv6.",
  },
}
