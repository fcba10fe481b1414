import { add, fib, inSet, ipOf, jump, notInSet, remove } from "../../ruleset/build.js"
import type { StepNode } from "../../ruleset/node.js"
import type { SetDeclaration } from "../../ruleset/ruleset.js"
import { families } from "../compile-hosts.js"
import { outcomeChain } from "../compile-outcome.js"
import { sparing } from "../compile-ports.js"
import { rule } from "../compile-rule.js"
import type { ProtectionKind } from "../protection.js"

export const land: ProtectionKind = {
  name: "land",
  aliases: [],
  value: "setting",
  limits: [],
  defaults: { action: "drop" },
  outgoing: false,
  compile(protection, context) {
    const { origin } = protection
    const sets = families.map((family) => whereTo(context.name, family))
    // nft compares a field with constants, not with another field: the destination goes into a set, the source is looked up there, and the destination is
    // taken out again. Only for sources that the routing table does not have behind this zone, or the host itself: a packet from where answers to it go
    // to is not from its destination.
    const isFromElsewhere = context.host.routesByInterface === false ? [] : elsewhere(context.zone.interfaces)
    const chain = outcomeChain(protection, context, [
      ...families.map((family) => rule(origin, remove(setName(context.name, family), ipOf(family, "daddr")))),
      ...sparing(protection),
    ])
    const look = {
      name: `${context.name}/look`,
      rules: families.flatMap((family) => {
        const set = setName(context.name, family)
        const destination = ipOf(family, "daddr")
        return [
          rule(origin, add(set, destination)),
          rule(origin, inSet(ipOf(family, "saddr"), set), jump(chain.name)),
          rule(origin, remove(set, destination)),
        ]
      }),
    }
    const rules = [rule(origin, ...isFromElsewhere, jump(look.name))]
    return { placed: [{ place: "new", order: 110, rules }], sets, chains: [chain, look] }
  },
  manual: {
    title: "Packets whose source is their destination",
    text: "LAND, an attack of 1997 that some devices still answer to themselves until they stop. To this host and to those behind it.",
    harms: "Nobody: no two hosts have one address.",
    example: "land: drop",
  },
}

function setName(name: string, family: 4 | 6): string {
  return `${name}/destination${family}`
}

function whereTo(name: string, family: 4 | 6): SetDeclaration {
  return {
    name: setName(name, family),
    key: [family === 4 ? "ipv4_addr" : "ipv6_addr"],
    flags: ["dynamic", "timeout"],
    // One for each processor is there at a time; the timeout is for what a processor was kept from taking out.
    timeout: 1e9,
    size: 1024,
  }
}

function elsewhere(interfaces: readonly string[]): readonly StepNode[] {
  if (interfaces.some((name) => name.endsWith("*"))) return []
  return [notInSet(fib(["saddr"], "oifname"), interfaces)]
}
