import { goto, inSet, ipOf, jump, network, notInSet, remove, update } from "../ruleset/build.js"
import type { ExpressionNode, StepNode } from "../ruleset/node.js"
import type { Chain, Rule, SetDeclaration } from "../ruleset/ruleset.js"
import { families } from "./compile-hosts.js"
import { type LimitCompiler, limitRules, newcomersOf, sourcesOf } from "./compile-limit.js"
import { rule } from "./compile-rule.js"
import type { Protection } from "./policy.js"

/** Attempts that are remembered of a source, at most: each takes two sets in each family. */
export const slidingMaximum = 32

export interface Sliding {
  readonly rules: readonly Rule[]
  readonly sets: readonly SetDeclaration[]
  readonly chains: readonly Chain[]
}

/**
 * A window that slides, as xt_recent counts it with the pair of rules that CSF has (`--set`, then `--update --hitcount`): each attempt is stamped, one that is dropped twice, and a
 * source's attempt is dropped while as many stamps as the limit lets pass are younger than the window.
 *
 * nft has no list of stamps, so each of the last `count` stamps is an element of a set of its own, which goes when the stamp is too old. The sets are filled round and
 * round; where a source has arrived is remembered by a set for each place but the first. The set that it comes to holds its oldest stamp: while that one is there, all are.
 *
 * `known` holds every source that any other of these sets holds, and as long at least. So it alone can be full, and who is not in it shares the newcomers' ceiling.
 */
export function slidingRules(protection: Protection, target: Parameters<typeof limitRules>[1]): Sliding {
  const chains: Chain[] = []
  const ring: LimitCompiler = (limit, per, own, { name, chain, newcomers, guard, sources }, origin) => {
    const rules: Rule[] = []
    const sets: SetDeclaration[] = []
    if (limit.form !== "window") return { rules, sets }
    const { count, duration: timeout } = limit
    const size = sourcesOf(own, sources)
    for (const family of families) {
      const steps = guard(family)
      if (!steps) continue
      const width = family === 4 ? 32 : 128
      const length = per.kind === "everyone" ? 0 : family === 4 ? per.ipv4 : per.ipv6
      const key = network(ipOf(family, "saddr"), family, Math.min(length, width))
      const named = (what: string, place: number | "" = "") => `${name}/${what}${place}-${family}`
      const declare = (set: string): string => {
        const keys = [family === 4 ? "ipv4_addr" : "ipv6_addr"] as const
        sets.push({
          ...{ name: set, key: keys, flags: ["dynamic", "timeout"], timeout, size, origin },
          keeps: "limiter",
        })
        return set
      }
      const known = declare(named("known"))
      const stamps = Array.from({ length: count }, (_, place) => declare(named("stamp", place)))
      // Who is nowhere is at the first place.
      const places = stamps.map((_, place) => (place === 0 ? undefined : declare(named("at", place))))
      rules.push(
        rule(origin, ...steps, notInSet(key, known), newcomersOf(own, size, timeout), jump(newcomers)),
        rule(origin, ...steps, update(known, key), jump(named("turn"))),
      )
      const turns = places.map((set, place) => ({ set, chain: named("turn", place) }))
      chains.push({
        name: named("turn"),
        rules: [
          ...turns.flatMap(({ set, chain: turn }) =>
            set === undefined ? [] : [rule(origin, inSet(key, set), goto(turn))],
          ),
          rule(origin, goto(turns[0]!.chain)),
        ],
      })
      for (const [place, { chain: turn }] of turns.entries()) {
        const late = named("late", place)
        const next = (place + 1) % count
        const moved = (to: number) => rule(origin, ...move(places[place], places[to], key))
        chains.push(
          {
            name: turn,
            rules: [
              rule(origin, inSet(key, stamps[place]!), goto(late)),
              rule(origin, update(stamps[place]!, key), ...move(places[place], places[next], key)),
            ],
          },
          {
            name: late,
            rules: [
              rule(origin, update(stamps[place]!, key)),
              ...(next === place ? [] : [rule(origin, update(stamps[next]!, key))]),
              ...(count === 1 ? [] : [moved((place + 2) % count)]),
              rule(origin, jump(chain)),
            ],
          },
        )
      }
    }
    return { rules, sets }
  }
  const { rules, sets } = limitRules(protection, target, ring)
  return { rules, sets, chains }
}

/** A place that stays is refreshed, too: it must be remembered as long as the youngest stamp. */
function move(from: string | undefined, to: string | undefined, key: ExpressionNode): readonly StepNode[] {
  const gone = from !== undefined && from !== to ? [remove(from, key)] : []
  return to === undefined ? gone : [...gone, update(to, key)]
}
