import { parseExpression, parseList } from "./parse-expression.js"
import { parseSynproxyValues } from "./parse-nat.js"
import { parseElements } from "./parse-set.js"
import {
  parseCounterValues,
  parseElementStatement,
  parseLimitValues,
  parseQuotaValues,
  startsElementStatement,
} from "./parse-statement.js"
import { describe, type Parser } from "./parser.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, object, spanning } from "./tree.js"

/** What stands in the braces of chains, sets, maps, flowtables and objects. */

export type Entries = Record<string, Syntax>

/** Lines in braces, read one by one; after a mistake with the next. */
export function parseBlock(p: Parser, what: string, line: () => void): void {
  p.expect("{", `for ${what}`)
  p.nested(() => {
    p.skipSeparators()
    while (!p.is("}") && p.peek().kind !== "end") {
      p.attempt(() => {
        line()
        p.endStatement(`a line of ${what}`)
      })
      p.skipSeparators()
    }
  })
  p.expect("}", `behind ${what}`)
}

const chainWords: ReadonlySet<string> = new Set(["type", "policy", "flags", "devices", "comment", "hook"])

export function startsChainLine(p: Parser): boolean {
  if (!p.isOneOf(chainWords)) return false
  // `flags` and `comment` begin no rule, `devices` neither.
  return p.peek(1).kind !== "end"
}

/** `type filter hook input device "eth0" priority filter - 10`, `policy drop`, `flags offload`, `comment "x"`. */
export function parseChainLine(p: Parser, entries: Entries): void {
  if (p.accept("policy")) entries["policy"] = p.name("policy")
  else if (p.accept("comment")) entries["comment"] = p.string("a comment")
  else if (p.accept("flags")) entries["flags"] = parseWords(p, "flag")
  else if (p.accept("devices")) parseDevices(p, entries)
  else {
    p.expect("type", "here")
    entries["type"] = p.name("type of chain")
    p.expect("hook", "behind the type of a chain")
    entries["hook"] = p.name("hook")
    if (p.accept("device")) entries["dev"] = p.name("device")
    else if (p.accept("devices")) parseDevices(p, entries)
    p.expect("priority", "behind the hook")
    entries["prio"] = parsePriority(p)
  }
}

function parseDevices(p: Parser, entries: Entries): void {
  p.expect("=", "behind devices")
  entries["dev"] = parseNames(p, "device")
}

/** `{ eth0, "lan*" }`, or a variable that holds them. */
function parseNames(p: Parser, what: string): Syntax {
  if (p.is("$")) return membersOf(p.variable())
  const first = p.expect("{", `for a list of ${what}s`)
  const names: Syntax[] = []
  p.skipLines()
  while (!p.is("}")) {
    const name = p.name(what)
    const members = membersOf(name)
    names.push(...(members.kind === "array" ? members.items : [name]))
    p.skipLines()
    if (!p.accept(",")) break
    p.skipLines()
  }
  p.expect("}", `behind the list of ${what}s`)
  return array(names, spanning(first.span, p.previous().span))
}

function membersOf(value: Syntax): Syntax {
  return (value.kind === "object" ? value.entries.get("set") : undefined) ?? value
}

/** `filter`, `filter - 10`, `-300`: one word, `filter-10`, or a number. */
export function parsePriority(p: Parser): Syntax {
  const first = p.peek()
  let name: Syntax | undefined
  if (first.kind === "word" || first.kind === "string" || p.is("$")) {
    name = p.is("$") ? p.variable() : leaf(p.next().text, first.span)
    if (!p.is("+") && !p.is("-")) return name
  }
  const sign = p.accept("-") ? -1 : 1
  if (sign > 0) p.accept("+")
  const offset = p.number("a priority")
  const span = spanning(first.span, p.previous().span)
  if (offset.kind !== "leaf" || typeof offset.value !== "number") return offset
  const base = name?.kind === "leaf" ? name.value : undefined
  if (base === undefined) return leaf(sign * offset.value, span)
  return leaf(
    typeof base === "number" ? base + sign * offset.value : `${base}${sign < 0 ? "-" : "+"}${offset.value}`,
    span,
  )
}

