import { didYouMean } from "../../../base/nearest.js"
import { typesOf } from "../../../ruleset/kinds.js"
import type { ExpressionNode, StepNode } from "../../../ruleset/node.js"
import type { SetDeclaration } from "../../../ruleset/ruleset.js"
import { setTypeOf, type TypeName } from "../../../ruleset/type.js"
import type { Context } from "./context.js"
import { elaborateExpression } from "./expression.js"
import { keeperOf } from "./keeper.js"
import { elaborateTimeout } from "./listed-time.js"
import { elaborateStatement } from "./statement.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf, numberOf, object, single, stringOf, wordOf } from "./tree.js"
import { elaborateValue, isConstant } from "./values.js"

/** Statements that add to sets and maps. */

type SetUpdate = Extract<StepNode, { step: "set-update" }>

/** `{"set": {"op": "add", "elem": …, "set": "@s", "stmt": […]}}`. */
export function elaborateSetUpdate(value: Syntax, context: Context, at: Syntax): SetUpdate | undefined {
  return elaborateUpdate(value, entry(value, "set"), context, at)
}

/** `{"map": {"op": "add", "elem": …, "data": …, "map": "@m"}}`. */
export function elaborateMap(value: Syntax, context: Context, at: Syntax): SetUpdate | undefined {
  return elaborateUpdate(value, entry(value, "map"), context, at)
}

function elaborateUpdate(
  value: Syntax,
  named: Syntax | undefined,
  context: Context,
  at: Syntax,
): SetUpdate | undefined {
  const operation = stringOf(entry(value, "op"))
  const name = wordOf(named)?.replace(/^@/, "")
  const element = entry(value, "elem")
  if (
    (operation !== "add" && operation !== "update" && operation !== "delete") ||
    name === undefined ||
    !element
  ) {
    context.report("nft-bad-value", "this adds, updates or deletes an element of a named set", at)
    return undefined
  }
  const declared = context.set(name)
  if (!declared) {
    const hint = didYouMean(name, context.setNames())
    context.report("nft-not-there", `there is no set ${name} in the table`, named ?? at, hint)
    return undefined
  }
  const inner = entry(element, "elem")
  const key = elaborateKey(entry(inner, "val") ?? element, declared.key, context)
  if (!key) return undefined
  const timeout = elaborateTimeout(entry(inner, "timeout"), context)
  const statements = [...listOf(entry(value, "stmt")), ...carried(inner)].flatMap((statement) =>
    elaborateStatement(statement, context),
  )
  const data = entry(value, "data")
  const types = declared.data === undefined || declared.data === "verdict" ? [] : listedTypes(declared.data)
  const node = data && elaborateValue(data, types, context)
  if (data && !node) return undefined
  keeperOf(context)?.isUpdated(name, statements.length > 0)
  return {
    step: "set-update",
    operation,
    set: name,
    key,
    ...(node && { data: node }),
    ...(timeout !== undefined && { timeout }),
    ...(statements.length > 0 && { statements }),
  }
}

/** A constant may be a part of a key, or all of it. */
function elaborateKey(
  syntax: Syntax,
  types: readonly TypeName[],
  context: Context,
): ExpressionNode | undefined {
  const [name, parts] = single(syntax) ?? []
  if (
    name !== "concat" ||
    parts?.kind !== "array" ||
    parts.items.length !== types.length ||
    !parts.items.some(isConstant)
  )
    return isConstant(syntax) ? elaborateValue(syntax, types, context) : elaborateExpression(syntax, context)
  const nodes = parts.items.map((part, index) => elaborateKey(part, [types[index]!], context))
  return nodes.includes(undefined)
    ? undefined
    : { expression: "concatenation", parts: nodes as ExpressionNode[] }
}

function listedTypes(data: Exclude<SetDeclaration["data"], undefined | "verdict">) {
  return typeof data === "string" ? [data] : data
}

const plainEntries = new Set(["val", "timeout", "expires", "comment"])

/** Statements that older listings have inside the element. */
export function carried(element: Syntax | undefined): readonly Syntax[] {
  if (element?.kind !== "object") return []
  return [...element.entries]
    .filter(([name]) => !plainEntries.has(name))
    .map(([name, value]) => object({ [name]: value }, value.span))
}

/** nft's own size of a meter that names none. */
const meterSize = 65535

/** `meter name { ip saddr limit rate 10/second }` is a dynamic set and an update of it. */
export function elaborateMeter(value: Syntax, context: Context, at: Syntax): SetUpdate | undefined {
  const name = wordOf(entry(value, "name"))
  const element = entry(value, "key")
  if (name === undefined || !element) {
    context.report("nft-bad-value", "a meter has a name and a key", at)
    return undefined
  }
  const inner = entry(element, "elem")
  const key = elaborateExpression(entry(inner, "val") ?? element, context)
  if (!key) return undefined
  const timeout = elaborateTimeout(entry(inner, "timeout"), context)
  const statements = listOf(entry(value, "stmt")).flatMap((statement) =>
    elaborateStatement(statement, context),
  )
  const size = numberOf(entry(value, "size")) ?? meterSize
  const flags: SetDeclaration["flags"] = timeout === undefined ? ["dynamic"] : ["dynamic", "timeout"]
  keeperOf(context)?.declare({ name, key: typesOf(key).map(setTypeOf), flags, size }, at)
  return {
    step: "set-update",
    operation: timeout === undefined ? "add" : "update",
    set: name,
    key,
    ...(timeout !== undefined && { timeout }),
    ...(statements.length > 0 && { statements }),
  }
}
