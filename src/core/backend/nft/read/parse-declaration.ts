import type { Entries } from "./parse-block.js"
import type { Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, leaf } from "./tree.js"

/** What stands in the braces of chains and flowtables. */

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
    if (p.accept("device")) entries["dev"] = parseDevice(p)
    else if (p.accept("devices")) parseDevices(p, entries)
    p.expect("priority", "behind the hook")
    entries["prio"] = parsePriority(p)
  }
}

function parseDevices(p: Parser, entries: Entries): void {
  p.expect("=", "behind devices")
  entries["dev"] = parseNames(p, "device")
}

/** A name longer than a device can have is refused by the kernel (IFNAMSIZ). */
function parseDevice(p: Parser): Syntax {
  const token = p.peek()
  if (token.text.length > 15) p.fail("the name of a device has at most 15 characters", token)
  return p.name("device")
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

export function membersOf(value: Syntax): Syntax {
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
