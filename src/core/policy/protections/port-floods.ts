import type { Diagnostic } from "../../base/diagnostic.js"
import { add, inSet, ipOf, jump, network, update } from "../../ruleset/build.js"
import type { Rule, SetDeclaration } from "../../ruleset/ruleset.js"
import { families } from "../compile-hosts.js"
import { exceptHosts, limitRules, sourcesMaximum } from "../compile-limit.js"
import { outcomeChain, provableChains } from "../compile-outcome.js"
import { toPorts } from "../compile-ports.js"
import { rule } from "../compile-rule.js"
import { slidingMaximum, slidingRules } from "../compile-sliding.js"
import type { Protection } from "../policy.js"
import type { CompileContext, Compiled, ProtectionKind } from "../protection.js"

export const portFloods: ProtectionKind = {
  name: "port-floods",
  aliases: ["port-flood", "portflood"],
  value: "setting-per-port",
  limits: ["window"],
  defaults: { action: "block" },
  options: { lift: ["after-block-for", "until-quiet", "sliding"], newcomers: "number", sources: "number" },
  outgoing: true,
  compile(protection, context) {
    const ports = toPorts(protection.ports)
    if (protection.options["lift"] === "sliding") return compileSliding(protection, context)
    const held = holds(protection) ? heldSets(protection, context) : []
    const guard = () => ports
    const {
      chains,
      placed,
      sets: proofs,
      ...target
    } = provableChains(protection, context, guard, hold(protection, held))
    const limited = limitRules(protection, { ...context, ...target, guard })
    const keptOut = outcomeChain({ ...protection, action: "drop" }, context, [], "/held")
    const rules = [
      ...held.map((set, index) => heldRule(protection, set, families[index]!, keptOut.name)),
      ...limited.rules,
    ]
    return {
      placed: [{ place: "new", order: 300, rules }, ...placed],
      sets: [...limited.sets, ...held, ...proofs],
      chains: held.length > 0 ? [...chains, keptOut] : chains,
    }
  },
  manual: {
    title: "More connections to a port than a source may open in a time",
    text: "`more than 5 in 300s` is a fixed window: it begins with a source's first connection, five are let in, the sixth is too many. With `action: block` a source that completed these handshakes is then kept out of everything for `block-for`, its open connections included; one that sent SYNs alone may be forged, and is kept from opening anything for ten minutes at most. With `action: drop` it is kept away from this port only, for `block-for`. `lift: until-quiet` begins that time anew at each attempt, so that only a source that has been quiet for so long gets in again. `lift: sliding` is CSF's rule: a source's attempts are remembered one by one for the window, a dropped one twice, and an attempt is dropped while as many as the limit are remembered; it is for 32 attempts at most, and has no `block-for` of its own. A port is the port that the client dialled, published container ports included. The sets hold 65,536 sources in each family, about 200 bytes each, once for each port; new ones are admitted no faster than it forgets, 218 a second for a window of 300s, so that forged ones cannot fill it.",
    harms:
      "People behind one address, and scripts that open many short sessions: give them a limit with `for`. Across the border of two windows up to twice the number can pass.",
    example: "port-floods: { ssh: { limit: more than 5 in 300s, block-for: 10m } }",
    ancestors:
      'CSF: PORTFLOOD = "22;tcp;5;300" is { ssh: { limit: more than 4 in 300s, action: drop, lift: sliding } }: CSF drops the fifth. FireHOL: server ssh accept with recent.',
  },
}

/** Nobody is held: who was dropped is let in as soon as few enough attempts are remembered. */
function compileSliding(protection: Protection, context: CompileContext): Compiled {
  const { origin } = protection
  const diagnostics = tooLong(protection).map(
    (count): Diagnostic => ({
      id: "window-too-long",
      severity: "error",
      message: `lift: sliding remembers up to ${slidingMaximum} attempts of a source, and not ${count}`,
      span: origin.span,
      hint: "lift: until-quiet has no such bound",
    }),
  )
  if (diagnostics.length > 0) return { placed: [], sets: [], chains: [], diagnostics }
  const guard = () => toPorts(protection.ports)
  const { chains, placed, sets: proofs, ...target } = provableChains(protection, context, guard)
  const { rules, sets, chains: rings } = slidingRules(protection, { ...context, ...target, guard })
  return {
    placed: [{ place: "new", order: 300, rules }, ...placed],
    sets: [...sets, ...proofs],
    chains: [...chains, ...rings],
  }
}

function tooLong({ limit, exceptions }: Protection): readonly number[] {
  return [limit, ...exceptions.map((exception) => exception.limit)].flatMap((each) =>
    each !== undefined && each !== "off" && each.form === "window" && each.count > slidingMaximum
      ? [each.count]
      : [],
  )
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
