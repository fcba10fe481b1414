import { UDP } from "../../packet/packet.js"
import { goto, ipOf, is, jump, l4proto, limit as limitTo, network, notInSet } from "../../ruleset/build.js"
import type { Chain, Rule, SetDeclaration } from "../../ruleset/ruleset.js"
import { families } from "../compile-hosts.js"
import { arrivalSourcesMaximum, type LimitCompiler, limitRules, meterOf } from "../compile-limit.js"
import { limitChains, outcomeChain } from "../compile-outcome.js"
import { toPorts } from "../compile-ports.js"
import { rule } from "../compile-rule.js"
import type { Protection } from "../policy.js"
import type { CompileContext, Compiled, ProtectionKind } from "../protection.js"
import { perSecond } from "./new-connections.js"

export const udpFloods: ProtectionKind = {
  name: "udp-floods",
  aliases: ["udp-flood"],
  value: "setting",
  limits: ["rate"],
  defaults: { action: "drop", limit: perSecond(2000, 2000) },
  options: { newcomers: "number", sources: "number" },
  outgoing: true,
  compile(protection, context) {
    const { origin, ports } = protection
    const { rules, sets, chains } = looks(protection, context)
    const look = { name: `${context.name}/look`, rules }
    // To conntrack each datagram is new until one comes back, so what is answered does not come here again.
    const lead = rule(origin, is(l4proto, UDP), ...toPorts(ports), jump(look.name))
    return { placed: [{ place: "new", order: 190, rules: [lead] }], sets, chains: [look, ...chains] }
  },
  manual: {
    title: "More datagrams that nobody answers than a source may send",
    text: "Counts each source's UDP (IPv6: each /64's) as long as nothing comes back: to connection tracking such a datagram is a new connection, each time, and so is the first one of every flow. What is answered costs nothing more. Where the action is notify, new sources beyond 500 a second are not looked at, for name servers have as many.",
    harms:
      "Name servers whose clients ask 2000 questions a second from one address, and collectors (syslog, flow export, sensors) that answer nobody: the preset default only notifies. Give it a limit that fits before it drops.",
    example: "udp-floods: { limit: 2000/second burst 2000, action: notify }",
    ancestors: "CSF: UDPFLOOD, of what leaves; PORTFLOOD counts datagrams of a port.",
  },
}

function looks(
  protection: Protection,
  context: CompileContext,
): Pick<Compiled, "sets" | "chains"> & { readonly rules: readonly Rule[] } {
  const target = { ...context, sources: arrivalSourcesMaximum, guard: () => [] }
  if (protection.action !== "notify" || protection.per.kind === "everyone") {
    const { chains, ...own } = limitChains(protection, context)
    return { ...limitRules(protection, { ...target, ...own }), chains }
  }
  const beyond = outcomeChain(protection, context)
  const chains: Chain[] = [beyond]
  const limited = limitRules(
    protection,
    { ...target, chain: beyond.name, newcomers: beyond.name },
    noticing(chains),
  )
  return { ...limited, chains }
}

/** New sources in a second, of which a flood has more than anybody. */
const newcomersRate = { count: 500, unit: "second" } as const
const newcomersBurst = 2048

/**
 * A limit beyond which nothing is dropped: those for whom the set has no time are not counted at all, so that a flood of forged sources neither fills it nor is taken for
 * one that knows who it is.
 */
function noticing(chains: Chain[]): LimitCompiler {
  return (limit, per, _protection, { name, chain, guard, sources: size }, origin) => {
    const meter = meterOf(limit)
    const rules: Rule[] = []
    const sets: SetDeclaration[] = []
    if (per.kind === "everyone" || meter.timeout === undefined) return { rules, sets }
    for (const family of families) {
      const steps = guard(family)
      if (!steps) continue
      const key = network(ipOf(family, "saddr"), family, family === 4 ? per.ipv4 : per.ipv6)
      const set = `${name}/sources${family}`
      const newcomers = `${name}/newcomers${family}`
      sets.push({
        name: set,
        key: [family === 4 ? "ipv4_addr" : "ipv6_addr"],
        flags: ["dynamic", "timeout"],
        timeout: meter.timeout,
        ...(size !== undefined && { size }),
        keeps: "limiter",
        origin,
      })
      const count = [meter.write(set, key), jump(chain)]
      rules.push(
        rule(origin, ...steps, notInSet(key, set), goto(newcomers)),
        rule(origin, ...steps, ...count),
      )
      chains.push({
        name: newcomers,
        rules: [rule(origin, limitTo(newcomersRate, newcomersBurst), ...count)],
      })
    }
    return { rules, sets }
  }
}
