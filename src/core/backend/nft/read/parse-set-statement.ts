import { parseElementStatement, startsElementStatement } from "./parse-element-statement.js"
import { parseExpression, parseReference } from "./parse-expression.js"
import { parseElementOptions } from "./parse-set.js"
import { describe, type Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, object } from "./tree.js"

/** Statements that add to sets and maps. */

/** `add @s { ip saddr timeout 30s limit rate … }`, `set add ip saddr @s`, `update @m { ip saddr : tcp dport }`. */
export function parseSetStatement(p: Parser): Syntax {
  const first = p.peek()
  if (p.accept("set")) {
    const op = operationOf(p)
    const elem = parseElementOptions(p, parseExpression(p, "left"))
    const set = parseReference(p)
    const span = spanning(first.span, p.previous().span)
    return object({ set: object({ op, elem, set }, span) }, span)
  }
  const op = operationOf(p)
  const set = parseReference(p)
  p.expect("{", "behind the name of the set")
  const { elem, statements } = parseDynamicElement(p)
  let data: Syntax | undefined
  if (p.accept(":")) data = parseExpression(p, "operand")
  p.expect("}", "behind the element")
  const span = spanning(first.span, p.previous().span)
  const stmt = statements.length > 0 ? array(statements, first.span) : undefined
  if (data) return object({ map: object({ op, map: set, elem, data, stmt }, span) }, span)
  return object({ set: object({ op, elem, set, stmt }, span) }, span)
}

/** A key with its time, and the statements that the element carries, which JSON keeps beside it. */
function parseDynamicElement(p: Parser): { readonly elem: Syntax; readonly statements: readonly Syntax[] } {
  // A constant is a key too: `add @tries { 192.0.2.1 }`.
  const key = parseExpression(p, "operand")
  const entries: Record<string, Syntax> = {}
  const statements: Syntax[] = []
  for (;;) {
    if (p.accept("timeout")) entries["timeout"] = p.time("a timeout")
    else if (p.accept("expires")) entries["expires"] = p.time("a time left")
    else if (p.accept("comment")) entries["comment"] = p.string("a comment")
    else if (startsElementStatement(p)) statements.push(parseElementStatement(p))
    else break
  }
  const elem =
    Object.keys(entries).length === 0
      ? key
      : object({ elem: object({ val: key, ...entries }, key.span) }, spanning(key.span, p.previous().span))
  return { elem, statements }
}

function operationOf(p: Parser): Syntax {
  const token = p.next()
  if (!["add", "update", "delete"].includes(token.text))
    p.fail(`a set's elements are added, updated or deleted, not ${describe(token)}`, token)
  return leaf(token.text, token.span)
}

/** `meter name size 1024 { ip saddr limit rate 10/second }`: how sets that rules fill were written before. */
export function parseMeter(p: Parser): Syntax {
  const first = p.next()
  const name = p.identifier("meter")
  const size = p.accept("size") ? p.number("a size") : undefined
  p.expect("{", "behind the name of the meter")
  const { elem, statements } = parseDynamicElement(p)
  p.expect("}", "behind the statement of a meter")
  const span = spanning(first.span, p.previous().span)
  const stmt = statements.length === 1 ? statements[0]! : array(statements, span)
  return object({ meter: object({ name, key: elem, stmt, size }, span) }, span)
}
