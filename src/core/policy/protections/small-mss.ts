import { below, jump, tcpOption } from "../../ruleset/build.js"
import { outcomeChain } from "../compile-outcome.js"
import { sparing } from "../compile-ports.js"
import { rule } from "../compile-rule.js"
import type { ProtectionKind } from "../protection.js"

/** TCP_MIN_MSS of include/net/tcp.h: Linux itself never goes lower. */
const minimumDefault = 88

export const smallMss: ProtectionKind = {
  name: "small-mss",
  aliases: [],
  value: "setting",
  limits: [],
  defaults: { action: "drop" },
  options: { minimum: "number" },
  outgoing: true,
  compile(protection, context) {
    const chain = outcomeChain(protection, context, sparing(protection))
    const minimum = Number(protection.options["minimum"] ?? minimumDefault)
    // Behind the limits: reading a TCP option costs 0.2 of an established packet.
    const rules = [rule(protection.origin, below(tcpOption("maxseg", "size"), minimum), jump(chain.name))]
    return { placed: [{ place: "syn", order: 100, rules }], sets: [], chains: [chain] }
  },
  manual: {
    title: "SYNs that ask for tiny segments",
    text: "A peer that asks for segments of a few bytes makes this host send thousands of packets for a page (CVE-2019-11477 and its kin). `minimum` is the smallest maximum segment size that is let in, 88 bytes unless said else. A SYN without the option means 536 (RFC 9293, 3.7.1) and passes.",
    harms:
      "Nobody below 88, which Linux raises to 88 anyhow. With 536, which is Kura's number, tunnels and radio links with small packets.",
    example: "small-mss: { minimum: 88 }",
    ancestors: "Kura: -m tcpmss ! --mss 536:65535, which also drops SYNs without the option.",
  },
}
