import type { Span } from "../../../base/diagnostic.js"
import { Place, type Source } from "./place.js"

/**
 * nft's text as tokens. Words are not sorted into keywords here: whether `fwd`, `log` or `tcp` is a statement, a field or a value is for the place in the grammar
 * to say, where nft's own scanner switches contexts for the same purpose.
 */
export class Token extends Place {
  readonly kind: "word" | "string" | "number" | "sign" | "line" | "end" | "bad"
  /** A string's text is without its quotation marks. */
  readonly text: string

  constructor(kind: Token["kind"], text: string, source: Source, from: number, to: number) {
    super(source, from, to)
    this.kind = kind
    this.text = text
  }

  /** Where it stands: itself, so that no other object is needed. */
  get span(): Span {
    return this
  }
}

/** Addresses with colons are rare: what may be one is looked at again by these. */
const colons = /(?:[0-9a-fA-F]{0,4}:){2,8}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{1,4})?(?!\w)/y
const twoParts = /[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}(?![\w:])/y

/** Classes of characters, as bits. */
const BLANK = 1
const DIGIT = 2
const HEXADECIMAL = 4
/** Letters and `_`. */
const LETTER = 8
/** As nft's scanner has it, slashes, dots and hyphens belong to a word. */
const INNER = 16
const SIGN = 32

const classes = new Uint8Array(128)
const mark = (characters: string, bit: number) => {
  for (const character of characters) classes[character.charCodeAt(0)]! |= bit
}
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
mark(" \t\r\f\v", BLANK)
mark("0123456789", DIGIT | HEXADECIMAL)
mark("abcdefABCDEF", HEXADECIMAL)
mark(letters, LETTER)
mark("./-", INNER)
mark("=<>,.:;{}[]()&|^!/*@$+-", SIGN)

const NEWLINE = 10
const RETURN = 13
const QUOTE = 34
const HASH = 35
const STAR = 42
const DOT = 46
const COLON = 58
const LESS = 60
const EQUAL = 61
const GREATER = 62
const NOT = 33
const BACKSLASH = 92

/** Reads a text token by token: most of them are forgotten at once. The last is of kind `end`, as often as it is asked for; what fits nothing is of kind `bad`. */
export class Lexer {
  private readonly source: Source
  private at = 0

  constructor(source: Source) {
    this.source = source
  }

  read(): Token {
    const { text } = this.source
    for (;;) {
      const { at } = this
      if (at >= text.length) return new Token("end", "", this.source, text.length, text.length)
      const code = text.charCodeAt(at)
      const kind = classOf(code)
      if ((kind & BLANK) !== 0) this.at++
      else if (code === BACKSLASH && continuedAt(text, at) > 0) this.at = continuedAt(text, at)
      else if (code === HASH) this.at = endOfLine(text, at)
      else if (code === NEWLINE) return this.token("line", at + 1)
      else if (code === QUOTE) return this.quoted()
      else return this.plain(code, kind)
    }
  }

  private token(kind: Token["kind"], to: number): Token {
    const { source, at } = this
    this.at = to
    return new Token(kind, source.text.slice(at, to), source, at, to)
  }

  private quoted(): Token {
    const { source, at } = this
    const { text } = source
    const end = text.indexOf('"', at + 1)
    const line = endOfLine(text, at)
    const isClosed = end >= 0 && end < line
    this.at = isClosed ? end + 1 : line
    return new Token(
      isClosed ? "string" : "bad",
      isClosed ? text.slice(at + 1, end) : '"',
      source,
      at,
      this.at,
    )
  }

  private plain(code: number, kind: number): Token {
    const { at } = this
    const { text } = this.source
    const address = (kind & HEXADECIMAL) !== 0 || code === COLON ? addressEnd(text, at) : -1
    if (address > 0) return this.token("word", address)
    if ((kind & DIGIT) !== 0) {
      const end = runEnd(text, at, DIGIT | LETTER)
      return this.token(isNumber(text, at, end) ? "number" : "word", end)
    }
    if ((kind & LETTER) !== 0)
      return this.token("word", starEnd(text, runEnd(text, at, DIGIT | LETTER | INNER)))
    if (code === BACKSLASH && text.charCodeAt(at + 1) === STAR) return this.token("word", at + 2)
    if ((kind & SIGN) === 0) return this.token("bad", at + 1)
    return this.token("sign", at + (isDouble(code, text.charCodeAt(at + 1)) ? 2 : 1))
  }
}

function classOf(code: number): number {
  return code < 128 ? classes[code]! : 0
}

function runEnd(text: string, at: number, bits: number): number {
  let end = at
  while ((classOf(text.charCodeAt(end)) & bits) !== 0) end++
  return end
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at)
  return end < 0 ? text.length : end
}

/** Behind the newline that a backslash takes away, or -1. */
function continuedAt(text: string, at: number): number {
  const next = text.charCodeAt(at + 1) === RETURN ? at + 2 : at + 1
  return text.charCodeAt(next) === NEWLINE ? next + 1 : -1
}

/** A star ends a word: a wildcard of interface names. It may be escaped. */
function starEnd(text: string, end: number): number {
  const code = text.charCodeAt(end)
  if (code === STAR) return end + 1
  return code === BACKSLASH && text.charCodeAt(end + 1) === STAR ? end + 2 : end
}

/** What a token of kind `number` says: as in C, a 0 before octal digits makes them octal, and `08` is 8. */
export function valueOfNumber(text: string): number {
  return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text)
}

/** All digits, or `0x` and hexadecimal ones; to nft's scanner what has more than 64 bits is a word. */
function isNumber(text: string, at: number, end: number): boolean {
  const isHexadecimal = text.charCodeAt(at) === 48 && (text.charCodeAt(at + 1) | 32) === 120
  const from = isHexadecimal ? at + 2 : at
  if (end <= from || runEnd(text, from, isHexadecimal ? HEXADECIMAL : DIGIT) < end) return false
  return end - from <= 16 || BigInt(text.slice(at, end)) <= 0xffff_ffff_ffff_ffffn
}

/** `==`, `!=`, `<=`, `>=`, `<<`, `>>`. */
function isDouble(first: number, second: number): boolean {
  if (second === EQUAL) return first === EQUAL || first === NOT || first === LESS || first === GREATER
  return first === second && (first === LESS || first === GREATER)
}

/** IPv4, IPv6 and Ethernet addresses, and `major:minor`, are each one token: behind it, or -1. */
function addressEnd(text: string, at: number): number {
  const end = runEnd(text, at, HEXADECIMAL)
  const next = text.charCodeAt(end)
  if (next === DOT) return ipv4End(text, at)
  if (next !== COLON) return -1
  colons.lastIndex = at
  const long = colons.exec(text)?.[0]
  if (long !== undefined) {
    // `fe80::1: 80` is an address, a colon and a port.
    const address = /(?:[^:]|::):$/.test(long) ? long.slice(0, -1) : long
    const groups = address.split(":").length
    if (address.includes("::") || groups === 6 || groups === 8 || (groups === 7 && address.includes(".")))
      return at + address.length
  }
  twoParts.lastIndex = at
  const two = twoParts.exec(text)?.[0]
  return two === undefined ? -1 : at + two.length
}

function ipv4End(text: string, at: number): number {
  let end = at
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(end++) !== DOT) return -1
    const from = end
    end = runEnd(text, from, DIGIT)
    if (end === from || end > from + 3) return -1
  }
  const behind = text.charCodeAt(end)
  return behind === DOT || (classOf(behind) & (DIGIT | LETTER)) !== 0 ? -1 : end
}
