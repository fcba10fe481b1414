import { ICMP_ECHO_REQUEST } from "../../packet/icmp.js"
import { ICMPV6_ECHO_REQUEST } from "../../packet/icmpv6.js"
import { equal, icmp, icmpv6 } from "../../ruleset/build.js"
import { arrivalSourcesMaximum, limitRules } from "../compile-limit.js"
import { limitChains } from "../compile-outcome.js"
import type { ProtectionKind } from "../protection.js"

const echoRequest = {
  4: equal(icmp("type"), ICMP_ECHO_REQUEST),
  6: equal(icmpv6("type"), ICMPV6_ECHO_REQUEST),
} as const

export const icmpFloods: ProtectionKind = {
  name: "icmp-floods",
  aliases: ["icmp-flood"],
  value: "setting",
  limits: ["rate"],
  defaults: { action: "drop", limit: { form: "rate", rate: { count: 50, unit: "second" }, burst: 200 } },
  options: { newcomers: "number", sources: "number" },
  outgoing: true,
  compile(protection, context) {
    const { chains, ...target } = limitChains(protection, context)
    const guard = (family: 4 | 6) => [echoRequest[family]]
    const { rules, sets } = limitRules(protection, {
      ...context,
      ...target,
      sources: arrivalSourcesMaximum,
      guard,
    })
    return { placed: [{ place: "datagram", order: 0, rules }], sets, chains }
  },
  manual: {
    title: "More pings than a source may send",
    text: "Counts each source's echo requests (IPv6: each /64's). ICMP errors, neighbour discovery and multicast listener messages are never limited: path-MTU discovery and IPv6 live on them.",
    harms: "Ping floods on purpose, as a test of a line. Monitors send one a second.",
    example: "icmp-floods: 50/second burst 200",
    ancestors:
      "FireHOL: protection icmp-floods, one bucket for everybody. Kura drops all pings. CSF: ICMP_IN_RATE, one a second for everybody.",
  },
}
