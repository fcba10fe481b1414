import { jump } from "../../ruleset/build.js"
import { admittedRules, admittedSets, isNotSyn } from "../compile-admitted.js"
import { probeChains } from "../compile-outcome.js"
import { sparing } from "../compile-ports.js"
import { rule } from "../compile-rule.js"
import type { ProtectionKind } from "../protection.js"

export const newTcpWithoutSyn: ProtectionKind = {
  name: "new-tcp-without-syn",
  aliases: ["new-tcp-w/o-syn"],
  value: "setting",
  limits: [],
  defaults: { action: "drop" },
  outgoing: true,
  meetsProbes: "new",
  compile(protection, context) {
    const before = [...admittedRules(protection), ...sparing(protection)]
    const { chains, sets } = probeChains(protection, context, before)
    const rules = [rule(protection.origin, isNotSyn, jump(context.name))]
    return { placed: [{ place: "new", order: 100, rules }], sets: [...admittedSets, ...sets], chains }
  },
  manual: {
    title: "TCP connections that begin in the middle",
    text: "Connection tracking takes up a connection that it meets in the middle (nf_conntrack_tcp_loose), which is how ACK scans get past a firewall. Right after an apply that switched connection tracking on such packets are let past for a while, and connections of this host that were alive then are known.",
    harms:
      "Connections whose beginning this host did not see: after a failover to it, with asymmetric routes (there the default only notifies), or after more than five days without a packet.",
    example: "new-tcp-without-syn: drop",
    ancestors: "FireHOL: protection new-tcp-w/o-syn. Kura: ! --syn with --ctstate NEW. CSF: PACKET_FILTER.",
  },
}
