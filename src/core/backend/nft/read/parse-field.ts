import { numberLeaf, parseExpression } from "./parse-expression.js"
import { parseExtensionHeader, parseHeader, parseRaw } from "./parse-header.js"
import type { Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, named, object } from "./tree.js"
import { bareMetaKeys, ctKeys, extensionHeaderFields, headerFields, metaKeys, tunnels } from "./words.js"

/** What is asked of a packet, its connection and its way, by the words it begins with: `meta mark`, `fib saddr type`, `tcp dport`. */

const fieldWords = new Set([
  "meta",
  "ct",
  "fib",
  "socket",
  "osf",
  "ipsec",
  "numgen",
  "jhash",
  "symhash",
  "exthdr",
  "rt",
])

/** What may stand at the beginning of a statement: for hints. */
export const leftWords = new Set([
  "accept",
  "drop",
  "reject",
  "return",
  "continue",
  "jump",
  "goto",
  "queue",
  "counter",
  "quota",
  "limit",
  "log",
  "snat",
  "dnat",
  "masquerade",
  "redirect",
  "tproxy",
  "synproxy",
  "dup",
  "fwd",
  "notrack",
  "flow",
  "last",
  "meter",
  "add",
  "update",
  "delete",
  "set",
  "reset",
  "xt",
  "comment",
  ...fieldWords,
  ...bareMetaKeys,
  ...Object.keys(headerFields),
  ...Object.keys(extensionHeaderFields),
])

const rawBases = new Set(["ll", "nh", "th", "ih"])

/** Words that mean nothing but a field, even where a constant may stand. */
export function startsUnmistakably(p: Parser): boolean {
  const token = p.peek()
  if (token.kind !== "word") return false
  const { text } = p.peek(1)
  if (token.text === "meta") return metaKeys.has(text)
  if (token.text === "ct") return ctKeys.has(text)
  if (token.text === "numgen") return text === "inc" || text === "random"
  if (token.text === "jhash" || token.text === "symhash") return p.peek(1).kind === "word"
  return false
}

/** Whether what comes is asked of the packet. A protocol's name alone is a constant. */
export function startsExpression(p: Parser): boolean {
  const token = p.peek()
  if (p.is("@")) return rawBases.has(p.peek(1).text) && p.is(",", 2)
  if (token.kind !== "word") return false
  const { text } = token
  if (text === "rt") return p.peek(1).kind === "word"
  if (fieldWords.has(text) || bareMetaKeys.has(text)) return true
  const following = p.peek(1)
  if (Object.hasOwn(extensionHeaderFields, text))
    return following.kind === "word" || following.kind === "number" || following.text === "["
  if (!Object.hasOwn(headerFields, text)) return false
  if (headerFields[text]!.includes(following.text)) return true
  if (tunnels.has(text) && Object.hasOwn(headerFields, following.text)) return true
  return following.kind === "word" && (following.text === "option" || following.text === "chunk")
}

/** On the left side a protocol's name begins a field, whatever follows. */
export function startsHeader(text: string): boolean {
  return Object.hasOwn(headerFields, text) || Object.hasOwn(extensionHeaderFields, text)
}

