import {
  parseExpression,
  parseList,
  parseReference,
  parseRight,
  parseSetOrReference,
} from "./parse-expression.js"
import { parseLog } from "./parse-log.js"
import { isNatWord, parseDuplicate, parseForward, parseNat, parseProxy, parseQueue } from "./parse-nat.js"
import { parseElementOptions } from "./parse-set.js"
import type { Parser } from "./parser.js"
import { describe } from "./parser.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, object, spanning } from "./tree.js"
import { relations } from "./words.js"

const plainVerdicts = new Set(["accept", "drop", "return", "continue"])

export function startsVerdict(p: Parser): boolean {
  return p.isOneOf(plainVerdicts) || p.is("jump") || p.is("goto")
}

/** `accept`, `jump chain`, `jump { … }`: `{"accept": null}`, `{"jump": {"target": …}}`. */
export function parseVerdict(p: Parser): Syntax {
  const token = p.next()
  if (plainVerdicts.has(token.text)) return object({ [token.text]: leaf(null, token.span) }, token.span)
  const target = p.is("{") ? parseAnonymousChain(p) : p.name("chain")
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
      rules.push(parseRuleBody(p))
      p.endStatement("a rule")
    }
    p.expect("}", "behind the rules of a chain")
    p.pending.push(object({ name, rules: array(rules, open.span) }, open.span))
    return name
  })
}

/** A rule's statements and its comment: `{"expr": […], "comment": …, "text": …}`. The text is what was written. */
export function parseRuleBody(p: Parser): Syntax {
  const first = p.peek()
  const statements: Syntax[] = []
  let comment: Syntax | undefined
  while (!p.isEnd()) {
    if (p.accept("comment")) {
      comment = p.string("a comment")
      break
    }
    for (const statement of parseStatement(p)) statements.push(statement)
  }
  const span = spanning(first.span, p.previous().span)
  return object({ expr: array(statements, span), comment, text: leaf(p.textFrom(first), span, true) }, span)
}

/** Mostly one; a dynamic set's element may be followed by its statements. */
function parseStatement(p: Parser): readonly Syntax[] {
  const token = p.peek()
  if (startsVerdict(p)) return [parseVerdict(p)]
  if (startsElementStatement(p)) return [parseElementStatement(p)]
  const { text } = token
  if (token.kind === "word") {
    if (isNatWord(text)) return [parseNat(p)]
    switch (text) {
      case "log":
        return [parseLog(p)]
      case "reject":
        return [parseReject(p)]
      case "queue":
        return [parseQueue(p)]
      case "dup":
        return [parseDuplicate(p)]
      case "fwd":
        return [parseForward(p)]
      case "tproxy":
      case "synproxy":
        return [parseProxy(p)]
      case "notrack":
        p.next()
        return [object({ notrack: leaf(null, token.span) }, token.span)]
      case "flow":
        return [parseFlow(p)]
      case "meter":
        return [parseMeter(p)]
      case "xt":
        return [parseXt(p)]
      case "tunnel":
        p.next()
        p.expect("name", "behind tunnel")
        return [object({ tunnel: parseExpression(p, "operand") }, token.span)]
      case "reset": {
        p.next()
        const field = parseExpression(p, "left")
        return [object({ reset: field }, spanning(token.span, p.previous().span))]
      }
      case "add":
      case "update":
      case "delete":
      case "set":
        return [parseSetStatement(p)]
    }
  }
  return [parseMatchOrMangle(p)]
}

const objectKinds: Readonly<Record<string, string>> = {
  helper: "ct helper",
  timeout: "ct timeout",
  expectation: "ct expectation",
}

function parseMatchOrMangle(p: Parser): Syntax {
  const first = p.peek()
  // `ct timeout set "x"` and `ct expectation set "x"` name objects; no field of ct is called so.
  const named = objectKinds[p.peek(1).text]
  if (p.is("ct") && named !== undefined && p.is("set", 2)) {
    p.next()
    p.next()
    p.next()
    const object_ = parseExpression(p, "operand")
    return object({ [named]: object_ }, spanning(first.span, p.previous().span))
  }
  const left = parseExpression(p, "left")
  const done = (name: string, entries: Readonly<Record<string, Syntax>>): Syntax => {
    const span = spanning(first.span, p.previous().span)
    return object({ [name]: object(entries, span) }, span)
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

/** Statements that an element of a set may carry, and the same in a rule. */
export function startsElementStatement(p: Parser): boolean {
  if (p.is("ct")) return p.is("count", 1)
  return p.is("counter") || p.is("limit") || p.is("quota") || p.is("last") || p.is("connlimit")
}

export function parseElementStatement(p: Parser): Syntax {
  const first = p.next()
  const done = (name: string, value: Syntax): Syntax => {
    const span = spanning(first.span, p.previous().span)
    return object({ [name]: value }, span)
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

/** `reject with icmp type host-unreachable`. */
function parseReject(p: Parser): Syntax {
  const first = p.next()
  if (!p.accept("with")) return object({ reject: leaf(null, first.span) }, first.span)
  const kind = p.next()
  let type: Syntax
  let expr: Syntax | undefined
  if (kind.text === "tcp") {
    p.expect("reset", "behind tcp")
    type = leaf("tcp reset", kind.span)
  } else {
    if (!["icmp", "icmpv6", "icmpx"].includes(kind.text))
      p.fail(`a packet is rejected with icmp, icmpv6, icmpx or tcp reset, not ${describe(kind)}`, kind)
    type = leaf(kind.text, kind.span)
    p.accept("type")
    expr = parseExpression(p, "right")
  }
  const span = spanning(first.span, p.previous().span)
  return object({ reject: object({ type, expr }, span) }, span)
}

/** `flow add @f`, and `flow offload @f` as it was called before. */
function parseFlow(p: Parser): Syntax {
  const first = p.next()
  if (!p.accept("offload")) p.expect("add", "behind flow")
  const flowtable = parseReference(p)
  const span = spanning(first.span, p.previous().span)
  return object({ flow: object({ op: leaf("add", span), flowtable }, span) }, span)
}

/** `xt target "LOG"`: what iptables-nft made of an extension that nft has no words for. */
function parseXt(p: Parser): Syntax {
  const first = p.next()
  const type = p.name("kind of extension")
  const name = p.string("the name of an extension")
  const span = spanning(first.span, p.previous().span)
  return object({ xt: object({ type, name }, span) }, span)
}

/** `add @s { ip saddr timeout 30s limit rate … }`, `set add ip saddr @s`, `update @m { ip saddr : tcp dport }`. */
function parseSetStatement(p: Parser): Syntax {
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
function parseMeter(p: Parser): Syntax {
  const first = p.next()
  const name = p.name("meter")
  const size = p.accept("size") ? p.number("a size") : undefined
  p.expect("{", "behind the name of the meter")
  const { elem, statements } = parseDynamicElement(p)
  p.expect("}", "behind the statement of a meter")
  const span = spanning(first.span, p.previous().span)
  const stmt = statements.length === 1 ? statements[0]! : array(statements, span)
  return object({ meter: object({ name, key: elem, stmt, size }, span) }, span)
}
