import type { StepNode } from "../../../ruleset/node.js"
import type { SetDeclaration, SetElement } from "../../../ruleset/ruleset.js"
import { type TypeName, wordsOf } from "../../../ruleset/type.js"
import type { Item } from "../../../ruleset/value.js"
import type { Context } from "./context.js"
import { elaborateItem } from "./item.js"
import { keeperOf } from "./keeper.js"
import { elaborateTimeout } from "./listed-time.js"
import { carried } from "./set-statement.js"
import { elaborateStatement } from "./statement.js"
import type { Syntax } from "./syntax.js"
import { entry, wordOf } from "./tree.js"
import { elaborateTime, quotedWord } from "./values.js"
import { elaborateVerdictData, innerValue } from "./verdict.js"

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
  const { statements: carrying, ...options } = optionsOf(written, data, context)
  const statements = carrying && statementsLike(carrying, set, written, context)
  return { key, ...options, ...(statements && { statements }), ...worth }
}

/** An element carries what its set says that all carry, in that order. nft's JSON keeps only one of several: the others are as new. */
function statementsLike(
  carried: readonly StepNode[],
  { name, statements }: SetDeclaration,
  at: Syntax,
  context: Context,
): readonly StepNode[] {
  if (!statements) return carried
  if (keeperOf(context)?.isListing)
    return statements.map((each) => carried.find(({ step }) => step === each.step) ?? each)
  if (
    carried.length !== statements.length ||
    carried.some(({ step }, index) => step !== statements[index]!.step)
  )
    context.report(
      "nft-bad-value",
      `the elements of ${name} carry what it says that they do, and nothing else`,
      at,
    )
  return carried
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
  const timeout = elaborateTimeout(option("timeout"), context)
  const left = option("expires")
  const expires = left && elaborateTime(left, context)
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
