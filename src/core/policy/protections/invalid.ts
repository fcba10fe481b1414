import { jump } from "../../ruleset/build.js"
import { admittedRules, admittedSets } from "../compile-admitted.js"
import { probeChains } from "../compile-outcome.js"
import { sparing } from "../compile-ports.js"
import { rule } from "../compile-rule.js"
import type { ProtectionKind } from "../protection.js"

export const invalid: ProtectionKind = {
  name: "invalid",
  aliases: [],
  value: "setting",
  limits: [],
  defaults: { action: "drop" },
  outgoing: true,
  meetsProbes: "invalid",
  compile(protection, context) {
    const before = [...admittedRules(protection), ...sparing(protection)]
    const { chains, sets } = probeChains(protection, context, before)
    const rules = [rule(protection.origin, jump(context.name))]
    return { placed: [{ place: "invalid", order: 0, rules }], sets: [...admittedSets, ...sets], chains }
  },
  manual: {
    title: "Packets that belong to no connection and cannot begin one",
    text: "What connection tracking cannot make sense of: segments outside the window, flags that no state allows, answers to nothing, ICMP errors about unknown connections, broken checksums. Right after an apply that switched connection tracking on they are let past for a while, and connections of this host that were alive then are known.",
    harms:
      "Connections of which this host sees only one direction: with several ways in and out (asymmetric routes) the default only notifies. Late segments of a connection that is over; they would have been answered with RST.",
    example: "invalid: drop",
    ancestors:
      "FireHOL: protection invalid, which by default emits nothing. Kura: --ctstate INVALID. CSF: PACKET_FILTER.",
  },
}
