import { didYouMean } from "../../../base/nearest.js"
import { keyOf, type Wrap } from "./parse-field.js"
import { describe, type Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { leaf } from "./tree.js"
import { extensionHeaderFields, headerFields, tunnels } from "./words.js"

/** Fields of headers: `ip saddr`, `frag id`, `vxlan tcp dport`, `tcp option maxseg size`, `@th,16,16`. */

/** `@ih,0,32`. */
export function parseRaw(p: Parser, wrap: Wrap): Syntax {
  p.next()
  const base = p.next()
  p.expect(",", "behind the base")
  const offset = p.number("an offset in bits")
  p.expect(",", "behind the offset")
  const len = p.number("a length in bits")
  return wrap("payload", { base: leaf(base.text, base.span), offset, len })
}

/** `frag id`, `rt0 addr[1]`, `srh sid[1]`. */
export function parseExtensionHeader(p: Parser, wrap: Wrap): Syntax {
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

export function parseHeader(p: Parser, wrap: Wrap): Syntax {
  const protocol = p.next()
  const { text } = protocol
  const named = leaf(text, protocol.span)
  if (p.is("option") || p.is("chunk")) return parseOption(p, text, wrap)
  if (tunnels.has(text) && Object.hasOwn(headerFields, p.peek().text)) {
    const inner = p.next()
    const fields = headerFields[inner.text]!
    if (!fields.includes(p.peek().text)) failField(p, inner.text, fields)
    const field = keyOf(p, `a field of ${inner.text}`, new Set(fields))
    return wrap("payload", { tunnel: named, protocol: leaf(inner.text, inner.span), field })
  }
  const known = headerFields[text]
  if (!known) return p.fail(`${text} is no header that nft knows`, protocol)
  if (!known.includes(p.peek().text)) failField(p, text, known)
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

/** Whose field it is that this header has not: the word may be nearly one of its own, another header, or a field of others. */
function failField(p: Parser, header: string, fields: readonly string[]): never {
  const token = p.peek()
  const { text } = token
  const owners = Object.keys(headerFields).filter((name) => headerFields[name]!.includes(text))
  const hint =
    didYouMean(text, fields) ??
    (Object.hasOwn(headerFields, text) ? `fields name their own header alone: ${text} …` : undefined) ??
    (owners.length > 0 ? `it is one of ${owners.join(", ")}` : undefined) ??
    (fields.length > 0 ? `it has ${fields.join(", ")}` : undefined)
  return p.fail(`${describe(token)} is not a field of ${header}`, token, hint)
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
