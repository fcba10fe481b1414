import type { Duration } from "../../../base/duration.js"
import { didYouMean } from "../../../base/nearest.js"
import type { Rate, RateUnit } from "../../../base/rate.js"
import type { ExpressionNode } from "../../../ruleset/node.js"
import type { TypeName } from "../../../ruleset/type.js"
import type { Item } from "../../../ruleset/value.js"
import type { Context, Operand } from "./context.js"
import { elaborateExpression } from "./expression.js"
import { elaborateItem } from "./item.js"
import type { Syntax } from "./syntax.js"
import { array, numberOf, object, single, stringOf } from "./tree.js"

/** Values that statements and declarations take. Undefined: it was reported. */

const timeUnits: readonly (readonly [name: string, nanoseconds: number])[] = [
  ["w", 604800e9],
  ["d", 86400e9],
  ["h", 3600e9],
  ["m", 60e9],
  ["s", 1e9],
  ["ms", 1e6],
]
const timePattern = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/

/** `1d2h`, or a number of seconds, as JSON has it. In nanoseconds. */
export function elaborateTime(syntax: Syntax, context: Pick<Context, "report">): Duration | undefined {
  const number = numberOf(syntax)
  if (number !== undefined) return number * 1e9
  const text = stringOf(syntax)
  const parts = text === undefined || text === "" ? null : timePattern.exec(text)
  if (!parts) {
    context.report(
      "nft-bad-value",
      `${quotedWord(syntax)} is not a time`,
      syntax,
      "write it as 30s, 10m or 1d12h",
    )
    return undefined
  }
  return timeUnits.reduce((sum, [, unit], index) => sum + Number(parts[index + 1] ?? 0) * unit, 0)
}

const byteUnits: Readonly<Record<string, number>> = {
  bytes: 1,
  kbytes: 2 ** 10,
  mbytes: 2 ** 20,
}

/** `25 mbytes` in bytes. */
export function elaborateBytes(
  value: Syntax | undefined,
  unit: Syntax | undefined,
  at: Syntax,
  context: Pick<Context, "report">,
): number | undefined {
  const number = numberOf(value)
  const word = stringOf(unit) ?? "bytes"
  const factor = byteUnits[word]
  if (number === undefined || factor === undefined) {
    context.report("nft-bad-value", "an amount is a number of bytes, kbytes or mbytes", unit ?? value ?? at)
    return undefined
  }
  return number * factor
}

const rateUnits: readonly RateUnit[] = ["second", "minute", "hour", "day", "week"]

/** `400` and `minute`. */
export function elaborateRate(
  count: number,
  per: Syntax | undefined,
  at: Syntax,
  context: Pick<Context, "report">,
): Rate | undefined {
  const unit = rateUnits.find((each) => each === (stringOf(per) ?? "second"))
  if (unit === undefined || count < 1 || !Number.isInteger(count)) {
    context.report(
      "nft-bad-value",
      "a rate is a whole number a second, minute, hour, day or week",
      per ?? at,
      didYouMean(stringOf(per) ?? "", rateUnits),
    )
    return undefined
  }
  return { count, unit }
}

const operators = new Set(["|", "&", "^", "<<", ">>"])

/** Whether nothing in it is asked of the packet. */
export function isConstant(syntax: Syntax): boolean {
  if (syntax.kind === "leaf") return true
  if (syntax.kind === "array") return syntax.items.every(isConstant)
  const [name = "", value] = single(syntax) ?? []
  if (value === undefined) return false
  if (name === "prefix") return true
  if (name === "range" || name === "concat" || operators.has(name)) return isConstant(value)
  return false
}

/** A list of words is one value: `new,destroy`. */
function joined(syntax: Syntax): Syntax {
  if (syntax.kind !== "array" || syntax.items.length === 0) return syntax
  return syntax.items.reduce((left, right) => object({ "|": array([left, right], syntax.span) }, syntax.span))
}

/** A constant of these types, or an expression that is worth them. `bits`: how wide it may be, where that is less than its type. */
export function elaborateOperand(
  syntax: Syntax,
  types: readonly TypeName[],
  context: Context,
  bits?: number,
): Operand | undefined {
  if (isConstant(syntax)) {
    const item = elaborateItem(joined(syntax), types, context, bits === undefined ? undefined : [bits])
    return item && { item }
  }
  const expression = elaborateExpression(syntax, context, types, bits)
  return expression && { expression }
}

/** The same where only an expression fits: constants become nodes. */
export function elaborateValue(
  syntax: Syntax,
  types: readonly TypeName[],
  context: Context,
  bits?: number,
): ExpressionNode | undefined {
  const operand = elaborateOperand(syntax, types, context, bits)
  if (operand === undefined || "expression" in operand) return operand?.expression
  const node = constantOf(operand.item, types)
  if (!node) context.report("nft-bad-value", "one value is wanted here", syntax)
  return node
}

function constantOf(item: Item, types: readonly TypeName[]): ExpressionNode | undefined {
  if ("value" in item) return { expression: "constant", value: item.value, type: types[0]! }
  if (!("parts" in item)) return undefined
  const parts = item.parts.map((part, index) => constantOf(part, [types[index]!]))
  if (parts.includes(undefined)) return undefined
  return { expression: "concatenation", parts: parts as ExpressionNode[] }
}

/** A word, in quotation marks, for messages. */
export function quotedWord(syntax: Syntax | undefined): string {
  if (syntax?.kind === "leaf") return `"${syntax.value}"`
  const [name] = (syntax && single(syntax)) ?? []
  return name === undefined ? "this" : `"${name}"`
}
