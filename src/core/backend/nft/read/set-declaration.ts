import type { ObjectKind } from "../../../ruleset/object.js"
import type { SetDeclaration } from "../../../ruleset/ruleset.js"
import { setTypeOf } from "../../../ruleset/type.js"
import type { Context } from "./context.js"
import { elaborateExpression } from "./expression.js"
import { elaborateInterval, elaborateTimeout } from "./listed-time.js"
import { plainSpan } from "./place.js"
import { elaborateStatement } from "./statement.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf, numberOf, stringOf, wordOf } from "./tree.js"
import { elaborateTypes } from "./types.js"
import { quotedWord } from "./values.js"

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
  const timeout = elaborateTimeout(entry(value, "timeout"), context)
  if (timeout !== undefined) flags.add("timeout")
  const gcInterval = elaborateInterval(entry(value, "gc-interval"), context)
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
    origin: { span: plainSpan(value.span), text: "" },
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
  const silent: Context = { ...context, isTypeof: true, protocol: {}, assume: () => {}, report: () => {} }
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
