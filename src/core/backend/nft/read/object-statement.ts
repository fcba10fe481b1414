import { didYouMean } from "../../../base/nearest.js"
import { typesOf } from "../../../ruleset/kinds.js"
import type { StepNode } from "../../../ruleset/node.js"
import type { ObjectKind } from "../../../ruleset/object.js"
import type { Context } from "./context.js"
import { elaborateExpression } from "./expression.js"
import { elaborateItem } from "./item.js"
import { keeperOf } from "./keeper.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf, single, stringOf, wordOf } from "./tree.js"
import { innerValue } from "./verdict.js"

/** Statements whose objects are settings of connections. */
export const objectKinds = [
  "ct helper",
  "ct timeout",
  "ct expectation",
] as const satisfies readonly ObjectKind[]

/** `counter name "x"`, `ct helper set "x"`, or a map that leads to names. */
export function elaborateObjectReference(
  kind: ObjectKind,
  value: Syntax,
  context: Context,
  at: Syntax,
): StepNode | undefined {
  const name = wordOf(value)
  if (name !== undefined) {
    if (keeperOf(context)?.hasObject(kind, name) === false)
      context.report(
        "nft-not-there",
        `there is no ${kind} ${name} in the table`,
        value,
        didYouMean(name, keeperOf(context)?.objectNames(kind) ?? []),
      )
    return { step: "object", kind, object: name }
  }
  const [word, inner] = single(value) ?? []
  const key = entry(inner, "key")
  const data = entry(inner, "data")
  if (word !== "map" || !key || !data) {
    context.report("nft-bad-value", `a ${kind} is named, or found in a map`, at)
    return undefined
  }
  const left = elaborateExpression(key, context)
  if (!left) return undefined
  const types = typesOf(left)
  const reference = stringOf(data)
  const map =
    reference === undefined
      ? listOf(entry(data, "set")).flatMap((element) => {
          if (element.kind !== "array" || element.items.length !== 2) {
            context.report("nft-bad-value", "an element of a map has a key and data", element)
            return []
          }
          const item = elaborateItem(innerValue(element.items[0]!), types, context)
          const object = wordOf(innerValue(element.items[1]!))
          return item && object !== undefined ? [{ key: item, object }] : []
        })
      : reference.replace(/^@/, "")
  if (typeof map === "string" && !context.set(map))
    context.report(
      "nft-not-there",
      `there is no map ${map} in the table`,
      data,
      didYouMean(map, context.setNames()),
    )
  return { step: "object", kind, object: { left, map } }
}
