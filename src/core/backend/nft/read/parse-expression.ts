import { parseSet } from "./parse-set.js"
import type { Parser } from "./parser.js"
import { describe } from "./parser.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, object, spanning } from "./tree.js"
import {
  bareMetaKeys,
  binaryOperators,
  ctKeys,
  extensionHeaderFields,
  headerFields,
  metaKeys,
  tunnels,
} from "./words.js"

/**
 * Where an expression stands decides what its words are: `tcp` begins a field on the `left` of a comparison, and is a protocol's number on the `right`.
 * An `operand` of a statement (`meta mark set …`) may be either.
 */
export type Place = "left" | "right" | "operand"

/** Expressions joined by dots, of binary operators. In the operand of a statement a map may follow. */
export function parseExpression(p: Parser, place: Place): Syntax {
  return p.nested(() => {
    const first = p.peek()
    const value = parseConcatenation(p, place)
    if (place === "right" || !p.is("map")) return value
    p.next()
    const data = parseSetOrReference(p)
    const span = spanning(first.span, p.previous().span)
    return object({ map: object({ key: value, data }, span) }, span)
  })
}

/** The right side of a comparison: a set, a reference to one, a list of bits, or a value. */
export function parseRight(p: Parser): Syntax {
  if (p.is("{") || p.is("@")) return parseSetOrReference(p)
  return parseList(p, "right")
}

/** `fin,syn`: words of a bit mask. */
export function parseList(p: Parser, place: Place): Syntax {
  const first = p.peek()
  const items = [parseExpression(p, place)]
  while (p.accept(",")) {
    p.skipLines()
    items.push(parseExpression(p, place))
  }
  return items.length === 1 ? items[0]! : array(items, spanning(first.span, p.previous().span))
}

/** `{ … }`, `@name`, or a variable that holds one. */
export function parseSetOrReference(p: Parser): Syntax {
  if (p.is("{")) return parseSet(p)
  if (p.is("@")) return parseReference(p)
  if (p.is("$")) return p.variable()
  return p.fail(`here nft takes a set in braces or the name of one behind "@", not ${describe(p.peek())}`)
}

/** `@name`. */
export function parseReference(p: Parser): Syntax {
  const sign = p.expect("@", "here")
  const name = p.next()
  if (name.kind !== "word" && name.kind !== "string")
    p.fail('behind "@" stands the name of a set or a map', name)
  return leaf(`@${name.text}`, spanning(sign.span, name.span))
}

function parseConcatenation(p: Parser, place: Place): Syntax {
  const first = p.peek()
  const parts = [parseRange(p, place)]
  // Behind a dot a constant may stand on the left side too: `ip saddr . "lo" @pairs`.
  while (p.accept(".")) parts.push(parseRange(p, place === "left" ? "operand" : place))
  if (parts.length === 1) return parts[0]!
  const span = spanning(first.span, p.previous().span)
  return object({ concat: array(parts, span) }, span)
}

/** `22-25`, `10.0.0.0/8`: constants only. */
function parseRange(p: Parser, place: Place): Syntax {
  const first = p.peek()
  const value = parseBinary(p, place, 0)
  if (place === "left") return value
  const low = parsePrefix(p, value, first.span)
  if (!p.is("-")) return low
  p.next()
  const beginning = p.peek().span
  const high = parsePrefix(p, parseBinary(p, place, 0), beginning)
  const span = spanning(first.span, p.previous().span)
  return object({ range: array([low, high], span) }, span)
}

function parsePrefix(p: Parser, value: Syntax, first: Syntax["span"]): Syntax {
  if (!p.is("/") || p.peek(1).kind !== "number") return value
  p.next()
  const length = p.number("a prefix length")
  const span = spanning(first, length.span)
  return object({ prefix: object({ addr: value, len: length }, span) }, span)
}

