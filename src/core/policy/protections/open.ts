import { IGMP, UDP } from "../../packet/packet.js"
import {
  concat,
  icmp,
  icmpv6,
  inSet,
  is,
  jump,
  l4proto,
  parts,
  range,
  returnVerdict,
  udp,
} from "../../ruleset/build.js"
import { admittedRules, admittedSets, isNotSyn } from "../compile-admitted.js"
import { openingRules } from "../compile-openings.js"
import { probeChains } from "../compile-outcome.js"
import { portItems, sparing } from "../compile-ports.js"
import { rule } from "../compile-rule.js"
import type { ProtectionKind } from "../protection.js"

export const open: ProtectionKind = {
  name: "open",
  aliases: ["allow-ports"],
  value: "openings",
  limits: [],
  defaults: { action: "drop" },
  outgoing: false,
  meetsProbes: "new",
  compile(protection, context) {
    const { origin, ports } = protection
    // A connection that is older than connection tracking looks new, and its port may be closed to new ones.
    const told = probeChains(protection, context, [
      ...admittedRules(protection, isNotSyn),
      ...sparing({ ...protection, ports: [] }),
    ])
    const transportPort = concat(l4proto, { expression: "payload", protocol: "th", field: "dport" })
    const closing = [rule(origin, jump(context.name))]
    const openings = openingRules(protection.openings ?? [], context.name, origin, closing)
    const gate = {
      name: `${context.name}/gate`,
      rules: [
        ...(ports.length > 0 ? [rule(origin, inSet(transportPort, portItems(ports)), returnVerdict)] : []),
        // Echo requests (icmp-floods limits them), and errors that conntrack cannot place.
        rule(origin, inSet(icmp("type"), [3, 4, 8, 11, 12]), returnVerdict),
        // Errors, echo requests, multicast listeners, neighbours and routers, inverse and secure neighbour discovery, multicast routers (RFC 4890, 4.4).
        rule(
          origin,
          inSet(icmpv6("type"), [
            range(1, 4),
            128,
            range(130, 137),
            range(141, 143),
            range(148, 149),
            range(151, 153),
          ]),
          returnVerdict,
        ),
        rule(origin, is(l4proto, IGMP), returnVerdict),
        // Answers to this host as a DHCP client: it asked from another address, or by broadcast, so they are nobody's reply.
        rule(
          origin,
          inSet(concat(l4proto, udp("sport"), udp("dport")), [parts(UDP, 67, 68), parts(UDP, 547, 546)]),
          returnVerdict,
        ),
        ...openings.rules,
        ...closing,
      ],
    }
    const rules = [rule(origin, jump(gate.name))]
    return {
      placed: [{ place: "new", order: 900, rules }],
      sets: [...admittedSets, ...told.sets, ...openings.sets],
      chains: [...told.chains, ...openings.chains, gate],
    }
  },
  manual: {
    title: "Only these ports accept new connections",
    text: "New inbound connections to all other ports are dropped, to this host and through it. A port is the port that the client dialled, so a container published with -p 8080:80 is 8080. What this host or those behind it open themselves is not touched, nor are answers to it, ICMP errors and pings, neighbour discovery, multicast group messages, and the answers that a DHCP client waits for. Every other protocol is closed: IPsec without UDP, GRE, OSPF, multicast DNS. An item that is a map opens in part: `{ ports: [ssh], from: [office] }` to those sources alone, `to` for those destinations (as they were dialled), `only: here` for this host itself, groups and broadcasts included, `only: through` for what it passes on; `ports: all` is every port and every protocol. What it lets in is protected like all else: a bypass is not. `open: []` closes all. Without `open` nothing is closed. Packets that somebody keeps from connection tracking (notrack) pass: nobody knows which of them are new.",
    harms:
      "Every service that the list forgets: `check` names those that listen and are not open; action: notify shows what would be dropped.",
    example:
      "open: [http, https, 8080/tcp, { ports: [ssh], from: [192.0.2.0/24] }, { ports: all, only: through }]",
    ancestors: "FireHOL: server … accept under policy drop. CSF: TCP_IN, UDP_IN. Kura: open ports.",
  },
}
