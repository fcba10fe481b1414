import type { RateUnit } from "../../base/rate.js"
import {
  below,
  inSet,
  ipOf,
  jump,
  limitOver,
  network,
  notInSet,
  numgenRandom,
  update,
} from "../../ruleset/build.js"
import type { Rule, SetDeclaration } from "../../ruleset/ruleset.js"
import { families } from "../compile-hosts.js"
import { exceptHosts } from "../compile-limit.js"
import { limitChains } from "../compile-outcome.js"
import { rule } from "../compile-rule.js"
import type { Limit, Protection } from "../policy.js"
import type { ProtectionKind } from "../protection.js"

/** Steps between the lower and the upper limit. */
const steps = 10

/** Each source takes 22 elements; 4096 sources fill about 20 MB. */
const sources = 4096

const secondsIn: Readonly<Record<RateUnit, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86400,
  week: 604800,
}

type Ramp = Extract<Limit, { form: "ramp" }>

export const throttle: ProtectionKind = {
  name: "throttle",
  aliases: ["fuzzy"],
  value: "setting",
  limits: ["ramp"],
  defaults: { action: "drop" },
  outgoing: true,
  compile(protection, context) {
    const { limit } = protection
    if (limit?.form !== "ramp") return { placed: [], sets: [], chains: [] }
    const { chain, newcomers, chains } = limitChains(protection, context)
    const rules: Rule[] = []
    const sets: SetDeclaration[] = []
    for (const family of families) {
      const made = ramp(protection, limit, family, context.name, chain, newcomers)
      rules.push(...made.rules)
      sets.push(...made.sets)
    }
    return { placed: [{ place: "arrival", order: 0, rules }], sets, chains }
  },
  manual: {
    title: "The more a source sends, the less of it passes",
    text: "Between the two rates of `100..1000/second` a growing share of a source's packets is dropped by chance: none below the lower one, all but one in a hundred above the upper one. Every packet counts, of every protocol, established connections included. It follows the fuzzy match of old iptables, for each source by itself.",
    harms:
      "Downloads: set it for networks of sensors, not for people. Each packet pays for 22 look-ups, so it is by far the dearest protection. It remembers 4096 sources in each family, in about 20 MB.",
    example: "throttle: { limit: 100..1000/second }",
    ancestors: "iptables: -m fuzzy --lower-limit 100 --upper-limit 1000, one measure for everybody.",
  },
}

/** Level k begins at `from + k·(to − from)/10`, and its drops are on top of those of the levels below: p(k) = 1 − a(k)/a(k − 1), where a is the share that passes. */
function ramp(
  protection: Protection,
  limit: Ramp,
  family: 4 | 6,
  name: string,
  outcome: string,
  newcomers: string,
): { rules: Rule[]; sets: SetDeclaration[] } {
  const { origin, per } = protection
  const type = family === 4 ? "ipv4_addr" : "ipv6_addr"
  const length = per.kind === "everyone" ? 0 : family === 4 ? per.ipv4 : per.ipv6
  const key = network(ipOf(family, "saddr"), family, length)
  const unit = secondsIn[limit.unit] * 1e9
  const except = exceptHosts(protection, family)
  const meter = (level: number) => `${name}/meter${level}-${family}`
  const reached = (level: number) => `${name}/level${level}-${family}`
  const sets: SetDeclaration[] = []
  const measure: Rule[] = []
  const judge: Rule[] = []
  let passing = 1
  for (let level = 0; level <= steps; level++) {
    const rate = Math.round(limit.from + (level * (limit.to - limit.from)) / steps)
    const shared = { key: [type] as const, flags: ["dynamic", "timeout"] as const, size: sources, origin }
    sets.push(
      { ...shared, name: meter(level), timeout: Math.max(10e9, unit), keeps: "limiter" },
      { ...shared, name: reached(level), timeout: unit / 4, keeps: "limiter" },
    )
    const over = limitOver({ count: rate, unit: limit.unit }, Math.max(1, Math.floor(rate / 20)))
    measure.push(rule(origin, ...except, update(meter(level), key, {}, over), update(reached(level), key)))
    const pass = level < steps ? 1 - (level + 0.5) / steps : 0.01
    const dropped = Math.round((1 - pass / passing) * 10000)
    passing = pass
    judge.push(
      rule(origin, ...except, inSet(key, reached(level)), below(numgenRandom(10000), dropped), jump(outcome)),
    )
  }
  // Newcomers, and sources that the sets have no room for, share ten times the lower limit.
  const room = rule(
    origin,
    ...except,
    notInSet(key, meter(0)),
    limitOver({ count: limit.from * steps, unit: limit.unit }, limit.from * steps),
    jump(newcomers),
  )
  return { rules: [room, ...measure, ...judge], sets }
}
