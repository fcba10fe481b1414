import { parseExpression } from "./parse-expression.js"
import type { Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { leaf, named, object } from "./tree.js"

/** Statements that remember something, and may stand in a rule as well as in an element of a set; their values stand in objects too. */

/** Statements that an element of a set may carry, and the same in a rule. */
export function startsElementStatement(p: Parser): boolean {
  if (p.is("ct")) return p.is("count", 1)
  return p.is("counter") || p.is("limit") || p.is("quota") || p.is("last") || p.is("connlimit")
}

export function parseElementStatement(p: Parser): Syntax {
  const first = p.next()
  const done = (name: string, value: Syntax): Syntax => {
    const span = spanning(first.span, p.previous().span)
    return named(name, value, span)
  }
  const { text } = first
  if (text === "ct") {
    p.next()
    const inv = acceptOver(p)
    return done("ct count", object({ val: p.number("a number of connections"), inv }, first.span))
  }
  if (p.accept("name")) return done(text, parseExpression(p, "operand"))
  if (text === "counter") return done("counter", parseCounterValues(p) ?? leaf(null, first.span))
  if (text === "limit") return done("limit", parseLimitValues(p))
  if (text === "quota") return done("quota", parseQuotaValues(p))
  return done(text, parseLastValues(p) ?? leaf(null, first.span))
}

/** `packets 3 bytes 180`. */
export function parseCounterValues(p: Parser): Syntax | undefined {
  const first = p.peek()
  const entries: Record<string, Syntax> = {}
  while ((p.is("packets") || p.is("bytes")) && p.peek(1).kind === "number") {
    const { text } = p.next()
    entries[text] = p.number(`a number of ${text}`)
  }
  if (Object.keys(entries).length === 0) return undefined
  return object(entries, spanning(first.span, p.previous().span))
}

function acceptOver(p: Parser): Syntax | undefined {
  const { span } = p.peek()
  if (p.accept("over")) return leaf(true, span)
  p.accept("until")
  return undefined
}

/** `rate over 10 mbytes/second burst 5 kbytes`, behind `limit`. */
export function parseLimitValues(p: Parser): Syntax {
  const first = p.expect("rate", "behind limit")
  const inv = acceptOver(p)
  const rate = p.number("a rate")
  let unit: Syntax | undefined
  let per: Syntax
  if (p.accept("/")) per = p.name("unit of time")
  else {
    const token = p.next()
    const [amount = "", time] = token.text.split("/")
    unit = leaf(amount, token.span)
    if (time === undefined || time === "") {
      p.expect("/", "behind the unit")
      per = p.name("unit of time")
    } else per = leaf(time, token.span)
  }
  let burst: Syntax | undefined
  let burstUnit: Syntax | undefined
  if (p.accept("burst")) {
    burst = p.number("a burst")
    burstUnit = p.name("unit of a burst")
  }
  const entries = { rate, rate_unit: unit, per, burst, burst_unit: burstUnit, inv }
  return object(entries, spanning(first.span, p.previous().span))
}

/** `over 25 mbytes used 1 kbytes`, behind `quota`. */
export function parseQuotaValues(p: Parser): Syntax {
  const first = p.peek()
  const inv = acceptOver(p)
  const val = p.number("an amount")
  const unit = p.name("unit of bytes")
  let used: Syntax | undefined
  let usedUnit: Syntax | undefined
  if (p.accept("used")) {
    used = p.number("an amount")
    usedUnit = p.name("unit of bytes")
  }
  const entries = { val, val_unit: unit, used, used_unit: usedUnit, inv }
  return object(entries, spanning(first.span, p.previous().span))
}

function parseLastValues(p: Parser): Syntax | undefined {
  const first = p.peek()
  if (!p.accept("used")) return undefined
  if (p.accept("never")) return undefined
  return object({ used: p.time("a time") }, spanning(first.span, p.previous().span))
}