function parseBinary(p: Parser, place: Place, level: number): Syntax {
  const operators = binaryOperators[level]
  if (!operators) return parsePrimary(p, place)
  const first = p.peek()
  let left = parseBinary(p, place, level + 1)
  for (;;) {
    const token = p.peek()
    const operator =
      token.kind === "word" || token.kind === "sign" ? operatorOf(operators, token.text) : undefined
    if (operator === undefined) return left
    p.next()
    // What stands behind an operator on the left side may be a constant: `ip frag-off & 0x1fff`.
    const right = parseBinary(p, place === "left" ? "operand" : place, level + 1)
    const span = spanning(first.span, p.previous().span)
    left = object({ [operator]: array([left, right], span) }, span)
  }
}

function operatorOf(operators: Readonly<Record<string, string>>, text: string): string | undefined {
  return Object.hasOwn(operators, text) ? operators[text] : undefined
}

function parsePrimary(p: Parser, place: Place): Syntax {
  if (p.is("(")) {
    return p.nested(() => {
      p.next()
      const inner = place === "left" ? parseConcatenation(p, "operand") : parseList(p, place)
      p.expect(")", "behind what stands in parentheses")
      return inner
    })
  }
  if (p.is("$")) return p.variable()
  if (place !== "right" && startsExpression(p)) return parseField(p)
  if (place === "left" && p.peek().kind === "word" && startsHeader(p.peek().text)) return parseField(p)
  if (place === "right" && startsUnmistakably(p)) return parseField(p)
  return parseConstant(p, place)
}

/** A constant: a word, a number, a text, `*`, or a reference to a set. */
function parseConstant(p: Parser, place: Place): Syntax {
  if (p.is("@")) return parseReference(p)
  const token = p.peek()
  if (token.kind === "string") return leaf(p.next().text, token.span, true)
  if (token.kind === "number") return numberLeaf(p)
  if (p.is("*")) return leaf(p.next().text, token.span)
  if (p.is("-") && p.peek(1).kind === "number") {
    p.next()
    return leaf(-Number(p.next().text), token.span)
  }
  if (token.kind !== "word") return p.fail(`nft takes a value here, not ${describe(token)}`)
  if (place === "left") p.failUnknown("a statement or a field that nft knows", leftWords)
  return leaf(p.next().text, token.span)
}

function numberLeaf(p: Parser): Syntax {
  const token = p.next()
  const value = Number(token.text)
  return leaf(Number.isSafeInteger(value) ? value : token.text, token.span)
}

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

const leftWords = new Set([
  ...fieldWords,
  ...bareMetaKeys,
  ...Object.keys(headerFields),
  ...Object.keys(extensionHeaderFields),
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
])

const rawBases = new Set(["ll", "nh", "th", "ih"])

