import type { ObjectKind } from "../../../ruleset/object.js"
import type { SetDeclaration, SetElement } from "../../../ruleset/ruleset.js"
import { setTypeOf, type TypeName, wordsOf } from "../../../ruleset/type.js"
import type { Item } from "../../../ruleset/value.js"
import type { Context } from "./context.js"
import { elaborateExpression } from "./expression.js"
import { elaborateItem } from "./item.js"
import { carried } from "./set-statement.js"
import { elaborateStatement } from "./statement.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf, numberOf, stringOf, wordOf } from "./tree.js"
import { elaborateTypes } from "./types.js"
import { elaborateTime, quotedWord } from "./values.js"
import { elaborateVerdictData, innerValue } from "./verdict.js"

/** In the order in which nft lists them. */
const setFlags = ["constant", "dynamic", "interval", "timeout"] as const

const objectKinds: readonly ObjectKind[] = [
  "counter",
  "quota",
  "limit",
  "synproxy",
  "secmark",
  "tunnel",
  "ct helper",
  "ct timeout",
  "ct expectation",
]

/** A set or a map without its elements. Undefined: it was reported. */
export function elaborateSet(
  value: Syntax,
  name: string,
  isMap: boolean,
  context: Context,
): SetDeclaration | undefined {
  const type = entry(value, "type")
  if (!type) {
    context.report(
      "nft-bad-value",
      `${isMap ? "a map" : "a set"} needs a type, or an expression behind typeof`,
      value,
    )
    return undefined
  }
  const key = elaborateTypes(withoutTypeof(type), context)
  if (!key) return undefined
  const data = entry(value, "map")
  const found = data ? elaborateData(data, context) : {}
  if (!found) return undefined
  if (isMap && !data) {
    context.report("nft-bad-value", "a map needs the type of its values too", value)
    return undefined
  }
  const flags = new Set<SetDeclaration["flags"][number]>()
  for (const flag of listOf(entry(value, "flags"))) {
    const known = setFlags.find((each) => each === stringOf(flag))
    if (known) flags.add(known)
    else context.report("nft-bad-value", `${quotedWord(flag)} is no flag of a set`, flag)
  }
  const written = entry(value, "timeout")
  const timeout = written && elaborateTime(written, context)
  if (timeout !== undefined) flags.add("timeout")
  const interval = entry(value, "gc-interval")
  const gcInterval = interval && elaborateTime(interval, context)
  const size = numberOf(entry(value, "size"))
  const comment = wordOf(entry(value, "comment"))
  const statements = listOf(entry(value, "stmt")).flatMap((statement) =>
    elaborateStatement(statement, context),
  )
  const policy = stringOf(entry(value, "policy"))
  const node = typeofNodes(type, data, context)
  return {
    name,
    key: key.map(setTypeOf),
    ...(node && { typeof: node }),
    ...found,
    ...(entry(value, "interval-data") && { intervalData: true }),
    flags: setFlags.filter((flag) => flags.has(flag)),
    ...(isTrue(entry(value, "auto-merge")) && { autoMerge: true }),
    ...(timeout !== undefined && { timeout }),
    ...(gcInterval !== undefined && { gcInterval }),
    ...(policy === "memory" && { policy }),
    ...(comment !== undefined && { comment }),
    ...(size !== undefined && { size }),
    ...(statements.length > 0 && { statements }),
    origin: { span: value.span, text: "" },
  }
}

function isTrue(syntax: Syntax | undefined): boolean {
  return syntax?.kind === "leaf" && syntax.value === true
}

function withoutTypeof(type: Syntax): Syntax {
  return entry(type, "typeof") ?? type
}

function typeofNodes(
  type: Syntax,
  data: Syntax | undefined,
  context: Context,
): SetDeclaration["typeof"] | undefined {
  const silent: Context = { ...context, protocol: {}, assume: () => {}, report: () => {} }
  const nodeOf = (syntax: Syntax | undefined) => {
    const expression = entry(syntax, "typeof")
    return expression && elaborateExpression(expression, silent)
  }
  const key = nodeOf(type)
  const value = nodeOf(data)
  return key || value ? { ...(key && { key }), ...(value && { data: value }) } : undefined
}

