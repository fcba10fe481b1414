import { parseElementStatement, startsElementStatement } from "./parse-element-statement.js"
import { parseExpression, parseReference } from "./parse-expression.js"
import { parseLog } from "./parse-log.js"
import { parseMatchOrMangle } from "./parse-match.js"
import { isNatWord, parseDuplicate, parseForward, parseNat, parseProxy, parseQueue } from "./parse-nat.js"
import { parseMeter, parseSetStatement } from "./parse-set-statement.js"
import { parseVerdict, startsVerdict } from "./parse-verdict.js"
import { describe, type Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, object } from "./tree.js"

/** What a rule holds, by its names in JSON; the text is what was written. */
export type RuleBody = Readonly<Record<"expr" | "comment" | "text", Syntax | undefined>>

/** nft's own (NFTNL_UDATA_COMMENT_MAXLEN). */
const COMMENT_MAXIMUM = 128

/** A rule's statements and its comment. */
export function parseRuleBody(p: Parser): RuleBody {
  const first = p.peek()
  const statements: Syntax[] = []
  let comment: Syntax | undefined
  while (!p.isEnd()) {
    if (p.accept("comment")) {
      if (p.peek().text.length > COMMENT_MAXIMUM)
        p.fail(`a comment has at most ${COMMENT_MAXIMUM} characters`, p.peek())
      comment = p.string("a comment")
      break
    }
    for (const statement of parseStatement(p)) statements.push(statement)
  }
  const span = spanning(first.span, p.previous().span)
  return { expr: array(statements, span), comment, text: leaf(p.textFrom(first), span, true) }
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
