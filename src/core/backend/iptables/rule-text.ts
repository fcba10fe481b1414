import type { StepNode } from "../../ruleset/node.js"
import { findExtension } from "../../ruleset/xtables/extensions.js"
import { printHeader } from "../../ruleset/xtables/header.js"
import { printOptions } from "../../ruleset/xtables/print-options.js"

/** A step in iptables' words, as iptables-save prints it: `-p tcp`, `-m tcp --dport 22`, `-j ACCEPT`. Undefined: it is none of iptables' own. */
export function stepText(step: StepNode): string | undefined {
  switch (step.step) {
    case "xt-header":
      return printHeader(step)
    case "xt-match":
    case "xt-target": {
      const role = step.step === "xt-match" ? "match" : "target"
      const options = printOptions(findExtension(role, step.name, step.family), step.options, step.family)
      return `${role === "match" ? "-m" : "-j"} ${step.name}${options === "" ? "" : ` ${options}`}`
    }
    case "verdict":
      if (step.verdict === "continue") return ""
      if (step.verdict === "jump") return `-j ${step.chain}`
      return step.verdict === "goto" ? `-g ${step.chain}` : `-j ${step.verdict.toUpperCase()}`
    default:
      return undefined
  }
}

/** A rule behind `-A CHAIN`. Undefined: a step of it is none of iptables' own. */
export function ruleText(steps: readonly StepNode[]): string | undefined {
  const parts: string[] = []
  for (const step of steps) {
    const text = stepText(step)
    if (text === undefined) return undefined
    if (text !== "") parts.push(text)
  }
  return parts.join(" ")
}
