import { TCP, UDP } from "../../packet/packet.js"
import {
  atLeast,
  below,
  equal,
  exthdr,
  ip,
  isIpv6,
  jump,
  l4proto,
  maskedIs,
  notInSet,
  returnVerdict,
  tcp,
  udp,
} from "../../ruleset/build.js"
import type { Origin } from "../../ruleset/origin.js"
import type { Chain, Rule } from "../../ruleset/ruleset.js"
import { outcomeChain } from "../compile-outcome.js"
import { sparing } from "../compile-ports.js"
import { rule } from "../compile-rule.js"
import type { Protection } from "../policy.js"
import type { CompileContext, Compiled, ProtectionKind } from "../protection.js"

/** Fragment offset of IPv4, in units of eight bytes. */
const OFFSET = 0x1fff

export const fragments: ProtectionKind = {
  name: "fragments",
  aliases: [],
  value: "setting",
  limits: [],
  defaults: { action: "drop" },
  options: { which: ["all", "tiny-and-overlapping"] },
  outgoing: true,
  compile(protection, context) {
    return protection.options["which"] === "tiny-and-overlapping"
      ? tiny(protection, context)
      : all(protection, context)
  },
  manual: {
    title: "IP fragments",
    text: "Drops every fragment, the first and the later ones, of both families, before the kernel puts them together; an IPv6 packet that has a fragment header but is whole counts as one. `which: tiny-and-overlapping` drops only those that hide something: a first fragment too short to hold the TCP, UDP or other transport header (RFC 1858, RFC 7112), and one that begins at its eighth byte, where it could overwrite a header. Other overlaps are the kernel's business: Linux throws away the whole datagram when its fragments overlap, of both families (RFC 5722), on this host and, with connection tracking, through it. On the way out fragments are met on the wire where the kernel has an egress hook (5.16); without it only those that are passed on.",
    harms:
      "`which: all` harms DNSSEC, IKE with certificates, NFS over UDP, tunnels: whoever sends more than a packet holds over UDP. The default drops tiny and overlapping ones only, which no honest sender makes.",
    example: "fragments: { which: tiny-and-overlapping }",
    ancestors:
      "FireHOL: protection fragments, which emits nothing. Kura: -f, which never matches with connection tracking, and sysctls that stop all reassembly.",
  },
}

function all(protection: Protection, context: CompileContext): Compiled {
  const chain = outcomeChain(protection, context, sparing(protection))
  const rules = [rule(protection.origin, jump(chain.name))]
  return { placed: [{ place: "fragment", order: 0, rules }], sets: [], chains: [chain] }
}

function tiny(protection: Protection, context: CompileContext): Compiled {
  const { origin } = protection
  const chain = outcomeChain(protection, context, sparing(protection))
  const first4 = firstIpv4(origin, `${context.name}/first4`, chain.name)
  const first6 = firstIpv6(origin, `${context.name}/first6`, chain.name)
  const rules = [
    rule(origin, maskedIs(ip("frag-off"), OFFSET, 1), jump(chain.name)),
    rule(origin, maskedIs(ip("frag-off"), OFFSET, 0), jump(first4.name)),
    rule(origin, equal(exthdr("frag", "frag-off"), 1), jump(chain.name)),
    rule(
      origin,
      equal(exthdr("frag", "frag-off"), 0),
      equal(exthdr("frag", "more-fragments"), 1),
      jump(first6.name),
    ),
  ]
  return { placed: [{ place: "fragment", order: 0, rules }], sets: [], chains: [chain, first4, first6] }
}

/**
 * Short by what the IP header says, not by what can be read: at ingress a short frame's padding still counts. A first fragment of other protocols than
 * TCP that is not empty holds eight bytes, which is a whole header of UDP and ICMP.
 */
function firstIpv4(origin: Origin, name: string, outcome: string): Chain {
  const rules: Rule[] = []
  for (let words = 5; words <= 15; words++) {
    const header = words === 5 ? [] : [equal(ip("hdrlength"), words)]
    rules.push(
      rule(origin, ...header, equal(ip("protocol"), TCP), below(ip("length"), words * 4 + 20), jump(outcome)),
    )
    rules.push(rule(origin, ...header, below(ip("length"), words * 4 + 8), jump(outcome)))
    // Nearly no packet has options: one question instead of twenty.
    if (words === 5) rules.push(rule(origin, equal(ip("hdrlength"), 5), returnVerdict))
  }
  return { name, rules }
}

/** RFC 7112: the first fragment holds all headers. Where a header is missing or cut its last field cannot be read, and the protocol is not known. */
function firstIpv6(origin: Origin, name: string, outcome: string): Chain {
  return {
    name,
    rules: [
      rule(origin, atLeast(tcp("urgptr"), 0), returnVerdict),
      rule(origin, atLeast(udp("checksum"), 0), returnVerdict),
      rule(origin, isIpv6, notInSet(l4proto, [TCP, UDP]), returnVerdict),
      rule(origin, jump(outcome)),
    ],
  }
}
