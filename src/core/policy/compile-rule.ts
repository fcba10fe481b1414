import type { StepNode } from "../ruleset/node.js"
import type { Origin } from "../ruleset/origin.js"
import type { Rule } from "../ruleset/ruleset.js"

/** A rule and the policy line that it comes from. */
export function rule(origin: Origin, ...steps: readonly StepNode[]): Rule {
  return { steps, origin }
}
