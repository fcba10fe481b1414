import type { ExpressionNode, StepNode } from "../../../ruleset/node.js"
import type { Item } from "../../../ruleset/value.js"
import type { Context } from "./context.js"
import { pinEtherType, pinTransport } from "./protocol.js"

/** What a comparison says of the packets that the rest of the rule sees: their protocols, and the types of their ICMP messages. */
export function noteAnswer(step: StepNode, context: Context): void {
  if (step.step === "compare" && step.operator === "==") note(step.left, [step.right], context)
  else if (step.step === "lookup" && !step.negated) {
    if (typeof step.set !== "string") note(step.left, step.set, context)
    else if (step.left.expression === "meta" && step.left.key === "l4proto") context.protocol.inSet = true
  }
}

function note(left: ExpressionNode, items: readonly Item[], context: Context): void {
  if (left.expression === "concatenation") {
    for (const [index, part] of left.parts.entries())
      note(
        part,
        items.flatMap((item) => ("parts" in item ? (item.parts[index] ?? []) : [])),
        context,
      )
    return
  }
  const numbers = valuesOf(items)
  if (numbers.length === 0) return
  if (left.expression === "meta") {
    if (left.key === "l4proto") pinTransport(numbers, context)
    else if (left.key === "protocol" && numbers.length === 1) pinEtherType(numbers[0]!, context)
    else if (left.key === "nfproto" && numbers.length === 1)
      context.protocol.network ??= numbers[0] === 10 ? "ip6" : "ip"
  } else if (left.expression === "payload") {
    const name = `${left.protocol} ${left.field}`
    if (name === "ip protocol" || name === "ip6 nexthdr") pinTransport(numbers, context)
    else if (name === "ether type" && numbers.length === 1) pinEtherType(numbers[0]!, context)
    else if (name === "icmp type" || name === "icmpv6 type") context.protocol.icmpTypes ??= numbers
  }
}

/** The values, each one once; none where there are ranges. */
function valuesOf(items: readonly Item[]): number[] {
  const found: number[] = []
  for (const item of items) {
    if (!("value" in item) || typeof item.value === "string") return []
    found.push(item.value[0]!)
  }
  return [...new Set(found)]
}
