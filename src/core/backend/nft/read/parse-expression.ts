import { valueOfNumber } from "./lexer.js"
import { leftWords, parseField, startsExpression, startsHeader, startsUnmistakably } from "./parse-field.js"
import { parseSet } from "./parse-set.js"
import { describe, type Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, named, object } from "./tree.js"
import { binaryOperators } from "./words.js"

/**
 * Where an expression stands decides what its words are: `tcp` begins a field on the `left` of a comparison, and is a protocol's number on the `right`.
 * An `operand` of a statement (`meta mark set …`) may be either.
 */
export type Place = "left" | "right" | "operand"

/** Expressions joined by dots, of binary operators. In the operand of a statement a map may follow. */
export function parseExpression(p: Parser, place: Place): Syntax {
  return p.nested(() => {
    const first = p.peek()
    const value = parseConcatenation(p, place)
    if (place === "right" || !p.is("map")) return value
    p.next()
    const data = parseSetOrReference(p)
    const span = spanning(first.span, p.previous().span)
    return object({ map: object({ key: value, data }, span) }, span)
  })
}

/** The right side of a comparison: a set, a reference to one, a list of bits, or a value. */
export function parseRight(p: Parser): Syntax {
  if (p.is("{") || p.is("@")) return parseSetOrReference(p)
  return parseList(p, "right")
}

/** `fin,syn`: words of a bit mask. */
export function parseList(p: Parser, place: Place): Syntax {
  const first = p.peek()
  const items = [parseExpression(p, place)]
  while (p.accept(",")) {
    p.skipLines()
    items.push(parseExpression(p, place))
  }
  return items.length === 1 ? items[0]! : array(items, spanning(first.span, p.previous().span))
}

/** `{ … }`, `@name`, or a variable that holds one. */
export function parseSetOrReference(p: Parser): Syntax {
  if (p.is("{")) return parseSet(p)
  if (p.is("@")) return parseReference(p)
  if (p.is("$")) return p.variable()
  return p.fail(`here nft takes a set in braces or the name of one behind "@", not ${describe(p.peek())}`)
}

/** `@name`. */
export function parseReference(p: Parser): Syntax {
  const sign = p.expect("@", "here")
  const name = p.next()
  if (name.kind !== "word" && name.kind !== "string")
    p.fail('behind "@" stands the name of a set or a map', name)
  return leaf(`@${name.text}`, spanning(sign.span, name.span))
}

function parseConcatenation(p: Parser, place: Place): Syntax {
  const first = p.peek()
  const parts = [parseRange(p, place)]
  // Behind a dot a constant may stand on the left side too: `ip saddr . "lo" @pairs`.
  while (p.accept(".")) parts.push(parseRange(p, place === "left" ? "operand" : place))
  if (parts.length === 1) return parts[0]!
  const span = spanning(first.span, p.previous().span)
  return object({ concat: array(parts, span) }, span)
}

/** `22-25`, `10.0.0.0/8`: constants only. */
function parseRange(p: Parser, place: Place): Syntax {
  const first = p.peek()
  const value = parseBinary(p, place, 0)
  if (place === "left") return value
  const low = parsePrefix(p, value, first.span)
  if (!p.is("-")) return low
  p.next()
  const beginning = p.peek().span
  const high = parsePrefix(p, parseBinary(p, place, 0), beginning)
  const span = spanning(first.span, p.previous().span)
  return object({ range: array([low, high], span) }, span)
}

function parsePrefix(p: Parser, value: Syntax, first: Syntax["span"]): Syntax {
  if (!p.is("/") || p.peek(1).kind !== "number") return value
  p.next()
  const length = p.number("a prefix length")
  const span = spanning(first, length.span)
  return named("prefix", object({ addr: value, len: length }, span), span)
}

/** Each operator, and how tightly it binds. */
const operators = new Map(
  binaryOperators.flatMap((words, level) =>
    Object.entries(words).map(([word, sign]) => [word, { sign, level }] as const),
  ),
)

/** Operators of this level and tighter ones. */
function parseBinary(p: Parser, place: Place, level: number): Syntax {
  const first = p.peek()
  let left = parsePrimary(p, place)
  for (;;) {
    const token = p.peek()
    if (token.kind !== "word" && token.kind !== "sign") return left
    const operator = operators.get(token.text)
    if (operator === undefined || operator.level < level) return left
    p.next()
    // What stands behind an operator on the left side may be a constant: `ip frag-off & 0x1fff`.
    const right = parseBinary(p, place === "left" ? "operand" : place, operator.level + 1)
    const span = spanning(first.span, p.previous().span)
    left = named(operator.sign, array([left, right], span), span)
  }
}

function parsePrimary(p: Parser, place: Place): Syntax {
  if (p.is("(")) {
    return p.nested(() => {
      p.next()
      const inner = place === "left" ? parseConcatenation(p, "operand") : parseList(p, place)
      p.expect(")", "behind what stands in parentheses")
      return inner
    })
  }
  if (p.is("$")) return p.variable()
  if (place !== "right" && startsExpression(p)) return parseField(p)
  if (place === "left" && p.peek().kind === "word" && startsHeader(p.peek().text)) return parseField(p)
  if (place === "right" && startsUnmistakably(p)) return parseField(p)
  return parseConstant(p, place)
}

/** What begins a statement is no value, not even the name of a device: `iifname drop` lacks one. */
const statementWords: ReadonlySet<string> = new Set([
  "accept",
  "drop",
  "return",
  "continue",
  "jump",
  "goto",
  "counter",
  "limit",
  "log",
])

/** A constant: a word, a number, a text, `*`, or a reference to a set. */
function parseConstant(p: Parser, place: Place): Syntax {
  if (p.is("@")) return parseReference(p)
  const token = p.peek()
  if (token.kind === "string") return leaf(p.next().text, token.span, true)
  if (token.kind === "number") return numberLeaf(p)
  if (p.is("*")) return leaf(p.next().text, token.span)
  if (p.is("-") && p.peek(1).kind === "number") {
    p.next()
    return leaf(-valueOfNumber(p.next().text), token.span)
  }
  if (token.kind !== "word" || statementWords.has(token.text))
    return p.fail(`nft takes a value here, not ${describe(token)}`)
  if (place === "left") p.failUnknown("a statement or a field that nft knows", leftWords)
  return leaf(p.next().text, token.span)
}

export function numberLeaf(p: Parser): Syntax {
  const token = p.next()
  const value = valueOfNumber(token.text)
  return leaf(Number.isSafeInteger(value) ? value : token.text, token.span)
}
