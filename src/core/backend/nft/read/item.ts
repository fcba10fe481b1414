import { isBitType } from "../../../ruleset/notation.js"
import { dataTypes, setTypeOf, type TypeName } from "../../../ruleset/type.js"
import type { Item, Literal } from "../../../ruleset/value.js"
import type { Context } from "./context.js"
import { literalOf } from "./symbols.js"
import type { Syntax } from "./syntax.js"
import { entry, numberOf, single, stringOf } from "./tree.js"
import { numberOfWords, onesOf, wordsOfNumber } from "./wide-number.js"

/**
 * A constant of these types: a value, `syn | ack`, a network, a range, one part for each type of a concatenation, `*`. `bits`: how wide each part is,
 * where a field has fewer bits than its type. Undefined: it was reported.
 */
export function elaborateItem(
  syntax: Syntax,
  types: readonly TypeName[],
  context: Context,
  bits: readonly number[] = types.map((type) => dataTypes[type]),
): Item | undefined {
  const value = entry(entry(syntax, "elem"), "val")
  if (value) return elaborateItem(value, types, context, bits)
  if (stringOf(syntax) === "*") return { others: true }
  const parts = entry(syntax, "concat")
  if (parts?.kind === "array") return concatenation(syntax, parts.items, types, context, bits)
  if (types.length !== 1) {
    if (types.length === 0) return undefined
    context.report(
      "value-does-not-fit",
      `here nft takes ${types.length} values joined by dots: ${types.map(setTypeOf).join(" . ")}`,
      syntax,
    )
    return undefined
  }
  return simple(syntax, types[0]!, context, bits[0]!)
}

function concatenation(
  syntax: Syntax,
  parts: readonly Syntax[],
  types: readonly TypeName[],
  context: Context,
  bits: readonly number[],
): Item | undefined {
  if (parts.length !== types.length) {
    const wanted = types.map(setTypeOf).join(" . ")
    context.report("value-does-not-fit", `${parts.length} values stand where nft takes ${wanted}`, syntax)
    return undefined
  }
  const found = parts.map((part, index) => elaborateItem(part, [types[index]!], context, [bits[index]!]))
  if (found.includes(undefined)) return undefined
  return found.length === 1 ? found[0] : { parts: found as Item[] }
}

/** A range of times of day may go over midnight. */
const wraps = new Set<TypeName>(["hour"])

function simple(syntax: Syntax, type: TypeName, context: Context, bits: number): Item | undefined {
  const [name, inner] = single(syntax) ?? []
  if (name === "range" && inner?.kind === "array" && inner.items.length === 2) {
    const [from, to] = inner.items.map((end) => elaborateLiteral(end, type, context, bits)) as (
      | Literal
      | undefined
    )[]
    if (from === undefined || to === undefined) return undefined
    if (!wraps.has(type) && isBefore(to, from, type)) {
      context.report("value-does-not-fit", "a range ends before it begins", syntax)
      return undefined
    }
    return { from, to }
  }
  if (name === "prefix" && inner) return prefixOf(syntax, inner, type, context, bits)
  const literal = elaborateLiteral(syntax, type, context, bits)
  return literal === undefined ? undefined : { value: literal }
}

function isBefore(left: Literal, right: Literal, type: TypeName): boolean {
  if (typeof left === "string" || typeof right === "string") return false
  return numberOfWords(left, type) < numberOfWords(right, type)
}

/** Bits behind the length are cleared, as nft clears them. A host is a value. */
function prefixOf(
  syntax: Syntax,
  inner: Syntax,
  type: TypeName,
  context: Context,
  bits: number,
): Item | undefined {
  const address = entry(inner, "addr")
  const length = numberOf(entry(inner, "len"))
  const literal = address && elaborateLiteral(address, type, context, bits)
  if (literal === undefined) return undefined
  if (typeof literal === "string" || length === undefined || length < 0 || length > bits) {
    context.report("bad-prefix-length", `a prefix length here is 0 to ${bits}`, syntax)
    return undefined
  }
  const free = onesOf(type, bits - length)
  const prefix = wordsOfNumber(numberOfWords(literal, type) & ~free, type)
  if (length === bits && isAddress(type)) return { value: prefix }
  return { prefix, length }
}

/** Types whose networks nft lists with a slash. */
export function isAddress(type: TypeName): boolean {
  return type === "ipv4_addr" || type === "ipv6_addr"
}

/** A single constant: a word, a number, bits joined by commas or `|`, numbers with operators between them. */
export function elaborateLiteral(
  syntax: Syntax,
  type: TypeName,
  context: Context,
  bits: number = dataTypes[type],
): Literal | undefined {
  if (syntax.kind === "leaf") return literalOf(syntax, type, context, bits)
  const folded = foldConstant(syntax, type, context, bits)
  return folded === undefined ? undefined : wordsOfNumber(folded, type)
}

const operators: Readonly<Record<string, (left: bigint, right: bigint) => bigint>> = {
  "&": (left, right) => left & right,
  "|": (left, right) => left | right,
  "^": (left, right) => left ^ right,
  "<<": (left, right) => left << right,
  ">>": (left, right) => left >> right,
}

function foldConstant(syntax: Syntax, type: TypeName, context: Context, bits: number): bigint | undefined {
  const inner = entry(entry(syntax, "elem"), "val")
  if (inner) return foldConstant(inner, type, context, bits)
  if (syntax.kind === "leaf") {
    const literal = literalOf(syntax, type, context, bits)
    return literal === undefined || typeof literal === "string" ? undefined : numberOfWords(literal, type)
  }
  const [operator, operands] = syntax.kind === "array" ? ["|", syntax] : (single(syntax) ?? [])
  const combine = operator === undefined ? undefined : operators[operator]
  if (operands?.kind !== "array" || !combine || (syntax.kind === "array" && !isBitType(type))) {
    const what =
      operator === undefined || combine ? "a single value" : `a value of the type ${setTypeOf(type)}`
    context.report("value-does-not-fit", `here nft takes ${what}`, syntax)
    return undefined
  }
  const isShift = operator === "<<" || operator === ">>"
  const numbers = operands.items.map((operand, index) =>
    isShift && index > 0
      ? foldConstant(operand, "integer", context, 32)
      : foldConstant(operand, type, context, isShift ? 32 : bits),
  )
  if (numbers.includes(undefined)) return undefined
  const value = (numbers as bigint[]).reduce(combine)
  if (value >= 1n << BigInt(bits)) {
    context.report("nft-value-too-large", `${value} is not between 0 and ${onesOf(type, bits)}`, syntax)
    return undefined
  }
  return value
}
