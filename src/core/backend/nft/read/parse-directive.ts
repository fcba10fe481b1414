import { parseRight } from "./parse-expression.js"
import type { Parser } from "./parser.js"
import type { Syntax } from "./syntax.js"
import { leaf } from "./tree.js"

/** `define`, `undefine`, `redefine` and `include` stand wherever a line may stand. True: it was one. */
export function parseDirective(p: Parser): boolean {
  const token = p.peek()
  if (p.is("include")) {
    p.next()
    const pattern = p.next()
    if (pattern.kind !== "string") p.fail("a file to include is named in quotation marks", pattern)
    if (!p.isEnd()) p.fail("behind the name of a file nft takes the end of the line")
    p.include(pattern.text, pattern)
    return true
  }
  if ((p.is("define") || p.is("redefine")) && p.is("=", 2)) {
    p.next()
    const name = p.next()
    p.next()
    p.define(name, parseValue(p), token.text === "redefine")
    return true
  }
  if (p.is("undefine")) {
    p.next()
    p.undefine(p.next())
    return true
  }
  return false
}

/** What a variable may stand for. */
function parseValue(p: Parser): Syntax {
  const { span } = p.peek()
  if (p.is("-") || p.is("+")) {
    const sign = p.next().text === "-" ? -1 : 1
    const number = p.number("a number")
    return number.kind === "leaf" ? leaf(sign * Number(number.value), span) : number
  }
  return parseRight(p)
}
