import type { ExpressionNode, StepNode } from "../../ruleset/node.js"

/**
 * `ct original proto-dst` has no type in nft before the rule has asked for a protocol: `meta l4proto` with `==` or a set, or a field of TCP, UDP or ICMP
 * ("Can't parse symbolic invalid expressions", nft 1.0.6; a concatenation of both does not help, nor does `th dport`).
 */
export function asksPortWithoutProtocol(steps: readonly StepNode[]): boolean {
  let isKnown = false
  for (const step of steps) {
    const asked = expressionsOf(step)
    if (!isKnown && asked.some(asksPort)) return true
    isKnown ||= step.step === "compare" && step.operator === "==" && asked.some(tellsProtocol)
    isKnown ||= step.step === "lookup" && !step.negated && asked.some(tellsProtocol)
    isKnown ||= asked.some(isTransportField)
  }
  return false
}

function expressionsOf(step: StepNode): readonly ExpressionNode[] {
  if ("left" in step) return [step.left]
  return step.step === "set-update" ? [step.key] : []
}

function inner(expression: ExpressionNode): readonly ExpressionNode[] {
  if (expression.expression === "concatenation") return expression.parts
  return expression.expression === "and" ? [expression.left] : [expression]
}

function asksPort(expression: ExpressionNode): boolean {
  return inner(expression).some((part) => part.expression === "ct" && part.key.startsWith("proto-"))
}

function tellsProtocol(expression: ExpressionNode): boolean {
  if (expression.expression === "meta") return expression.key === "l4proto"
  return (
    expression.expression === "payload" && expression.protocol === "ip" && expression.field === "protocol"
  )
}

const transports = new Set(["tcp", "udp", "icmp", "icmpv6"])

function isTransportField(expression: ExpressionNode): boolean {
  return inner(expression).some((part) => part.expression === "payload" && transports.has(part.protocol))
}
