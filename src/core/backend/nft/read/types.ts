import { didYouMean } from "../../../base/nearest.js"
import { typesOf } from "../../../ruleset/kinds.js"
import { dataTypes, setTypeOf, type TypeName } from "../../../ruleset/type.js"
import type { Context } from "./context.js"
import { elaborateExpression } from "./expression.js"
import type { Syntax } from "./syntax.js"
import { single, stringOf } from "./tree.js"

/** Widths of numbers, which nft gives no names: `typeof` makes them. */
const nameless = new Set<TypeName>([
  "integer",
  "xinteger",
  "integer64",
  "xinteger64",
  "xinteger128",
  "absolute_time",
])

const typeNames = (Object.keys(dataTypes) as TypeName[]).filter((name) => !nameless.has(name))

/** The types that a set is declared with: a name, names of a concatenation, or what an expression behind `typeof` is worth. Undefined: it was reported. */
export function elaborateTypes(syntax: Syntax, context: Context): TypeName[] | undefined {
  const name = stringOf(syntax)
  if (name !== undefined) {
    // So nft 1.0.6 lists what a map leads to, and cannot read it again: "map": "ipv4_addr . inet_service".
    const found = name.split(" . ").map((each) => typeNamed(each, syntax, context))
    return found.includes(undefined) ? undefined : found.flatMap((types) => types ?? [])
  }
  const parts = partsOf(syntax)
  if (!parts) {
    const node = elaborateExpression(syntax, { ...context, isTypeof: true, protocol: {}, assume: () => {} })
    return node && typesOf(node).map(setTypeOf)
  }
  const found = parts.map((part) => elaborateTypes(part, context))
  return found.includes(undefined) ? undefined : found.flatMap((types) => types ?? [])
}

function partsOf(syntax: Syntax): readonly Syntax[] | undefined {
  if (syntax.kind === "array") return syntax.items
  const [key, value] = single(syntax) ?? []
  return key === "concat" && value?.kind === "array" ? value.items : undefined
}

function typeNamed(name: string, at: Syntax, context: Context): TypeName[] | undefined {
  const known = typeNames.find((candidate) => candidate === name)
  if (known) return [known]
  const hint = nameless.has(name as TypeName)
    ? "a number has the width of the field it comes from: declare the set with typeof"
    : didYouMean(name, typeNames)
  context.report("nft-unknown-type", `"${name}" is no type that a set can hold`, at, hint)
  return undefined
}
