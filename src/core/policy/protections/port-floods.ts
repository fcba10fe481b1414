import { add, inSet, ipOf, jump, network, update } from "../../ruleset/build.js"
import type { Rule, SetDeclaration } from "../../ruleset/ruleset.js"
import { families } from "../compile-hosts.js"
import { exceptHosts, limitRules, sourcesMaximum } from "../compile-limit.js"
import { limitChains, outcomeChain } from "../compile-outcome.js"
import { toPorts } from "../compile-ports.js"
import { rule } from "../compile-rule.js"
import type { Protection } from "../policy.js"
import type { CompileContext, ProtectionKind } from "../protection.js"

export const portFloods: ProtectionKind = {
  name: "port-floods",
  aliases: ["port-flood", "portflood"],
  value: "setting-per-port",
  limits: ["window"],
  defaults: { action: "block" },
  options: { lift: ["after-block-for", "until-quiet"], newcomers: "number", sources: "number" },
  outgoing: true,
  compile(protection, context) {
    const ports = toPorts(protection.ports)
    const held = holds(protection) ? heldSets(protection, context) : []
    const { chains, ...target } = limitChains(protection, context, hold(protection, held))
    const limited = limitRules(protection, { ...context, ...target, guard: () => ports })
    const keptOut = outcomeChain({ ...protection, action: "drop" }, context, [], "/held")
    const rules = [
      ...held.map((set, index) => heldRule(protection, set, families[index]!, keptOut.name)),
      ...limited.rules,
    ]
    return {
      placed: [{ place: "new", order: 300, rules }],
      sets: [...limited.sets, ...held],
      chains: held.length > 0 ? [...chains, keptOut] : chains,
    }
  },
  manual: {
    title: "More connections to a port than a source may open in a time",
    text: "`more than 5 in 300s` is a fixed window: it begins with a source's first connection, five are let in, the sixth is too many. With `action: block` the source is then kept out of everything for `block-for`, its open connections included. With `action: drop` it is kept away from this port only, for `block-for`. `lift: until-quiet` begins that time anew at each attempt, so that only a source that has been quiet for so long gets in again. A port is the port that the client dialled, published container ports included. The sets hold 65,536 sources in each family, about 200 bytes each, once for each port; new ones are admitted no faster than it forgets, 218 a second for a window of 300s, so that forged ones cannot fill it.",
    harms:
      "People behind one address, and scripts that open many short sessions: give them a limit with `for`. Across the border of two windows up to twice the number can pass.",
    example: "port-floods: { ssh: { limit: more than 5 in 300s, block-for: 10m } }",
    ancestors:
      'CSF: PORTFLOOD = "22;tcp;5;300" is { ssh: { limit: more than 4 in 300s, action: drop, block-for: 300s, lift: until-quiet } }: CSF drops the fifth. FireHOL: server ssh accept with recent.',
  },
}

/** A blocked source's next packet does not get here; one that is dropped, or tries again until it is quiet, is remembered for the port. */
function holds({ action, options }: Protection): boolean {
  return action === "drop" || (action === "block" && options["lift"] === "until-quiet")
}

function heldSets(protection: Protection, context: CompileContext): readonly SetDeclaration[] {
  return families.map((family) => ({
    name: `${context.name}/held${family}`,
    key: [family === 4 ? "ipv4_addr" : "ipv6_addr"],
    flags: ["dynamic", "timeout"],
    timeout: protection.blockFor,
    size: sourcesMaximum,
    keeps: "ledger",
    origin: protection.origin,
  }))
}

/** A rule of its own: a full set ends the rule, and the packet is dropped behind it all the same. */
function hold(protection: Protection, held: readonly SetDeclaration[]): readonly Rule[] {
  return held.map(({ name }, index) =>
    rule(protection.origin, add(name, source(protection, families[index]!))),
  )
}

function heldRule(protection: Protection, { name }: SetDeclaration, family: 4 | 6, chain: string): Rule {
  const key = source(protection, family)
  const again = protection.options["lift"] === "until-quiet" ? [update(name, key)] : []
  const except = exceptHosts(protection, family)
  return rule(
    protection.origin,
    ...toPorts(protection.ports),
    ...except,
    inSet(key, name),
    ...again,
    jump(chain),
  )
}

function source({ per }: Protection, family: 4 | 6) {
  const width = family === 4 ? 32 : 64
  const length = per.kind === "everyone" ? width : family === 4 ? per.ipv4 : per.ipv6
  return network(ipOf(family, "saddr"), family, length)
}
