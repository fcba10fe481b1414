import type { ExpressionNode } from "../../ruleset/node.js"
import type { Rule } from "../../ruleset/ruleset.js"

/** `tcp flags` is the byte at this bit of TCP's header (RFC 9293, 3.1). */
const FLAGS = { expression: "raw-payload", base: "th", offset: 104, length: 8 } as const

/**
 * `tcp flags` has nft ask `meta l4proto` first, which costs as much as the flags themselves. Where the chain that a rule leads to asks for TCP anyway, the byte alone is compared: another protocol's
 * packet, whose byte there happens to be right, comes into that chain and out again.
 */
export function withRawFlags(rule: Rule): Rule {
  if (!rule.isTcpAskedLater) return rule
  return {
    ...rule,
    steps: rule.steps.map((step) =>
      step.step === "compare" ? { ...step, left: rawFlags(step.left) } : step,
    ),
  }
}

function rawFlags(node: ExpressionNode): ExpressionNode {
  if (node.expression === "and") return { ...node, left: rawFlags(node.left) }
  return node.expression === "payload" && node.protocol === "tcp" && node.field === "flags" ? FLAGS : node
}
