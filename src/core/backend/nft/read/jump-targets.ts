import type { StepNode } from "../../../ruleset/node.js"

/** The chains that a rule's own verdicts name; those in named maps are the maps'. */
export function targetsIn(steps: readonly StepNode[]): readonly string[] {
  return steps.flatMap((step) => {
    if (step.step === "verdict") return step.chain ?? []
    if (step.step !== "verdict-map" || typeof step.map === "string") return []
    return step.map.flatMap(({ verdict }) => verdict.chain ?? [])
  })
}
