import { parseExpression, parseList } from "./parse-expression.js"
import type { Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, object } from "./tree.js"

/** Statements that send a packet elsewhere: address translation, proxies, copies, user space. */

export function isNatWord(text: string): boolean {
  return text === "snat" || text === "dnat" || text === "masquerade" || text === "redirect"
}

const natFlags: ReadonlySet<string> = new Set(["random", "fully-random", "persistent"])

/** `dnat ip to 10.0.0.1:80`, `snat ip prefix to …`, `masquerade to :1024-2048 random`, `redirect to :22`. */
export function parseNat(p: Parser): Syntax {
  const first = p.next()
  const family = acceptFamily(p)
  let typeFlags: Syntax | undefined
  if (p.is("prefix") || p.is("interval")) typeFlags = p.name("form")
  let isConcatenated = false
  if (p.is("addr") && p.is(".", 1)) {
    p.next()
    p.next()
    p.expect("port", 'behind "addr ."')
    isConcatenated = true
  }
  let addr: Syntax | undefined
  let port: Syntax | undefined
  const translates = first.text === "snat" || first.text === "dnat"
  if (p.is("to") || p.is(":")) {
    p.accept("to")
    const target = parseTarget(p)
    // `redirect to 22` and `redirect to tcp dport map …` name a port.
    if (translates || target.port) ({ addr, port } = target)
    else port = target.addr
  } else if (translates) ({ addr, port } = parseTarget(p))
  const flags: Syntax[] = []
  while (p.isOneOf(natFlags)) {
    const flag = p.next()
    flags.push(leaf(flag.text, flag.span))
    p.accept(",")
  }
  const span = spanning(first.span, p.previous().span)
  const entries = {
    family,
    addr,
    port,
    type_flags: typeFlags ?? (isConcatenated ? leaf("concat", span) : undefined),
    flags: flags.length > 0 ? array(flags, span) : undefined,
  }
  const isBare = Object.values(entries).every((value) => value === undefined)
  return object({ [first.text]: isBare ? leaf(null, span) : object(entries, span) }, span)
}

function acceptFamily(p: Parser): Syntax | undefined {
  return (p.is("ip") || p.is("ip6")) &&
    (p.is("to", 1) || p.is("prefix", 1) || p.is("interval", 1) || p.is("addr", 1))
    ? p.name("family")
    : undefined
}

/** `address`, `address:port`, `[address]:port`, `:port`; each may be a range, a map or a variable. */
function parseTarget(p: Parser): { addr?: Syntax; port?: Syntax } {
  let addr: Syntax | undefined
  if (!p.is(":")) addr = parseAddress(p)
  const port = p.accept(":") ? parseExpression(p, "operand") : undefined
  return { ...(addr && { addr }), ...(port && { port }) }
}

function parseAddress(p: Parser): Syntax {
  if (!p.is("[")) return parseExpression(p, "operand")
  const low = parseBracketed(p)
  if (!p.is("-")) return low
  p.next()
  const high = p.is("[") ? parseBracketed(p) : parseExpression(p, "operand")
  const span = spanning(low.span, p.previous().span)
  return object({ range: array([low, high], span) }, span)
}

function parseBracketed(p: Parser): Syntax {
  p.expect("[", "here")
  const address = parseExpression(p, "operand")
  p.expect("]", "behind an address in brackets")
  if (!p.is("/") || p.peek(1).kind !== "number") return address
  p.next()
  const len = p.number("a prefix length")
  const span = spanning(address.span, len.span)
  return object({ prefix: object({ addr: address, len }, span) }, span)
}

/** `tproxy ip to 127.0.0.1:50080`, `synproxy mss 1460 wscale 7 timestamp sack-perm`, `synproxy name "x"`. */
export function parseProxy(p: Parser): Syntax {
  const first = p.next()
  const done = (value: (span: Syntax["span"]) => Syntax): Syntax => {
    const span = spanning(first.span, p.previous().span)
    return object({ [first.text]: value(span) }, span)
  }
  if (first.text === "tproxy") {
    const family = p.is("ip") || p.is("ip6") ? p.name("family") : undefined
    p.expect("to", "behind tproxy")
    const target = parseTarget(p)
    return done((span) => object({ family, ...target }, span))
  }
  if (p.accept("name")) {
    const named = parseExpression(p, "operand")
    return done(() => named)
  }
  const values = parseSynproxyValues(p)
  return done((span) => values ?? leaf(null, span))
}

/** What SYNPROXY answers with; undefined where nothing is said. */
export function parseSynproxyValues(p: Parser): Syntax | undefined {
  const first = p.peek()
  const flags: Syntax[] = []
  const entries: Record<string, Syntax> = {}
  for (;;) {
    const token = p.peek()
    if (p.accept("mss")) entries["mss"] = p.number("a segment size")
    else if (p.accept("wscale")) entries["wscale"] = p.number("a window scale")
    else if (p.accept("timestamp") || p.accept("sack-perm")) flags.push(leaf(token.text, token.span))
    else break
  }
  const span = spanning(first.span, p.previous().span)
  if (flags.length > 0) entries["flags"] = array(flags, span)
  return Object.keys(entries).length > 0 ? object(entries, span) : undefined
}

/** `dup to 10.0.0.1 device "eth0"`; in netdev tables `dup to "eth0"`. */
export function parseDuplicate(p: Parser): Syntax {
  const first = p.next()
  p.expect("to", "behind dup")
  const addr = parseExpression(p, "operand")
  const dev = p.accept("device") ? parseExpression(p, "operand") : undefined
  const span = spanning(first.span, p.previous().span)
  return object({ dup: object({ addr, dev }, span) }, span)
}

/** `fwd to "eth0"`, `fwd ip to 10.0.0.1 device "eth0"`. */
export function parseForward(p: Parser): Syntax {
  const first = p.next()
  const family = (p.is("ip") || p.is("ip6")) && p.is("to", 1) ? p.name("family") : undefined
  p.expect("to", "behind fwd")
  const target = parseExpression(p, "operand")
  const dev = p.accept("device") ? parseExpression(p, "operand") : undefined
  const span = spanning(first.span, p.previous().span)
  const entries = dev ? { dev, family, addr: target } : { dev: target, family }
  return object({ fwd: object(entries, span) }, span)
}

const queueFlags: ReadonlySet<string> = new Set(["bypass", "fanout"])

/** `queue num 1-3 bypass,fanout`, `queue flags bypass to numgen inc mod 4`. */
export function parseQueue(p: Parser): Syntax {
  const first = p.next()
  let num: Syntax | undefined
  const flags: Syntax[] = []
  const takeFlags = () => {
    while (p.isOneOf(queueFlags)) {
      const flag = p.next()
      flags.push(leaf(flag.text, flag.span))
      if (!p.accept(",")) break
    }
  }
  for (;;) {
    if (p.is("num")) {
      p.next()
      if (p.peek().kind !== "number" && !p.is("$"))
        p.fail("behind num stands a number; expressions stand behind to")
      num = parseList(p, "right")
    } else if (p.accept("to")) num = parseList(p, "operand")
    else if (p.is("flags") || p.isOneOf(queueFlags)) {
      p.accept("flags")
      takeFlags()
    } else break
  }
  const span = spanning(first.span, p.previous().span)
  if (num === undefined && flags.length === 0) return object({ queue: leaf(null, span) }, span)
  return object(
    { queue: object({ num, flags: flags.length > 0 ? array(flags, span) : undefined }, span) },
    span,
  )
}