/** `a,b`. */
export function parseWords(p: Parser, what: string): Syntax {
  const first = p.peek()
  const words = [p.name(what)]
  while (p.accept(",")) words.push(p.name(what))
  return array(words, spanning(first.span, p.previous().span))
}

/** One line of a set or a map. */
export function parseSetLine(p: Parser, entries: Entries, isMap: boolean): void {
  const first = p.peek()
  if (p.accept("type")) {
    entries["type"] = parseTypes(p)
    if (p.is(":") && isMap) {
      p.next()
      if (p.accept("interval")) entries["interval-data"] = leaf(true, first.span)
      entries["map"] = parseDataType(p)
    }
  } else if (p.accept("typeof")) {
    entries["type"] = parseTypeof(p)
    if (p.is(":") && isMap) {
      p.next()
      if (p.accept("interval")) entries["interval-data"] = leaf(true, first.span)
      entries["map"] = p.is("verdict") || isObjectKind(p) ? parseDataType(p) : parseTypeof(p)
    }
  } else if (p.accept("flags")) entries["flags"] = parseWords(p, "flag")
  else if (p.accept("timeout")) entries["timeout"] = p.time("a timeout")
  else if (p.accept("gc-interval")) entries["gc-interval"] = p.time("an interval")
  else if (p.accept("size")) entries["size"] = p.number("a size")
  else if (p.accept("policy")) entries["policy"] = p.name("policy")
  else if (p.accept("auto-merge")) entries["auto-merge"] = leaf(true, first.span)
  else if (p.accept("comment")) entries["comment"] = p.string("a comment")
  else if (p.accept("elements")) {
    p.expect("=", "behind elements")
    const value = p.is("$") ? membersOf(p.variable()) : array(parseElements(p), first.span)
    entries["elem"] = value.kind === "array" ? value : array([value], value.span)
  } else if (startsElementStatement(p)) {
    const statements: Syntax[] = []
    while (startsElementStatement(p)) statements.push(parseElementStatement(p))
    entries["stmt"] = array(statements, first.span)
  } else p.failUnknown(`a line of a ${isMap ? "map" : "set"}`, setWords)
}

const setWords = [
  "type",
  "typeof",
  "flags",
  "timeout",
  "gc-interval",
  "size",
  "policy",
  "auto-merge",
  "comment",
  "elements",
  "counter",
  "limit",
  "quota",
  "last",
  "ct count",
]

const objectKinds: ReadonlySet<string> = new Set([
  "counter",
  "quota",
  "limit",
  "synproxy",
  "secmark",
  "tunnel",
])

const ctObjects: ReadonlySet<string> = new Set(["helper", "timeout", "expectation"])

function isObjectKind(p: Parser): boolean {
  if (p.is("queue")) return true
  if (p.is("ct")) return p.isOneOf(ctObjects, 1)
  return p.isOneOf(objectKinds) && !(p.is("limit", 0) && p.is("rate", 1))
}

/** `ipv4_addr . inet_service`. */
function parseTypes(p: Parser): Syntax {
  const first = p.peek()
  const names = [p.name("type")]
  while (p.accept(".")) names.push(p.name("type"))
  return names.length === 1 ? names[0]! : array(names, spanning(first.span, p.previous().span))
}

function parseDataType(p: Parser): Syntax {
  const first = p.peek()
  if (p.accept("ct")) {
    const kind = p.next()
    return leaf(`ct ${kind.text}`, spanning(first.span, kind.span))
  }
  return parseTypes(p)
}

function parseTypeof(p: Parser): Syntax {
  const value = parseExpression(p, "left")
  return object({ typeof: value }, value.span)
}