function elaborateData(data: Syntax, context: Context): Pick<SetDeclaration, "data" | "objects"> | undefined {
  const word = stringOf(data)
  if (word === "verdict") return { data: "verdict" }
  const objects = objectKinds.find((kind) => kind === word)
  if (objects) return { objects }
  // A number of a queue has no type by name.
  if (word === "queue") return { data: "inet_service" }
  const types = elaborateTypes(withoutTypeof(data), context)?.map(setTypeOf)
  return types && { data: types.length === 1 ? types[0]! : types }
}

/** The elements of a declaration or of `add element`; those that are wrong were reported and are left out. */
export function elaborateElements(
  elements: readonly Syntax[],
  set: SetDeclaration,
  context: Context,
): SetElement[] {
  const found: SetElement[] = []
  for (const element of elements) {
    const made = elaborateElement(element, set, context)
    if (made) found.push(made)
  }
  return found
}

function elaborateElement(element: Syntax, set: SetDeclaration, context: Context): SetElement | undefined {
  const isPair = element.kind === "array"
  const written = isPair ? element.items[0] : element
  const data = isPair ? element.items[1] : undefined
  if (!written) {
    context.report("nft-bad-value", "an element is missing", element)
    return undefined
  }
  const isMap = set.data !== undefined || set.objects !== undefined
  if (isMap !== (data !== undefined)) {
    context.report(
      "nft-bad-value",
      isMap ? "an element of a map has a value" : "an element of a set has no value",
      element,
    )
    return undefined
  }
  const key = elaborateItem(innerValue(written), set.key, context)
  if (!key) return undefined
  if (!set.flags.includes("interval") && isRange(key)) {
    context.report(
      "nft-bad-value",
      `${set.name} holds no ranges or networks`,
      written,
      "it needs flags interval",
    )
    return undefined
  }
  const worth = data && elaborateWorth(innerValue(data), set, context)
  if (data && !worth) return undefined
  const options = optionsOf(written, data, context)
  return { key, ...options, ...worth }
}

/** A whole network is one value where all bits are fixed. */
function isRange(item: Item): boolean {
  if ("parts" in item) return item.parts.some(isRange)
  return "from" in item || "prefix" in item
}

function optionsOf(
  key: Syntax,
  data: Syntax | undefined,
  context: Context,
): Pick<SetElement, "timeout" | "expires" | "comment" | "statements"> {
  const inner = entry(key, "elem")
  const outer = entry(data, "elem")
  if (!inner && !outer) return {}
  const option = (name: string) => entry(inner, name) ?? entry(outer, name)
  const time = (name: string) => {
    const written = option(name)
    return written && elaborateTime(written, context)
  }
  const timeout = time("timeout")
  const expires = time("expires")
  const comment = wordOf(option("comment"))
  const statements = [...carried(inner), ...carried(outer)].flatMap((statement) =>
    elaborateStatement(statement, context),
  )
  return {
    ...(timeout !== undefined && { timeout }),
    ...(expires !== undefined && { expires }),
    ...(comment !== undefined && { comment }),
    ...(statements.length > 0 && { statements }),
  }
}

function elaborateWorth(
  data: Syntax,
  set: SetDeclaration,
  context: Context,
): Pick<SetElement, "data" | "dataItem" | "object"> | undefined {
  if (set.objects !== undefined) {
    const object = wordOf(data)
    if (object === undefined) context.report("nft-bad-value", `${quotedWord(data)} is no name`, data)
    return object === undefined ? undefined : { object }
  }
  if (set.data === "verdict") {
    const verdict = elaborateVerdictData(data, context)
    return verdict && { data: verdict }
  }
  const types = typeof set.data === "string" ? [set.data] : (set.data ?? [])
  const item = elaborateItem(data, types, context)
  if (!item) return undefined
  const isPlain = "value" in item && typeof item.value !== "string"
  return { data: firstWords(item, types), ...(!isPlain && { dataItem: item }) }
}

/** The words of a value; of a range or a network the first, of text none that is known here. */
function firstWords(item: Item, types: readonly TypeName[]): readonly number[] {
  if ("parts" in item) return item.parts.flatMap((part, index) => firstWords(part, [types[index]!]))
  const literal =
    "value" in item ? item.value : "from" in item ? item.from : "prefix" in item ? item.prefix : []
  return typeof literal === "string" ? new Array<number>(wordsOf(types[0]!)).fill(0) : literal
}