/** Words that mean nothing but a field, even where a constant may stand. */
function startsUnmistakably(p: Parser): boolean {
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
function startsHeader(text: string): boolean {
  return Object.hasOwn(headerFields, text) || Object.hasOwn(extensionHeaderFields, text)
}

/** A field, a property, a computed value: what `startsExpression` saw. */
function parseField(p: Parser): Syntax {
  const first = p.peek()
  const wrap = (name: string, entries: Readonly<Record<string, Syntax | undefined>>): Syntax => {
    const span = spanning(first.span, p.previous().span)
    return object({ [name]: object(entries, span) }, span)
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

type Wrap = (name: string, entries: Readonly<Record<string, Syntax | undefined>>) => Syntax

function keyOf(p: Parser, what: string, known: ReadonlySet<string>): Syntax {
  if (!p.isOneOf(known)) p.failUnknown(what, known)
  const token = p.next()
  return leaf(token.text, token.span)
}

function numberOrVariable(p: Parser): Syntax {
  return p.peek().kind === "number" ? numberLeaf(p) : p.number("a number")
}

/** `@ih,0,32`. */
function parseRaw(p: Parser, wrap: Wrap): Syntax {
  p.next()
  const base = p.next()
  p.expect(",", "behind the base")
  const offset = p.number("an offset in bits")
  p.expect(",", "behind the offset")
  const len = p.number("a length in bits")
  return wrap("payload", { base: leaf(base.text, base.span), offset, len })
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

/** `frag id`, `rt0 addr[1]`, `srh sid[1]`. */
function parseExtensionHeader(p: Parser, wrap: Wrap): Syntax {
  const name = p.next()
  const field = keyOf(p, `a field of ${name.text}`, new Set(extensionHeaderFields[name.text]))
  if (p.accept("[")) {
    const index = p.number("an index")
    p.expect("]", "behind the index")
    const word = field.kind === "leaf" ? field.value : ""
    const number = index.kind === "leaf" ? index.value : ""
    return wrap("exthdr", {
      name: leaf(name.text, name.span),
      field: leaf(`${word}[${number}]`, spanning(field.span, index.span)),
    })
  }
  return wrap("exthdr", { name: leaf(name.text, name.span), field })
}

function parseHeader(p: Parser, wrap: Wrap): Syntax {
  const protocol = p.next()
  const { text } = protocol
  const named = leaf(text, protocol.span)
  if (p.is("option") || p.is("chunk")) return parseOption(p, text, wrap)
  if (tunnels.has(text) && Object.hasOwn(headerFields, p.peek().text)) {
    const inner = p.next()
    const field = keyOf(p, `a field of ${inner.text}`, new Set(headerFields[inner.text]))
    return wrap("payload", { tunnel: named, protocol: leaf(inner.text, inner.span), field })
  }
  const known = headerFields[text]
  if (!known) return p.fail(`${text} is no header that nft knows`, protocol)
  const field = keyOf(p, `a field of ${text}`, new Set(known))
  if (text === "arp" && field.kind === "leaf" && (field.value === "saddr" || field.value === "daddr")) {
    const kind = keyOf(p, "ip or ether", new Set(["ip", "ether"]))
    const word = kind.kind === "leaf" ? kind.value : ""
    return wrap("payload", {
      protocol: named,
      field: leaf(`${field.value} ${word}`, spanning(field.span, kind.span)),
    })
  }
  return wrap("payload", { protocol: named, field })
}

/** Fields of options and chunks; what they are called differs from option to option, so any of them is taken behind any. */
const optionFields: Readonly<Record<string, ReadonlySet<string>>> = {
  tcp: new Set(["kind", "length", "size", "count", "left", "right", "tsval", "tsecr", "subtype"]),
  ip: new Set(["type", "length", "value", "ptr", "addr"]),
  sctp: new Set([
    "type",
    "flags",
    "length",
    "tsn",
    "stream",
    "ssn",
    "ppid",
    "init-tag",
    "a-rwnd",
    "num-outbound-streams",
    "num-inbound-streams",
    "initial-tsn",
    "cum-tsn-ack",
    "num-gap-ack-blocks",
    "num-dup-tsns",
    "lowest-tsn",
    "seqno",
    "new-cum-tsn",
  ]),
  dccp: new Set(),
}

/** `tcp option maxseg size`, `tcp option @255,8,8`, `ip option ra`, `sctp chunk data tsn`, `dccp option 1`. */
function parseOption(p: Parser, protocol: string, wrap: Wrap): Syntax {
  const word = p.next().text
  if (protocol === "tcp" && p.accept("@")) {
    const base = p.number("the kind of an option")
    p.expect(",", "behind the kind")
    const offset = p.number("an offset in bits")
    p.expect(",", "behind the offset")
    return wrap("tcp option", { base, offset, len: p.number("a length in bits") })
  }
  const token = p.next()
  if (token.kind !== "word" && token.kind !== "number")
    p.fail(`behind ${protocol} ${word} stands its name`, token)
  if (protocol === "dccp")
    return wrap("dccp option", {
      type: leaf(token.kind === "number" ? Number(token.text) : token.text, token.span),
    })
  // `sack left` and `sack0 left`, `sack 0 left`
  let name = token.text
  if (
    protocol === "tcp" &&
    name === "sack" &&
    p.peek().kind === "number" &&
    optionFields["tcp"]!.has(p.peek(1).text)
  )
    name += p.next().text
  const known = optionFields[protocol]
  const field = known && p.isOneOf(known) ? keyOf(p, "a field", known) : undefined
  const isNumber = token.kind === "number"
  return wrap(`${protocol} ${word}`, {
    name: leaf(isNumber ? Number(name) : name, token.span),
    field,
  })
}
