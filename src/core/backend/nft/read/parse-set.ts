import { parseElementStatement, startsElementStatement } from "./parse-element-statement.js"
import { parseExpression } from "./parse-expression.js"
import { parseVerdict, startsVerdict } from "./parse-verdict.js"
import type { Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, isNull, object } from "./tree.js"

/** `{ a, b-c, d . e timeout 30s comment "x", f : accept }`: `{"set": […]}`, where a map's element is an array of key and data. */
export function parseSet(p: Parser): Syntax {
  const first = p.peek()
  const items = parseElements(p)
  const span = spanning(first.span, p.previous().span)
  return object({ set: array(items, span) }, span)
}

/** Elements in braces. Variables that hold sets bring their elements. */
export function parseElements(p: Parser): readonly Syntax[] {
  return p.nested(() => {
    p.expect("{", "for a set")
    const items: Syntax[] = []
    p.skipLines()
    while (!p.is("}")) {
      for (const item of parseElement(p)) items.push(item)
      p.skipLines()
      if (!p.is(",")) break
      // nft takes `{ a, , b }`, but nothing before the first.
      while (p.accept(",")) p.skipLines()
    }
    p.expect("}", "behind the elements of a set")
    return items
  })
}

function parseElement(p: Parser): readonly Syntax[] {
  const first = p.peek()
  if (p.is("{")) return parseElements(p)
  const value = parseExpression(p, "right")
  p.skipLines()
  const key = parseElementOptions(p, value)
  if (p.accept(":")) {
    p.skipLines()
    const data = startsVerdict(p) ? parseVerdict(p) : parseExpression(p, "right")
    return [array([key, parseElementOptions(p, data)], spanning(first.span, p.previous().span))]
  }
  const members = key.kind === "object" ? key.entries.get("set") : undefined
  return members?.kind === "array" ? members.items : [key]
}

/** What an element has besides its value: `{"elem": {"val": …, "timeout": …}}`. Without any, the value alone. */
export function parseElementOptions(p: Parser, value: Syntax): Syntax {
  const entries: Record<string, Syntax> = {}
  for (;;) {
    if (p.accept("timeout")) entries["timeout"] = p.time("a timeout")
    else if (p.accept("expires")) entries["expires"] = p.time("a time left")
    else if (p.accept("comment")) entries["comment"] = p.string("a comment")
    else if (startsElementStatement(p)) {
      const statement = parseElementStatement(p)
      if (statement.kind === "object")
        for (const [name, inner] of statement.entries)
          if (!isNull(inner) || !(name in entries)) entries[name] = inner
    } else break
  }
  if (Object.keys(entries).length === 0) return value
  const span = spanning(value.span, p.previous().span)
  return object({ elem: object({ val: value, ...entries }, span) }, span)
}
