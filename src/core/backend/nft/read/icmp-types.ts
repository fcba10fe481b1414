import type { PayloadNode } from "../../../ruleset/expression/payload.js"
import { payloadFields } from "../../../ruleset/expression/payload-field.js"
import type { ExpressionNode, StepNode } from "../../../ruleset/node.js"
import type { Context } from "./context.js"
import type { Syntax } from "./syntax.js"

/**
 * Echo requests have an identifier, redirects a gateway: nft asks for the messages' type before such a field. Where it can only be one, it does so without saying, and
 * so does the field itself in the engine. Undefined: the rule wants messages of other types, which was reported.
 */
export function icmpTypesFor(node: ExpressionNode, at: Syntax, context: Context): StepNode[] | undefined {
  const field = inner(node)
  const types = field && payloadFields[field.protocol][field.field]?.icmpTypes
  if (!field || !types) return []
  const { protocol } = context
  const pinned = protocol.icmpTypes
  if (pinned) {
    if (pinned.every((type) => types.includes(type))) return []
    context.report(
      "nft-conflicting-protocols",
      `the rule asks for messages before that have no ${field.field}`,
      at,
    )
    return undefined
  }
  protocol.icmpTypes = types
  if (types.length === 1) return []
  const left: PayloadNode = { expression: "payload", protocol: field.protocol, field: "type" }
  return [{ step: "lookup", left, negated: false, set: types.map((type) => ({ value: [type] })) }]
}

function inner(node: ExpressionNode): PayloadNode | undefined {
  if (node.expression === "payload") return node.tunnel === undefined ? node : undefined
  return node.expression === "and" ? inner(node.left) : undefined
}
