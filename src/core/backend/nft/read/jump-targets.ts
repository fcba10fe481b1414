import type { Diagnostic } from "../../../base/diagnostic.js"
import { didYouMean } from "../../../base/nearest.js"
import type { StepNode } from "../../../ruleset/node.js"
import type { Table } from "../../../ruleset/ruleset.js"

/** Chains may be declared behind the rules that jump to them, and objects behind those that name them. */
export function checkTargets(table: Table, diagnostics: Diagnostic[]): void {
  const chains = new Set(table.chains.map(({ name }) => name))
  for (const chain of table.chains)
    for (const rule of chain.rules)
      for (const target of targetsIn(rule.steps))
        if (!chains.has(target))
          diagnostics.push({
            id: "nft-not-there",
            severity: "error",
            message: `there is no chain ${target} to go to`,
            span: rule.origin.span,
            ...hintFor(target, chains),
          })
}

function hintFor(target: string, chains: Iterable<string>): { readonly hint?: string } {
  const hint = didYouMean(target, chains)
  return hint === undefined ? {} : { hint }
}

/** The chains that a rule's own verdicts name; those in named maps are the maps'. */
function targetsIn(steps: readonly StepNode[]): readonly string[] {
  return steps.flatMap((step) => {
    if (step.step === "verdict") return step.chain ?? []
    if (step.step !== "verdict-map" || typeof step.map === "string") return []
    return step.map.flatMap(({ verdict }) => verdict.chain ?? [])
  })
}
