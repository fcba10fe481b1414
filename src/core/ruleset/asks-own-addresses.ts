import type { Rule, Ruleset } from "./ruleset.js"
import { expressionsIn } from "./walk.js"

/** Whether rules ask which addresses are this host's (`-m addrtype`, `fib daddr type`): where nobody says it, none is. */
export function asksOwnAddresses({ tables }: Ruleset): boolean {
  return tables.some(({ chains }) => chains.some(({ rules }) => rules.some(asks)))
}

function asks({ steps }: Rule): boolean {
  return steps.some((step) => {
    if (step.step === "xt-match") return step.name === "addrtype"
    for (const expression of expressionsIn(step))
      if (expression.expression === "fib" && expression.result === "type") return true
    return false
  })
}
