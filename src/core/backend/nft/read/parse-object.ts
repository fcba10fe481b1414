import { type Entries, parseBlock } from "./parse-block.js"
import { parseCounterValues, parseLimitValues, parseQuotaValues } from "./parse-element-statement.js"
import { parseList } from "./parse-expression.js"
import { parseSynproxyValues } from "./parse-nat.js"
import { describe, type Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { leaf, object } from "./tree.js"

/** What stands in the braces of objects. */

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