/** A field, a property, a computed value: what `startsExpression` saw. */
export function parseField(p: Parser): Syntax {
  const first = p.peek()
  const wrap = (name: string, entries: Readonly<Record<string, Syntax | undefined>>): Syntax => {
    const span = spanning(first.span, p.previous().span)
    return named(name, object(entries, span), span)
  }
  if (p.is("@")) return parseRaw(p, wrap)
  const { text } = first
  switch (text) {
    case "meta": {
      p.next()
      const key = keyOf(p, "a key of meta", metaKeys)
      return wrap("meta", { key })
    }
    case "ct":
      return parseCt(p, wrap)
    case "fib":
      return parseFib(p, wrap)
    case "socket": {
      p.next()
      const key = keyOf(p, "a key of socket", new Set(["transparent", "mark", "wildcard", "cgroupv2"]))
      const level = p.accept("level") ? p.number("a level") : undefined
      return wrap("socket", { key, level })
    }
    case "osf": {
      p.next()
      const ttl = p.accept("ttl") ? p.name("way to look at the TTL") : undefined
      const key = keyOf(p, "a key of osf", new Set(["name", "version"]))
      return wrap("osf", { key, ttl })
    }
    case "ipsec":
      return parseIpsec(p, wrap)
    case "numgen": {
      p.next()
      const mode = keyOf(p, "a way to make numbers", new Set(["inc", "random"]))
      p.expect("mod", "behind it")
      const mod = p.number("a modulus")
      const offset = p.accept("offset") ? p.number("an offset") : undefined
      return wrap("numgen", { mode, mod, offset })
    }
    case "jhash": {
      p.next()
      const expr = parseExpression(p, "left")
      p.expect("mod", "behind what is hashed")
      const mod = p.number("a modulus")
      const seed = p.accept("seed") ? numberOrVariable(p) : undefined
      const offset = p.accept("offset") ? p.number("an offset") : undefined
      return wrap("jhash", { mod, offset, expr, seed })
    }
    case "symhash": {
      p.next()
      p.expect("mod", "behind symhash")
      const mod = p.number("a modulus")
      const offset = p.accept("offset") ? p.number("an offset") : undefined
      return wrap("symhash", { mod, offset })
    }
    case "exthdr": {
      p.next()
      const name = keyOf(p, "an extension header", new Set(Object.keys(extensionHeaderFields)))
      return wrap("exthdr", { name })
    }
    case "rt":
      if (!extensionHeaderFields["rt"]!.includes(p.peek(1).text)) return parseRoute(p, wrap)
      break
  }
  if (bareMetaKeys.has(text)) {
    p.next()
    return wrap("meta", { key: leaf(text, first.span) })
  }
  if (Object.hasOwn(extensionHeaderFields, text)) return parseExtensionHeader(p, wrap)
  return parseHeader(p, wrap)
}

export type Wrap = (name: string, entries: Readonly<Record<string, Syntax | undefined>>) => Syntax

export function keyOf(p: Parser, what: string, known: ReadonlySet<string>): Syntax {
  if (!p.isOneOf(known)) p.failUnknown(what, known)
  const token = p.next()
  return leaf(token.text, token.span)
}

function numberOrVariable(p: Parser): Syntax {
  return p.peek().kind === "number" ? numberLeaf(p) : p.number("a number")
}

function parseCt(p: Parser, wrap: Wrap): Syntax {
  p.next()
  const first = p.peek()
  const dir = p.is("original") || p.is("reply") ? leaf(p.next().text, first.span) : undefined
  if ((p.is("ip") || p.is("ip6")) && dir) {
    const family = p.next()
    const address = keyOf(p, "an address of a connection", new Set(["saddr", "daddr"]))
    const word = address.kind === "leaf" ? String(address.value) : ""
    return wrap("ct", { key: leaf(`${family.text} ${word}`, spanning(family.span, address.span)), dir })
  }
  return wrap("ct", { key: keyOf(p, "a key of ct", ctKeys), dir })
}

const fibFlags = new Set(["saddr", "daddr", "mark", "iif", "oif"])

const fibResults = new Set(["oif", "oifname", "type", "check"])

function parseFib(p: Parser, wrap: Wrap): Syntax {
  p.next()
  const flags = [keyOf(p, "something to look up by", fibFlags)]
  while (p.accept(".")) flags.push(keyOf(p, "something to look up by", fibFlags))
  const result = keyOf(p, "what fib can tell", fibResults)
  return wrap("fib", { result, flags: array(flags, spanning(flags[0]!.span, flags[flags.length - 1]!.span)) })
}

function parseIpsec(p: Parser, wrap: Wrap): Syntax {
  p.next()
  const dir = keyOf(p, "a direction", new Set(["in", "out"]))
  const spnum = p.accept("spnum") ? p.number("the number of a transform") : undefined
  if (p.is("ip") || p.is("ip6")) {
    const family = p.name("family")
    const key = keyOf(p, "an address", new Set(["saddr", "daddr"]))
    return wrap("ipsec", { key, family, dir, spnum })
  }
  const key = keyOf(p, "a key of ipsec", new Set(["reqid", "spi"]))
  return wrap("ipsec", { key, dir, spnum })
}

/** `rt classid`, `rt ip nexthop`: of the packet's route. */
function parseRoute(p: Parser, wrap: Wrap): Syntax {
  p.next()
  const family = p.is("ip") || p.is("ip6") ? p.name("family") : undefined
  const key = keyOf(p, "a key of rt", new Set(["classid", "nexthop", "mtu", "ipsec"]))
  return wrap("rt", { key, family })
}
