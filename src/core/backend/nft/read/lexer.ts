import type { Span } from "../../../base/diagnostic.js"

/**
 * nft's text as tokens. Words are not sorted into keywords here: whether `fwd`, `log` or `tcp` is a statement, a field or a value is for the place in the grammar
 * to say, where nft's own scanner switches contexts for the same purpose.
 */
export interface Token {
  readonly kind: "word" | "string" | "number" | "sign" | "line" | "end" | "bad"
  /** A string's text is without its quotation marks. */
  readonly text: string
  readonly span: Span
  /** Where it begins and ends in its file. */
  readonly from: number
  readonly to: number
}

const blank = /(?:[ \t\r\f\v]|\\\r?\n)+/y
const comment = /#[^\n]*/y
const quoted = /"([^"\n]*)"/y
const ipv4 = /\d{1,3}(?:\.\d{1,3}){3}(?![\w.])/y
const colons = /(?:[0-9a-fA-F]{0,4}:){2,8}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{1,4})?(?!\w)/y
const hexadecimal = /0[xX][0-9a-fA-F]+(?![\w])/y
const twoParts = /[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}(?![\w:])/y
const digits = /\d+(?!\w)/y
const wordFromDigit = /\d[\w]*/y
/** As nft's scanner has it: slashes, dots and hyphens belong to a word. A star ends it: a wildcard of interface names. */
const word = /(?:[A-Za-z_][\w./-]*(?:\\?\*)?|\\\*)/y
const sign = /==|!=|<=|>=|<<|>>|[=<>,.:;{}[\]()&|^!/*@$+-]/y

/** Reads the whole text. The last token is of kind `end`; what fits nothing is of kind `bad`, and reading goes on behind it. */
export function tokenize(text: string, file: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let line = 1
  let lineStart = 0

  const push = (kind: Token["kind"], from: number, to: number, value: string) => {
    const column = from - lineStart + 1
    const span = { file, line, column, endLine: line, endColumn: column + to - from }
    tokens.push({ kind, text: value, span, from, to })
    at = to
  }
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0]
  }

  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === 10) {
      push("line", at, at + 1, "\n")
      line++
      lineStart = at
      continue
    }
    const space = take(blank)
    if (space !== undefined) {
      for (let index = 0; index < space.length; index++) {
        if (space.charCodeAt(index) !== 10) continue
        line++
        lineStart = at + index + 1
      }
      at += space.length
      continue
    }
    if (code === 35) {
      at += take(comment)!.length
      continue
    }
    if (code === 34) {
      const string = take(quoted)
      if (string === undefined) push("bad", at, endOfLine(text, at), '"')
      else push("string", at, at + string.length, string.slice(1, -1))
      continue
    }
    const address = addressAt(take)
    if (address !== undefined) {
      push("word", at, at + address.length, address)
      continue
    }
    if (code >= 48 && code <= 57) {
      const number = take(hexadecimal) ?? take(digits)
      if (number === undefined) {
        const other = take(wordFromDigit)!
        push("word", at, at + other.length, other)
      } else push("number", at, at + number.length, number)
      continue
    }
    const name = take(word)
    if (name !== undefined) {
      push("word", at, at + name.length, name)
      continue
    }
    const found = take(sign)
    if (found === undefined) push("bad", at, at + 1, text.slice(at, at + 1))
    else push("sign", at, at + found.length, found)
  }
  push("end", text.length, text.length, "")
  return tokens
}

/** IPv4, IPv6 and Ethernet addresses, and `major:minor`, each one token. */
function addressAt(take: (pattern: RegExp) => string | undefined): string | undefined {
  const dotted = take(ipv4)
  if (dotted !== undefined) return dotted
  const long = take(colons)
  if (long !== undefined) {
    // `fe80::1: 80` is an address, a colon and a port.
    const text = /(?:[^:]|::):$/.test(long) ? long.slice(0, -1) : long
    const groups = text.split(":").length
    if (text.includes("::") || groups === 6 || groups === 8 || (groups === 7 && text.includes(".")))
      return text
  }
  return take(twoParts)
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at)
  return end < 0 ? text.length : end
}
