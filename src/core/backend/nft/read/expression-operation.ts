import type { BinaryNode } from "../../../ruleset/expression/binary.js"
import { bitsOf, typesOf } from "../../../ruleset/kinds.js"
import type { ExpressionNode } from "../../../ruleset/node.js"
import { dataTypes, type TypeName } from "../../../ruleset/type.js"
import type { Context } from "./context.js"
import { asksPacket, type ElaborateObject, type Expected, expressionOf } from "./expression.js"
import { elaborateLiteral } from "./item.js"
import type { Syntax } from "./syntax.js"
import { array, object } from "./tree.js"

type Operator = BinaryNode["operator"]

export const operations: readonly string[] = ["&", "|", "^", "<<", ">>"]

/** `left & right` and its kin: constants are put together, and stand on the right. */
export function elaborateOperation(operator: string): ElaborateObject {
  return (inner, syntax, context, expected) => {
    if (inner.kind !== "array" || inner.items.length < 2) {
      context.report("nft-unknown-expression", `"${operator}" stands between two values`, syntax)
      return undefined
    }
    if (inner.items.length > 2) {
      // In JSON an operator may have more than two operands.
      const [first, second, ...rest] = inner.items
      const pair = object({ [operator]: array([first!, second!], syntax.span) }, syntax.span)
      const folded = object({ [operator]: array([pair, ...rest], syntax.span) }, syntax.span)
      return expressionOf(folded, context, expected)
    }
    return operate(operator as Operator, inner.items[0]!, inner.items[1]!, syntax, context, expected)
  }
}

function operate(
  operator: Operator,
  first: Syntax,
  second: Syntax,
  syntax: Syntax,
  context: Context,
  expected: Expected,
): ExpressionNode | undefined {
  const isShift = operator === "<<" || operator === ">>"
  if (!asksPacket(first)) {
    if (!asksPacket(second)) return constant(syntax, context, expected)
    if (!isShift) return operate(operator, second, first, syntax, context, expected)
    context.report("nft-unknown-expression", "nft shifts what it asks of a packet, by a constant", syntax)
    return undefined
  }
  const left = expressionOf(first, context, expected)
  if (!left) return undefined
  const types = typesOf(left)
  if (types.length !== 1) {
    context.report("nft-unknown-expression", `"${operator}" takes a single value`, syntax)
    return undefined
  }
  if (asksPacket(second)) {
    if (isShift) {
      context.report("nft-unknown-expression", "nft shifts by a constant only", second)
      return undefined
    }
    const right = expressionOf(second, context, expected)
    return right && { expression: "binary", operator, left, right }
  }
  if (isShift) {
    const shift = elaborateLiteral(second, "integer", context, 32)
    if (shift === undefined || typeof shift === "string") return undefined
    return { expression: "binary", operator, left, right: { shift: shift[0]! } }
  }
  const mask = elaborateLiteral(second, types[0]!, context, widthOf(left, types[0]!, expected))
  if (mask === undefined || typeof mask === "string") return undefined
  return operator === "&"
    ? { expression: "and", left, mask }
    : { expression: "binary", operator, left, right: { constant: mask } }
}

/** A mask is as wide as the value, or as what it is written to. */
function widthOf(left: ExpressionNode, type: TypeName, { types, bits }: Expected): number {
  const wanted = bits ?? (types?.length === 1 ? dataTypes[types[0]!] : 0)
  return Math.max(bitsOf(left), type === "integer" || type === "xinteger" || wanted <= 32 ? wanted : 0)
}

function constant(syntax: Syntax, context: Context, expected: Expected): ExpressionNode | undefined {
  const type = expected.types?.length === 1 ? expected.types[0] : undefined
  if (type === undefined) {
    context.report("nft-unknown-expression", "nft takes something that is asked of the packet here", syntax)
    return undefined
  }
  const value = elaborateLiteral(syntax, type, context, expected.bits)
  return value === undefined ? undefined : { expression: "constant", value, type }
}
