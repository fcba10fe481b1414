import { didYouMean } from "../../../base/nearest.js"
import { assumptionOf, bitsOf, expressionToNft, typesOf } from "../../../ruleset/kinds.js"
import type { ExpressionNode } from "../../../ruleset/node.js"
import { dataTypes, setTypeOf, type TypeName, wordsOf } from "../../../ruleset/type.js"
import type { Context } from "./context.js"
import { elaborateHeader } from "./expression-header.js"
import { elaborateMap } from "./expression-map.js"
import { elaborateOperation, operations } from "./expression-operation.js"
import { elaborateOption } from "./expression-option.js"
import { elaborateProperty } from "./expression-property.js"
import { elaborateLiteral } from "./item.js"
import type { Syntax } from "./syntax.js"
import { single } from "./tree.js"

/** One kind of object of libnftables-json(5): what is in it becomes a node, or was reported. */
export type ElaborateObject = (
  inner: Syntax,
  syntax: Syntax,
  context: Context,
  expected: Expected,
) => ExpressionNode | undefined

/** What the place takes: types, and how wide the value may be. */
export interface Expected {
  readonly types?: readonly TypeName[]
  readonly bits?: number
}

const objects: Readonly<Record<string, ElaborateObject>> = {
  ...elaborateProperty,
  ...elaborateHeader,
  ...elaborateOption,
  map: elaborateMap,
  concat: concatenation,
  ...Object.fromEntries(operations.map((operator) => [operator, elaborateOperation(operator)])),
}

const objectsByName: ReadonlyMap<string, ElaborateObject> = new Map(Object.entries(objects))

/**
 * What a piece of syntax asks of a packet. `expected`: the types of a map's data, or of what a statement writes, where only the place tells; `bits`: how wide what is written is,
 * where it has fewer than its type. A constant becomes a node of its own. Undefined: it was reported.
 */
export function elaborateExpression(
  syntax: Syntax,
  context: Context,
  expected?: readonly TypeName[],
  bits?: number,
): ExpressionNode | undefined {
  return expressionOf(syntax, context, {
    ...(expected && { types: expected }),
    ...(bits !== undefined && { bits }),
  })
}

export function expressionOf(
  syntax: Syntax,
  context: Context,
  expected: Expected,
): ExpressionNode | undefined {
  const [name, inner] = single(syntax) ?? []
  const elaborate = name === undefined ? undefined : objectsByName.get(name)
  if (!elaborate || !inner) return constantOf(syntax, context, expected)
  const node = elaborate(inner, syntax, context, expected)
  const assumption = node && assumptionOf(node)
  if (node && assumption !== undefined) context.assume(`${expressionToNft(node)}: ${assumption}`, syntax)
  return node
}

/** Whether a piece of syntax asks something of the packet: no constant, and none in any part. */
export function asksPacket(syntax: Syntax): boolean {
  if (syntax.kind === "leaf") return false
  const [name, inner] = single(syntax) ?? []
  if (name === undefined || !inner || !objectsByName.has(name)) return false
  const isMade = name === "concat" || operations.includes(name)
  if (!isMade) return true
  return inner.kind === "array" && inner.items.some(asksPacket)
}

function constantOf(syntax: Syntax, context: Context, expected: Expected): ExpressionNode | undefined {
  const type = expected.types?.length === 1 ? expected.types[0] : undefined
  if (type === undefined) {
    const [name] = single(syntax) ?? []
    const message =
      name === undefined
        ? "nft takes something that is asked of the packet here"
        : `"${name}" is nothing that nft asks of a packet`
    context.report("nft-unknown-expression", message, syntax, didYouMean(name ?? "", Object.keys(objects)))
    return undefined
  }
  const value = elaborateLiteral(syntax, type, context, expected.bits ?? dataTypes[type])
  return value === undefined ? undefined : { expression: "constant", value, type: setTypeOf(type) }
}

function concatenation(
  inner: Syntax,
  syntax: Syntax,
  context: Context,
  expected: Expected,
): ExpressionNode | undefined {
  if (inner.kind !== "array") return undefined
  const parts = inner.items.map((part, index) => {
    const type = expected.types?.[index]
    return expressionOf(part, context, type === undefined ? {} : { types: [type] })
  })
  if (parts.includes(undefined)) return undefined
  const nodes = parts as ExpressionNode[]
  // The kernel has sixteen registers of 32 bits for a key.
  const words = nodes.flatMap(typesOf).reduce((sum, type) => sum + wordsOf(type), 0)
  if (words > 16) {
    context.report("nft-unknown-expression", "a key has at most 64 bytes", syntax)
    return undefined
  }
  return nodes.length === 1 ? nodes[0] : { expression: "concatenation", parts: nodes }
}

/** The width of each part of an expression, as `elaborateItem` takes it. */
export function widthsOf(node: ExpressionNode): readonly number[] {
  if (node.expression === "concatenation") return node.parts.flatMap(widthsOf)
  return typesOf(node).length === 1 ? [bitsOf(node)] : typesOf(node).map((type) => dataTypes[type])
}
