import { COMPLETE, type Entries } from "./parse-block.js"
import { membersOf, parseWords } from "./parse-declaration.js"
import { parseElementStatement, startsElementStatement } from "./parse-element-statement.js"
import { parseExpression } from "./parse-expression.js"
import { parseElements } from "./parse-set.js"
import type { Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, object } from "./tree.js"

/** What stands in the braces of sets and maps. */

/** One line of a set or a map. `COMPLETE`: elements and `auto-merge` need no end. */
export function parseSetLine(p: Parser, entries: Entries, isMap: boolean): typeof COMPLETE | undefined {
  const isComplete = p.is("elements") || p.is("auto-merge")
  parseProperty(p, entries, isMap)
  return isComplete ? COMPLETE : undefined
}

function parseProperty(p: Parser, entries: Entries, isMap: boolean): void {
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
