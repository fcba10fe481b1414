import type { ValueMapEntry } from "../../../ruleset/expression/value-map.js"
import { typesOf } from "../../../ruleset/kinds.js"
import type { ExpressionNode } from "../../../ruleset/node.js"
import { setTypeOf, type TypeName } from "../../../ruleset/type.js"
import type { Context } from "./context.js"
import { type Expected, expressionOf, widthsOf } from "./expression.js"
import { compareItems, normalItem, overlap } from "./interval.js"
import { elaborateItem } from "./item.js"
import { setNamed } from "./set-use.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf, stringOf } from "./tree.js"

/** `left map { a : x }`, `left map @name`. */
export function elaborateMap(
  inner: Syntax,
  syntax: Syntax,
  context: Context,
  expected: Expected,
): ExpressionNode | undefined {
  const key = entry(inner, "key")
  const data = entry(inner, "data")
  const left = key && expressionOf(key, context, {})
  if (!left || !data) return undefined
  const name = stringOf(data)
  if (name?.startsWith("@")) {
    const set = setNamed(name.slice(1), typesOf(left), data, context)
    if (!set) return undefined
    if (set.data === undefined || set.data === "verdict") {
      const what = set.data === undefined ? "a set" : "a map to verdicts"
      context.report("set-type-mismatch", `${set.name} is ${what}, and stands for a map to values`, data)
      return undefined
    }
    const types = typeof set.data === "string" ? [set.data] : set.data
    return { expression: "map", left, map: set.name, types }
  }
  if (!expected.types) {
    context.report("nft-unknown-expression", "what this map holds has no type here", syntax)
    return undefined
  }
  const map = entriesOf(data, left, expected.types, context)
  return map && { expression: "map", left, map, types: expected.types.map(setTypeOf) }
}

function entriesOf(
  data: Syntax,
  left: ExpressionNode,
  types: readonly TypeName[],
  context: Context,
): ValueMapEntry[] | undefined {
  const keys = typesOf(left)
  const found: ValueMapEntry[] = []
  for (const element of listOf(entry(data, "set"))) {
    if (element.kind !== "array" || element.items.length !== 2) {
      context.report("nft-unknown-expression", "an element of a map is a key, a colon and a value", element)
      return undefined
    }
    const key = elaborateItem(element.items[0]!, keys, context, widthsOf(left))
    const value = elaborateItem(element.items[1]!, types, context)
    if (!key || !value) return undefined
    const clash = found.find((other) => overlap(other.key, key, keys))
    if (clash) {
      context.report("nft-bad-value", "two elements of the map have a key in common", element)
      return undefined
    }
    found.push({ key: normalItem(key, keys), data: value })
  }
  return found.sort((first, second) => compareItems(first.key, second.key, keys))
}
