import { parseExpression, parseList, parseRight, parseSetOrReference } from "./parse-expression.js"
import type { Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, named, object } from "./tree.js"
import { relations } from "./words.js"

/** Statements that begin with something asked of the packet: comparisons, verdict maps, and what is set. */

const objectKinds: Readonly<Record<string, string>> = {
  helper: "ct helper",
  timeout: "ct timeout",
  expectation: "ct expectation",
}

export function parseMatchOrMangle(p: Parser): Syntax {
  const first = p.peek()
  // `ct timeout set "x"` and `ct expectation set "x"` name objects; no field of ct is called so.
  const objectKind = objectKinds[p.peek(1).text]
  if (p.is("ct") && objectKind !== undefined && p.is("set", 2)) {
    p.next()
    p.next()
    p.next()
    const object_ = parseExpression(p, "operand")
    return named(objectKind, object_, spanning(first.span, p.previous().span))
  }
  const left = parseExpression(p, "left")
  const done = (name: string, entries: Readonly<Record<string, Syntax>>): Syntax => {
    const span = spanning(first.span, p.previous().span)
    return named(name, object(entries, span), span)
  }
  if (p.accept("vmap")) return done("vmap", { key: left, data: parseSetOrReference(p) })
  if (p.accept("set")) return done("mangle", { key: left, value: parseList(p, "operand") })
  return parseComparison(p, left, done)
}

function parseComparison(
  p: Parser,
  left: Syntax,
  done: (name: string, entries: Readonly<Record<string, Syntax>>) => Syntax,
): Syntax {
  const token = p.peek()
  const isOperator = token.kind === "word" || token.kind === "sign"
  const relation = isOperator && Object.hasOwn(relations, token.text) ? relations[token.text] : undefined
  if (relation !== undefined) p.next()
  const op = leaf(relation ?? "in", token.span)
  const presence = p.peek()
  if (p.accept("exists") || p.accept("missing")) {
    const right = leaf(presence.text === "exists", presence.span)
    return done("match", { op: leaf(relation ?? "==", token.span), left, right })
  }
  if (p.isEnd() && relation === undefined) p.fail("a comparison needs a value", p.peek())
  if (p.is("*")) p.fail('"*" stands among elements, for all others')
  const right = parseRight(p)
  if (!p.is("/")) return done("match", slashOfNumbers(left, right, op) ?? { op, left, right })
  p.next()
  const mask = parseList(p, "right")
  const masked = object({ "&": array([left, mask], left.span) }, left.span)
  return done("match", { op: leaf(relation ?? "==", token.span), left: masked, right })
}

/** `tcp flags 2 / 3` looks like a network; flags have none. */
function slashOfNumbers(left: Syntax, right: Syntax, op: Syntax): Record<string, Syntax> | undefined {
  const prefix = right.kind === "object" ? right.entries.get("prefix") : undefined
  const payload = left.kind === "object" ? left.entries.get("payload") : undefined
  if (prefix?.kind !== "object" || payload?.kind !== "object") return undefined
  const field = payload.entries.get("field")
  if (field?.kind !== "leaf" || field.value !== "flags") return undefined
  const mask = prefix.entries.get("len")!
  const equals = op.kind === "leaf" && op.value === "in" ? leaf("==", op.span) : op
  return {
    op: equals,
    left: object({ "&": array([left, mask], left.span) }, left.span),
    right: prefix.entries.get("addr")!,
  }
}