/** `hook ingress priority filter`, `devices = { eth0, eth1 }`, `counter`, `flags offload`. */
export function parseFlowtableLine(p: Parser, entries: Entries): void {
  const first = p.peek()
  if (p.accept("hook")) {
    entries["hook"] = p.name("hook")
    p.expect("priority", "behind the hook")
    entries["prio"] = parsePriority(p)
  } else if (p.accept("devices")) parseDevices(p, entries)
  else if (p.accept("counter")) entries["counter"] = leaf(true, first.span)
  else if (p.accept("flags")) entries["flags"] = parseWords(p, "flag")
  else p.failUnknown("a line of a flowtable", ["hook", "devices", "counter", "flags"])
}

/** Objects that have a name of their own, and what their lines may be. What an object is called in JSON: `ct helper` is two words here. */
export const objectLines: Readonly<Record<string, (p: Parser, entries: Entries) => void>> = {
  counter(p, entries) {
    merge(entries, parseCounterValues(p) ?? p.failUnknown("a line of a counter", ["packets", "comment"]))
  },
  quota(p, entries) {
    merge(entries, parseQuotaValues(p))
  },
  limit(p, entries) {
    merge(entries, parseLimitValues(p))
  },
  synproxy(p, entries) {
    const values = parseSynproxyValues(p)
    merge(
      entries,
      values ?? p.failUnknown("a line of a synproxy", ["mss", "wscale", "timestamp", "sack-perm", "comment"]),
    )
  },
  secmark(p, entries) {
    entries["context"] = p.string("a security context")
  },
  "ct helper"(p, entries) {
    if (p.accept("type")) {
      entries["type"] = p.string("the type of a helper")
      p.expect("protocol", "behind the type of a helper")
      entries["protocol"] = p.name("protocol")
    } else if (p.accept("l3proto")) entries["l3proto"] = p.name("protocol")
    else p.failUnknown("a line of a ct helper", ["type", "l3proto", "comment"])
  },
  "ct timeout"(p, entries) {
    if (p.accept("protocol")) entries["protocol"] = p.name("protocol")
    else if (p.accept("l3proto")) entries["l3proto"] = p.name("protocol")
    else if (p.accept("policy")) {
      p.expect("=", "behind policy")
      entries["policy"] = parseTimeouts(p)
    } else p.failUnknown("a line of a ct timeout", ["protocol", "l3proto", "policy", "comment"])
  },
  "ct expectation"(p, entries) {
    if (p.accept("protocol")) entries["protocol"] = p.name("protocol")
    else if (p.accept("l3proto")) entries["l3proto"] = p.name("protocol")
    else if (p.accept("dport")) entries["dport"] = parseList(p, "right")
    else if (p.accept("timeout")) entries["timeout"] = p.time("a timeout")
    else if (p.accept("size")) entries["size"] = p.number("a size")
    else
      p.failUnknown("a line of a ct expectation", [
        "protocol",
        "l3proto",
        "dport",
        "timeout",
        "size",
        "comment",
      ])
  },
  /** What a tunnel is made of plays no part in judging packets: its lines are kept as words. */
  tunnel(p, entries) {
    const name = p.next()
    while (!p.isEnd()) {
      if (p.is("{")) parseBlock(p, "a tunnel's settings", () => objectLines["tunnel"]!(p, {}))
      else p.next()
    }
    entries[name.text] = leaf(p.textFrom(name), name.span)
  },
}

function merge(entries: Entries, values: Syntax): void {
  if (values.kind !== "object") return
  for (const [name, value] of values.entries) entries[name] = value
}

/** `{ established : 2m, close : 10s }`. */
function parseTimeouts(p: Parser): Syntax {
  const first = p.expect("{", "for timeouts")
  const entries: Entries = {}
  p.skipLines()
  while (!p.is("}")) {
    const state = p.next()
    if (state.kind !== "word") p.fail(`a timeout is for a state, not for ${describe(state)}`, state)
    p.expect(":", "behind a state")
    entries[state.text] = p.time("a timeout")
    p.skipLines()
    if (!p.accept(",")) break
    p.skipLines()
  }
  p.expect("}", "behind timeouts")
  return object(entries, spanning(first.span, p.previous().span))
}
