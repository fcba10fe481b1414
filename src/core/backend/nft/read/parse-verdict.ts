import { parseRuleBody } from "./parse-statement.js"
import type { Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, named, object } from "./tree.js"

/** Verdicts, with the chains without a name that they may bring. */

const plainVerdicts = new Set(["accept", "drop", "return", "continue"])

export function startsVerdict(p: Parser): boolean {
  return p.isOneOf(plainVerdicts) || p.is("jump") || p.is("goto")
}

/** `accept`, `jump chain`, `jump { … }`: `{"accept": null}`, `{"jump": {"target": …}}`. */
export function parseVerdict(p: Parser): Syntax {
  const token = p.next()
  if (plainVerdicts.has(token.text)) return named(token.text, leaf(null, token.span), token.span)
  const target = p.is("{") ? parseAnonymousChain(p) : p.identifier("chain")
  const span = spanning(token.span, p.previous().span)
  return object({ [token.text]: object({ target }, span) }, span)
}

/** `jump { … }`: a chain whose name the kernel makes up. Its rules are left to who reads the chain around it. */
function parseAnonymousChain(p: Parser): Syntax {
  return p.nested(() => {
    const open = p.expect("{", "here")
    const name = leaf(`__chain${p.anonymousChains++}`, open.span)
    const rules: Syntax[] = []
    p.skipSeparators()
    while (!p.is("}") && p.peek().kind !== "end") {
      rules.push(object(parseRuleBody(p), open.span))
      p.endLine("a rule")
    }
    p.expect("}", "behind the rules of a chain")
    p.pending.push(object({ name, rules: array(rules, open.span) }, open.span))
    return name
  })
}
