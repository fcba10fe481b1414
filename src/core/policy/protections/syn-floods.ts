import { arrivalSourcesMaximum, limitRules } from "../compile-limit.js"
import { limitChains } from "../compile-outcome.js"
import { toPorts } from "../compile-ports.js"
import type { ProtectionKind } from "../protection.js"

export const synFloods: ProtectionKind = {
  name: "syn-floods",
  aliases: ["syn-flood"],
  value: "setting",
  limits: ["rate"],
  defaults: {
    action: "drop",
    limit: { form: "rate", rate: { count: 200, unit: "second" }, burst: 1000 },
  },
  options: { newcomers: "number", sources: "number" },
  outgoing: true,
  compile(protection, context) {
    const { chains, ...target } = limitChains(protection, context)
    const ports = toPorts(protection.ports)
    const { rules, sets } = limitRules(protection, {
      ...context,
      ...target,
      sources: arrivalSourcesMaximum,
      guard: () => ports,
    })
    return { placed: [{ place: "syn", order: 0, rules }], sets, chains }
  },
  manual: {
    title: "More connection requests than a source may send",
    text: "Counts each source's SYNs (IPv6: each /64's), before connection tracking, so that what is too much costs little. A flood of forged sources, each with one SYN, is met by the ceiling for newcomers: sources that it does not know are admitted at `newcomers` a second, 500 unless said else with bursts of 2048; known ones are not touched by it. It knows up to `sources` of them in each family, 16,384 unless said else, about 200 bytes each, and forgets who has been silent for half a minute.",
    harms:
      "Many people behind one address who connect at once: 200 a second with bursts of 1000 leave room for an office or a proxy that starts again. Sites with more than 500 new visitors in a second say `newcomers: 5000` and `sources: 200000`.",
    example: "syn-floods: { limit: 200/second burst 1000, for: { 192.0.2.10: off } }",
    ancestors:
      "FireHOL: protection syn-floods, one bucket for everybody, so that one attacker shuts all others out. CSF: SYNFLOOD, likewise.",
  },
}
