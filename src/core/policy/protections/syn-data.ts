import type { Diagnostic } from "../../base/diagnostic.js"
import { SYN, TCP } from "../../packet/packet.js"
import {
  above,
  equal,
  exists,
  goto,
  ip,
  ip6,
  is,
  isIpv6,
  jump,
  maskedIs,
  notEqual,
  returnVerdict,
  tcp,
  tcpOption,
} from "../../ruleset/build.js"
import type { Origin } from "../../ruleset/origin.js"
import type { Chain } from "../../ruleset/ruleset.js"
import { outcomeChain } from "../compile-outcome.js"
import { sparing } from "../compile-ports.js"
import { rule } from "../compile-rule.js"
import type { ProtectionKind } from "../protection.js"

/** Header lengths of a SYN in words of 32 bits, the most common first: Linux, Windows, macOS, and the others. */
const offsets = [10, 8, 11, 6, 7, 5, 9, 12, 13, 14, 15]
const IP_HEADER = 20
/** FIN, SYN, RST, ACK. */
const OPENING = 0x17
/** RFC 7413. */
const FAST_OPEN = 34

export const synData: ProtectionKind = {
  name: "syn-data",
  aliases: [],
  value: "setting",
  limits: [],
  defaults: { action: "drop" },
  outgoing: true,
  compile(protection, context) {
    const { origin } = protection
    const chain = outcomeChain(protection, context, sparing(protection))
    const isSaid = context.host.routesByInterface !== false
    const look = `${context.name}/look`
    const looks = isSaid ? exactly(origin, look, chain.name) : [roughly(origin, look, chain.name)]
    const lead = rule(origin, maskedIs(tcp("flags"), OPENING, SYN), jump(look))
    return {
      placed: [{ place: "let-in", order: 910, rules: [lead] }],
      sets: [],
      chains: [chain, ...looks],
      ...(!isSaid && { diagnostics: [isRough(origin)] }),
    }
  },
  manual: {
    title: "SYNs with data that are not TCP Fast Open",
    text: "RFC 9293 allows data in a SYN, and nobody sends it but TCP Fast Open, which says so in an option (RFC 7413). Looked at are SYNs that are let in, by their length; those with IP options or IPv6 extension headers are not.",
    harms:
      "Nobody is known. The experimental Fast Open of before 2014 (option 254): the preset default only notifies.",
    example: "syn-data: notify",
  },
}

/**
 * nft compares with constants: so each length that a SYN has without data stands in a rule of its own, and an ordinary SYN leaves by the first or the second. With IP
 * options or extension headers it is another sum; hardly anybody sends them, and no rule adds.
 */
function exactly(origin: Origin, name: string, chain: string): readonly Chain[] {
  const found = [rule(origin, exists(tcpOption(FAST_OPEN)), returnVerdict), rule(origin, jump(chain))]
  const six = `${name}6`
  return [
    {
      name,
      rules: [
        rule(origin, isIpv6, goto(six)),
        ...offsets.map((words) =>
          rule(origin, equal(ip("length"), IP_HEADER + words * 4), equal(tcp("doff"), words), returnVerdict),
        ),
        rule(origin, above(ip("hdrlength"), IP_HEADER / 4), returnVerdict),
        ...found,
      ],
    },
    {
      name: six,
      rules: [
        ...offsets.map((words) =>
          rule(origin, equal(ip6("length"), words * 4), equal(tcp("doff"), words), returnVerdict),
        ),
        rule(origin, notEqual(ip6("nexthdr"), TCP), returnVerdict),
        ...found,
      ],
    },
  ]
}

/** Longer than all headers together can be. */
function roughly(origin: Origin, name: string, chain: string): Chain {
  const most = Math.max(...offsets) * 4
  const rules = [
    rule(origin, exists(tcpOption(FAST_OPEN)), returnVerdict),
    rule(origin, above(ip("length"), 60 + most), jump(chain)),
    rule(origin, is(ip6("nexthdr"), TCP), above(ip6("length"), most), jump(chain)),
  ]
  return { name, rules }
}

function isRough({ span }: Origin): Diagnostic {
  return {
    id: "iptables-cannot-say",
    severity: "warning",
    message:
      "iptables has no words for the length of the TCP header: only SYNs that are longer than any headers are looked at",
    span,
  }
}
