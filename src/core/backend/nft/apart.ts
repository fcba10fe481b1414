import { goto } from "../../ruleset/build.js"
import type { StepNode } from "../../ruleset/node.js"
import type { Chain, Rule, Table } from "../../ruleset/ruleset.js"

/**
 * Look-ups that the kernel has only while there is something to find (`SetDeclaration.askedIn`): a rule that asks `!= @set`, and accepts, asks no longer and goes to a chain of its own, which is
 * empty most of the time. That chain has no generation, for what stands in it depends on elements and on no policy.
 */
export function askedApart(table: Table): {
  /** A chain without such look-ups. */
  place(chain: Chain): Chain
  /** The chains that rules go to instead. */
  readonly chains: readonly Chain[]
} {
  const chains = new Set<string>()
  const chainOf = (step: StepNode): string | undefined =>
    step.step === "lookup" && step.negated && typeof step.set === "string"
      ? table.sets.find(({ name }) => name === step.set)?.askedIn
      : undefined
  const place = (rule: Rule): Rule => {
    const last = rule.steps.at(-1)
    const [target] = rule.steps.flatMap((step) => chainOf(step) ?? [])
    if (target === undefined || last?.step !== "verdict" || last.verdict !== "accept") return rule
    chains.add(target)
    const asked = rule.steps.slice(0, -1).filter((step) => chainOf(step) === undefined)
    return { ...rule, steps: [...asked, goto(target)] }
  }
  const placed = new Map(table.chains.map((chain) => [chain, { ...chain, rules: chain.rules.map(place) }]))
  return {
    place: (chain) => placed.get(chain) ?? chain,
    chains: [...chains].map((name) => ({ name, rules: [] })),
  }
}
